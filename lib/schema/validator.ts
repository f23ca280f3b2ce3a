import { types } from 'node:util'
import type { FastifySchemaCompiler } from 'fastify'
import { FASTSTREAM_ERR_SCHEMA_BUILD } from '../errors.js'
import type { Part } from '../codec/violations.js'
import type { Compiler } from './ajv.js'

/** The validators of the parts that have a schema. */
export interface Validators<V> {
  readonly value?: V | undefined
  readonly key?: V | undefined
  readonly headers?: V | undefined
}

/** Topic and part that a schema belongs to. */
export interface About {
  readonly topic: string
  readonly part: Part
}

/** Returns the resulting value, or throws. `undefined` is an absent part (a tombstone, no key) and is never coerced. */
export type Validate = (payload: unknown) => unknown
/** Makes the error that is thrown, out of what a validator found. */
export type Refuse = (found: unknown) => Error

export type Validator = ReturnType<FastifySchemaCompiler<unknown>>

/** Fastify's own mark: only such a validator changes its input in place, also the root if it knows where that is. */
interface AjvValidator {
  (data: unknown, context: { parentData: object, parentDataProperty: string }): unknown
  readonly schemaEnv: unknown
  errors?: unknown
}

// Compilers set by hand may coerce by the part of the request. A value is a body. A key is one piece of text that names
// an entity, as a path parameter; params and headers are coerced from text, the only form that they have on the wire.
const HTTP_PART = { value: 'body', key: 'params', headers: 'headers' } as const

/** Compiles as Fastify does for the route `POST /<topic>`. */
export function compileWith (compiler: Compiler, schema: unknown, { topic, part }: About): Validator {
  const plain = isFluent(schema) ? schema.valueOf() : schema
  let validator: Validator
  try {
    validator = compiler({ schema: plain, method: 'POST', url: topic, httpPart: HTTP_PART[part] })
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new FASTSTREAM_ERR_SCHEMA_BUILD(part, topic, reason, { cause: error })
  }
  if (typeof validator !== 'function') {
    throw new FASTSTREAM_ERR_SCHEMA_BUILD(part, topic, 'the compiler set in its scope did not return a function')
  }
  if (types.isAsyncFunction(validator)) {
    const reason = 'its validator is asynchronous: check in the handler what has to be awaited'
    throw new FASTSTREAM_ERR_SCHEMA_BUILD(part, topic, reason)
  }
  return validator
}

/** Runs a compiled validator as Fastify does (`lib/validation.js`). */
export function runWith (validator: Validator, refuse: Refuse): Validate {
  return isAjv(validator) ? runAjv(validator, refuse) : runOther(validator, refuse)
}

export function isAjv (validator: unknown): validator is AjvValidator {
  return typeof validator === 'function' && 'schemaEnv' in validator
}

function runAjv (validate: AjvValidator, refuse: Refuse): Validate {
  return function (payload) {
    const holder = { payload: payload ?? null }
    // Bytes are no JSON, though Ajv would take them for an object: they pass where no type is asked for.
    const data = payload instanceof Uint8Array ? undefined : holder.payload
    if (validate(data, { parentData: holder, parentDataProperty: 'payload' }) === false) throw refuse(validate.errors)
    // A deletion must not turn into an empty string or a zero.
    if (payload === undefined && holder.payload !== null) {
      throw refuse([{ instancePath: '', keyword: 'type', params: {}, message: 'must not be null' }])
    }
    return holder.payload
  }
}

function runOther (validate: Validator, refuse: Refuse): Validate {
  return function (payload) {
    const data = payload ?? null
    const answer: unknown = validate(data)
    if (answer === false) throw refuse(validate.errors)
    if (typeof answer !== 'object' || answer === null) return data
    if ('then' in answer && typeof answer.then === 'function') {
      Promise.resolve(answer).catch(() => {})
      throw refuse(new Error('the validator is asynchronous: check in the handler what has to be awaited'))
    }
    if ('error' in answer && answer.error) throw refuse(answer.error)
    return 'value' in answer ? answer.value : data
  }
}

function isFluent (schema: unknown): schema is object {
  return typeof schema === 'object' && schema !== null && 'isFluentSchema' in schema && schema.isFluentSchema === true
}
