import { FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_SCHEMA_BUILD } from '../errors.js'
import { reasonOf } from '../to-error.js'
import type { SerializerCompiler } from './scope-compilers.js'
import { plainSchema } from './validator.js'

/** A value in the form that the scope's serializer gives it. */
export interface Serialized {
  readonly json: string
  /** What a reader finds. */
  readonly image: unknown
}

/** @throws FASTSTREAM_ERR_ENCODE */
export type Serialize = (value: unknown) => Serialized

/**
 * Compiles the serializer of a publisher's values, as Fastify does for a reply of the route `POST /<topic>`.
 *
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD
 */
export function compileSerializer (compiler: SerializerCompiler, schema: unknown, topic: string): Serialize {
  const serialize = build(compiler, schema, topic)
  return function serializeValue (value) {
    let json: unknown
    try {
      json = serialize(value)
    } catch (error) {
      throw new FASTSTREAM_ERR_ENCODE('value', topic, reasonOf(error), { cause: error })
    }
    if (typeof json !== 'string') throw notJson(topic, 'did not return a string')
    try {
      return { json, image: JSON.parse(json) }
    } catch {
      // The parser's own words quote the payload, which has no place in logs.
      throw notJson(topic, 'did not return JSON')
    }
  }
}

function build (compiler: SerializerCompiler, schema: unknown, topic: string): (value: unknown) => unknown {
  let serialize: unknown
  try {
    serialize = compiler({ schema: plainSchema(schema), method: 'POST', url: topic, httpStatus: '200' })
  } catch (error) {
    throw new FASTSTREAM_ERR_SCHEMA_BUILD('value', topic, reasonOf(error), { cause: error })
  }
  if (typeof serialize === 'function') return serialize as (value: unknown) => unknown
  throw new FASTSTREAM_ERR_SCHEMA_BUILD('value', topic, 'the serializer compiler of its scope must return a function')
}

function notJson (topic: string, what: string): Error {
  return new FASTSTREAM_ERR_ENCODE('value', topic, `the serializer of its scope ${what}`)
}
