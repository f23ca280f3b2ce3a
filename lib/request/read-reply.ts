import type { FastifyInstance } from 'fastify'
import { CAUSE_SAYS_WHY } from '../for-clients.js'
import { NAME_LIMIT, visible } from '../foreign-text.js'
import {
  FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_REPLY, FASTSTREAM_ERR_REQUEST_REFUSED, FASTSTREAM_ERR_VALIDATION
} from '../errors.js'
import { decode, type IncomingRules } from '../message/decode.js'
import { decodeByRules, hasCodecs } from '../message/decode-by-rules.js'
import { headerText, REPLY_ERROR } from '../message/headers.js'
import { ajvCompiler, type AjvOptions } from '../schema/ajv.js'
import { compileIncoming, type Validate } from '../schema/incoming.js'
import { compilersOf, hasCompilers } from '../schema/scope-compilers.js'
import { reasonOf } from '../to-error.js'
import type { ConsumedRecord, TopicPartition } from '../transport/transport.js'

/** A reply, and where it was read. */
export interface Reply {
  readonly record: ConsumedRecord
  readonly from: TopicPartition
  /** Aborts when the request is over. */
  readonly signal: AbortSignal
}

/**
 * The value of a reply to a request for `topic`.
 *
 * @throws FASTSTREAM_ERR_REQUEST_REFUSED, FASTSTREAM_ERR_REPLY
 */
export async function readReply (
  topic: string, { record, from, signal }: Reply, rules: IncomingRules
): Promise<unknown> {
  const code = headerText(record, REPLY_ERROR)
  if (code !== undefined) {
    const remoteCode = visible(code, NAME_LIMIT)
    throw Object.assign(new FASTSTREAM_ERR_REQUEST_REFUSED(topic, remoteCode), { remoteCode })
  }
  try {
    const decoded = hasCodecs(rules) ? await decodeByRules({ ...from, record, signal }, rules) : decode(record, rules)
    return decoded.value
  } catch (cause) {
    // What a codec throws is for the log, whatever it is.
    const isOurs = cause instanceof FASTSTREAM_ERR_DECODE
      ? cause.cause === undefined
      : cause instanceof FASTSTREAM_ERR_VALIDATION
    throw new FASTSTREAM_ERR_REPLY(topic, isOurs ? reasonOf(cause) : CAUSE_SAYS_WHY, { cause })
  }
}

const compiled = new WeakMap<FastifyInstance, WeakMap<object, Validate>>()

/**
 * Rules with another schema of the value, which is compiled once for each scope.
 *
 * @throws FASTSTREAM_ERR_SCHEMA_BUILD
 */
export function withSchema (
  rules: IncomingRules, schema: object, { scope, ajv, topic }: SchemaPlace
): IncomingRules {
  const ofScope = compiled.get(scope) ?? new WeakMap<object, Validate>()
  compiled.set(scope, ofScope)
  let value = ofScope.get(schema)
  if (value === undefined) {
    // The compilers of a scope are made at boot, where something in it has a schema.
    const compiler = hasCompilers(scope) ? compilersOf(scope).validator : ajvCompiler(scope, ajv)
    ofScope.set(schema, value = compileIncoming(compiler, schema, { topic, part: 'value' }))
  }
  return { ...rules, validators: { value } }
}

export interface SchemaPlace {
  readonly scope: FastifyInstance
  /** Options of an Ajv that has to be made. */
  readonly ajv: AjvOptions | undefined
  readonly topic: string
}
