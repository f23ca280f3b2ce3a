import type { FastifyInstance } from 'fastify'
import type { MessageSchema, OutgoingHeaders, Publisher, PublisherOptions, PublishOptions, RecordMetadata } from '../../types/index.js'
import type { Prepared } from '../consume/subscription.js'
import { FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { onlyKnown } from '../options.js'
import type { Outgoing } from '../produce/producer.js'
import type { Compiler } from '../schema/ajv.js'
import { decodeHeaders, decodeKey, encodeValue } from '../schema/codec.js'
import type { Check } from '../schema/outgoing.js'
import { checkTopic } from '../topic.js'
import type { Broker } from './broker.js'
import { CONTENT_TYPE, CORRELATION_ID, encodeHeaders } from './headers.js'

export interface Checks {
  readonly value?: Check | undefined
  readonly key?: Check | undefined
  readonly headers?: Check | undefined
}

/** A publisher of one scope. Its schemas are compiled when the broker starts. */
export class DeclaredPublisher implements Publisher {
  readonly topic: string
  readonly scope: FastifyInstance
  readonly schema: MessageSchema | undefined
  readonly #broker: Broker
  readonly #key: string | ((value: unknown) => string | Buffer | null) | undefined
  readonly #headers: OutgoingHeaders | ((value: unknown) => OutgoingHeaders) | undefined
  checks: Checks = {}
  /** Set by hand in the scope. */
  customCompiler: Compiler | undefined

  constructor (broker: Broker, scope: FastifyInstance, topic: string, options: PublisherOptions<MessageSchema, unknown>) {
    onlyKnown('', options, ['schema', 'key', 'headers'])
    onlyKnown('schema.', options.schema ?? {}, ['value', 'key', 'headers'])
    if (options.key !== undefined && typeof options.key !== 'string' && typeof options.key !== 'function') {
      throw new FASTSTREAM_ERR_INVALID_OPTION('key', 'must be a string or a function of the value')
    }
    this.topic = checkTopic(topic)
    this.scope = scope
    this.schema = options.schema
    this.#broker = broker
    this.#key = options.key
    this.#headers = options.headers
  }

  async publish (value: unknown, options?: PublishOptions): Promise<RecordMetadata> {
    return await this.prepare(value, options).send()
  }

  /** Checks and encodes; throws before anything is sent. What is prepared can be sent again as it is. */
  prepare (value: unknown, options: PublishOptions = {}, correlationId?: string): Prepared {
    const { topic } = this
    const producer = this.#broker.producer
    if (value !== null) this.checks.value?.(value)
    const { bytes, contentType } = encodeValue(value, { topic, schema: this.schema?.value !== undefined })
    const outgoing: Outgoing = {
      topic,
      key: this.#encodeKey(value, options),
      value: bytes,
      headers: part('headers', topic, () => {
        const about = { [CORRELATION_ID]: options.correlationId ?? correlationId ?? this.#broker.newCorrelationId(), ...(contentType !== undefined && { [CONTENT_TYPE]: contentType }) }
        const headers = encodeHeaders(about, this.#of(this.#headers, value), options.headers)
        this.checks.headers?.(decodeHeaders(headers))
        return headers
      }),
      timestamp: options.timestamp?.getTime() ?? this.#broker.clock.now(),
      partition: options.partition
    }
    return { topic, send: () => producer.publish(outgoing) }
  }

  #encodeKey (value: unknown, options: PublishOptions): Buffer | null {
    const { topic } = this
    const key = part('key', topic, () => options.key !== undefined ? options.key : this.#of(this.#key, value) ?? null)
    this.checks.key?.(Buffer.isBuffer(key) ? decodeKey(key) : key)
    if (key === null || Buffer.isBuffer(key)) return key
    if (typeof key === 'string') return Buffer.from(key)
    throw new FASTSTREAM_ERR_ENCODE('key', topic, `it must be a string, a Buffer or null, and is of type ${typeof key}`)
  }

  /** A tombstone has nothing to take a key or headers from: it comes with its own. */
  #of<T> (given: T | ((value: unknown) => T), value: unknown): T | undefined {
    if (typeof given !== 'function') return given
    return value === null ? undefined : (given as (value: unknown) => T)(value)
  }
}

/** Runs the user's part of an encoding; what it throws says where it came from. */
function part<T> (what: string, topic: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error
    throw new FASTSTREAM_ERR_ENCODE(what, topic, error instanceof Error ? error.message : String(error), { cause: error })
  }
}
