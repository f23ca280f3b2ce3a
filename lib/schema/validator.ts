import { types } from 'node:util'
import type { FastifySchemaCompiler } from 'fastify'
import { isBytes, toBuffer } from '../codec/bytes.js'
import type { Part } from '../codec/violations.js'
import { FASTSTREAM_ERR_SCHEMA_BUILD } from '../errors.js'
import { reasonOf, toError } from '../to-error.js'
import type { Compiler } from './ajv.js'
import { bytesValidator, isBytesSchema, lookAlikeOf, NO_BYTES } from './bytes.js'

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

/** Compiles as Fastify does for the route `POST /<topic>`. `Type.Uint8Array()` is compiled for every compiler. */
export function compileWith (compiler: Compiler, schema: unknown, { topic, part }: About): Validator {
  let validator: Validator
  try {
    validator = compiler({ schema: plainSchema(schema), method: 'POST', url: topic, httpPart: HTTP_PART[part] })
  } catch (error) {
    // Ajv does not know this type.
    if (isBytesSchema(schema)) return bytesValidator(schema)
    const reason = reasonOf(error)
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
    // JSON Schema describes JSON, and bytes are none: for Ajv they are an object, or what has no type passes.
    if (isBytes(payload)) throw refuse([NO_BYTES])
    const holder = { payload: payload ?? null }
    const context = { parentData: holder, parentDataProperty: 'payload' }
    let answer: unknown
    try {
      answer = validate(holder.payload, context)
    } catch (error) {
      // Ajv calls functions of a value that it compares (`uniqueItems`): a sender may have put a `toString` of its own.
      // What a keyword of the app throws looks the same, and is its cause.
      throw refuse(toError(error))
    }
    if (answer === false) throw refuse(validate.errors)
    // A deletion must not turn into an empty string or a zero.
    if (payload === undefined && holder.payload !== null) {
      throw refuse([{ instancePath: '', keyword: 'type', params: {}, message: 'must not be null' }])
    }
    return holder.payload
  }
}

/** The sender of a message chooses whether it is bytes. They pass if the validator tells them from a plain object. */
function runOther (validate: Validator, refuse: Refuse): Validate {
  const run = runPlain(validate, refuse)
  return function (payload) {
    const value = run(payload)
    if (isBytes(payload) && accepts(run, lookAlikeOf(toBuffer(payload)))) throw refuse([NO_BYTES])
    return value
  }
}

function accepts (run: Validate, payload: unknown): boolean {
  try {
    run(payload)
    return true
  } catch {
    return false
  }
}

function runPlain (validate: Validator, refuse: Refuse): Validate {
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

/** A schema as compilers take it: Fastify unfolds fluent schemas, too. */
export function plainSchema (schema: unknown): unknown {
  return isFluent(schema) ? schema.valueOf() : schema
}

function isFluent (schema: unknown): schema is object {
  return typeof schema === 'object' && schema !== null && 'isFluentSchema' in schema && schema.isFluentSchema === true
}
