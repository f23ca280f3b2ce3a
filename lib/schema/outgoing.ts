import type { FastifyInstance } from 'fastify'
import { FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE } from '../errors.js'
import { ajvCompiler, type AjvOptions, type Compiler } from './ajv.js'
import { isBytes, toBuffer } from '../codec/bytes.js'
import { isJson, jsonImage } from '../codec/json.js'
import { findCoerced } from './coerced.js'
import { isFastifys } from './scope-compilers.js'
import { isSmall } from './small.js'
import { compileWith, isAjv, runWith, type About, type Refuse, type Validate, type Validator } from './validator.js'
import { invalid } from '../codec/violations.js'

/** Throws when the value must not be sent, also because JSON has no form for it; never changes it. */
export type Check = (value: unknown) => void

const STRICT = { coerceTypes: false, useDefaults: false, removeAdditional: false }
/**
 * Keys and headers are text on the wire and a number is read out of it: coercion stays. So does removal, because the
 * broker adds headers of its own.
 */
const STRICT_TEXT = { useDefaults: false }

/** Means to compile the checks of a scope's publishers. */
export interface OutgoingMeans {
  readonly scope: FastifyInstance
  /** Options of the strict Ajv. */
  readonly ajv: AjvOptions | undefined
  /** The compiler that the routes of the scope use. */
  readonly compiler: Compiler
  /** True when a codec of the app writes the part: it gets the value as it is, and so does the check. @default false */
  readonly hasCodec?: boolean
}

/**
 * Compiles a check of the value as it will be on the wire: every reader of the topic must find that it matches the
 * schema.
 *
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD
 */
export function compileOutgoing (
  { scope, ajv, compiler, hasCodec = false }: OutgoingMeans, schema: unknown, about: About
): Check {
  const { topic, part } = about
  const overrides = part === 'value' ? STRICT : STRICT_TEXT
  const strict = (allErrors: boolean): Validator => {
    return compileWith(ajvCompiler(scope, ajv, { ...overrides, allErrors }), schema, about)
  }
  const refuse: Refuse = (found) => {
    return invalid(part, found, (...args) => new FASTSTREAM_ERR_INVALID_MESSAGE(topic, ...args))
  }
  // The first error ends the check: a value that a bound has stopped must not reach the checks behind the bound.
  const { ours, own } = validatorsOf(compiler, () => strict(false), schema, about)
  const runOurs = ours && runWith(ours, refuse)
  const runOwn = own && runWith(own, refuse)
  // The scope's compiler may coerce, which a check must not: it is the only one left that knows the schema.
  const mayCoerce = part === 'value' && ours === undefined && isAjv(own)
  let runAll: Validate | undefined

  /** The sender of a small value can mend all its errors at once. Of a large one there could be any number. */
  function runStrictly (run: Validate, payload: unknown): void {
    try {
      run(payload)
    } catch (error) {
      if (isSmall(payload)) (runAll ??= runWith(strict(true), refuse))(payload)
      throw error
    }
  }

  function run (take: () => unknown): void {
    if (runOurs !== undefined) runStrictly(runOurs, take())
    const found = runOwn?.(take())
    const violation = mayCoerce ? findCoerced(take(), found) : undefined
    if (violation !== undefined) throw refuse([violation])
  }

  // Only Ajv as it is by default is known to leave alone what it checks.
  const mayChange = part !== 'value' || ajv !== undefined || own !== undefined

  return function check (value) {
    if (part === 'key' && (value === null || value === undefined)) run(() => undefined)
    else if (isBytes(value)) run(() => toBuffer(value))
    else if (!mayChange && (hasCodec || isJson(value))) run(() => value)
    else run(() => hasCodec ? copyOf(value, part, topic) : jsonImage(value, part, topic))
  }
}

function copyOf (value: unknown, part: string, topic: string): unknown {
  try {
    return structuredClone(value)
  } catch (error) {
    throw new FASTSTREAM_ERR_ENCODE(part, topic, 'it cannot be copied to be checked', { cause: error })
  }
}

/**
 * A compiler that was set by hand, or that a factory of the app has made, may be the only one that knows its schemas
 * (Zod, TypeBox's own): it decides, though the value that it returns is not sent. A compiler that makes Ajv validators
 * reads JSON Schema and may coerce: where our own compiler knows all that the schema uses, the stricter one of ours
 * decides as well.
 */
function validatorsOf (
  compiler: Compiler, strict: () => Validator, schema: unknown, about: About
): { ours?: Validator | undefined, own?: Validator } {
  if (isFastifys(compiler)) {
    const ours = attempt(strict)
    return ours === undefined ? { own: compileWith(compiler, schema, about) } : { ours }
  }
  const own = compileWith(compiler, schema, about)
  return { own, ours: isAjv(own) ? attempt(strict) : undefined }
}

function attempt<T> (compile: () => T): T | undefined {
  try {
    return compile()
  } catch {
    return undefined
  }
}
