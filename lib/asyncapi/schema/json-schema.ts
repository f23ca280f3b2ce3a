import { createRequire } from 'node:module'
import { join } from 'node:path'
import { reasonOf } from '../../to-error.js'
import { isSchema, type Schema } from './keywords.js'

/** The JSON Schema of a declared schema, or the reason why there is none. */
export type JsonSchema = { readonly schema: Schema | boolean } | { readonly reason: string }

/** The option `asyncapi.jsonSchema`. */
export type CustomConversion = (schema: unknown) => object | boolean | undefined

type Convert = (options: object) => unknown

/** The methods with which schemas of Zod, ArkType and others write themselves. */
const METHODS = ['toJSONSchema', 'toJsonSchema']

/** JSON Schema that AsyncAPI reads, of the form that a value has on the wire, before a schema transforms it. */
const TARGET = { target: 'draft-07', io: 'input' }

const ZOD_CORE = 'zod/v4/core'

/** Options without which Zod refuses a schema as soon as JSON Schema cannot describe one of its members. */
const ZOD = { unrepresentable: 'any', override: describeDate }

/** Converts a schema of any library: by the app's own conversion, by the schema's own form, or takes it as it is. */
export function jsonSchemaOf (given: unknown, custom?: CustomConversion): JsonSchema {
  const own = custom?.(given)
  if (own !== undefined) return converted(own)
  if (typeof given === 'boolean') return { schema: given }
  const convert = formOf(given)
  if (convert === undefined) return isJsonSchema(given) ? converted(given) : { reason: 'it has no JSON Schema form' }
  try {
    return converted(convert(TARGET))
  } catch (error) {
    return { reason: reasonOf(error) }
  }
}

/** The form that a schema has of its own: Standard JSON Schema, a method, or that of Zod's package. */
function formOf (schema: unknown): Convert | undefined {
  if (!hasMembers(schema)) return undefined
  const { '~standard': standard, _zod: zod } = schema
  const options = zod === undefined ? {} : ZOD
  if (hasMembers(standard) && hasMembers(standard.jsonSchema)) {
    const { jsonSchema } = standard as { jsonSchema: { input: Convert } }
    return ({ target }: { target?: string }) => jsonSchema.input({ target, libraryOptions: options })
  }
  const method = METHODS.find((name) => typeof schema[name] === 'function')
  if (method !== undefined) return (target) => (schema as Record<string, Convert>)[method]?.({ ...target, ...options })
  // The schemas of zod/mini have no form of their own. The app that made one has the package.
  return zod === undefined ? undefined : (target) => zodOfApp().toJSONSchema(schema, { ...target, ...options })
}

/** Zod as the app has it: found from the started file or from the working directory. */
function zodOfApp (): { toJSONSchema (schema: unknown, options: object): unknown } {
  try {
    return createRequire(String(process.argv[1]))(ZOD_CORE)
  } catch {
    return createRequire(join(process.cwd(), 'index.js'))(ZOD_CORE)
  }
}

interface ZodOverride {
  zodSchema: { _zod: { def: { type: string } } }
  jsonSchema: Schema
}

function describeDate ({ zodSchema, jsonSchema }: ZodOverride): void {
  if (zodSchema._zod.def.type === 'date') Object.assign(jsonSchema, { type: 'string', format: 'date-time' })
}

/** A copy with what JSON keeps of it. */
function converted (schema: unknown): JsonSchema {
  if (typeof schema === 'boolean') return { schema }
  if (!isPlain(schema)) throw new Error('its conversion returned no JSON Schema')
  const text = JSON.stringify(schema, (_, value: unknown) => typeof value === 'bigint' ? Number(value) : value)
  return { schema: JSON.parse(text) }
}

/** A plain object of another library, such as those of Valibot, says that it is a Standard Schema. */
function isJsonSchema (value: unknown): boolean {
  return isPlain(value) && !('~standard' in value)
}

function isPlain (value: unknown): value is Schema {
  if (!isSchema(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** Schemas of ArkType are functions. */
function hasMembers (value: unknown): value is Readonly<Record<string, unknown>> {
  return (typeof value === 'object' && value !== null) || typeof value === 'function'
}
