import type { FastifyInstance } from 'fastify'
import type { MessageSchema, OutgoingHeaders, Publisher, PublisherOptions, PublishOptions, RecordMetadata } from '../../types/index.js'
import { DOCUMENTATION, normaliseDocumentation, type About } from '../asyncapi/documentation.js'
import { onlyKnown } from '../check.js'
import type { Prepared } from '../consume/subscription.js'
import { FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Outgoing } from '../produce/producer.js'
import type { Compiler } from '../schema/ajv.js'
import { decodeHeaders, decodeKey, encodeValue } from '../schema/codec.js'
import type { Check } from '../schema/outgoing.js'
import { checkTopic } from '../topic.js'
import type { Broker } from './broker.js'
import { acceptCorrelationId } from './correlation-id.js'
import { CONTENT_TYPE, CORRELATION_ID, encodeHeaders, isPlainObject } from './headers.js'
import { checkPublishOptions } from './publish-options.js'

export interface Checks {
  readonly value?: Check | undefined
  readonly key?: Check | undefined
  readonly headers?: Check | undefined
}

const NO_OPTIONS: PublishOptions = Object.freeze({})

/** A publisher of one scope. Its schemas are compiled when the broker starts. */
export class DeclaredPublisher implements Publisher {
  readonly topic: string
  readonly broker: Broker
  readonly scope: FastifyInstance
  readonly schema: MessageSchema | undefined
  readonly about: About
  readonly #key: string | ((value: unknown) => string | Buffer | null) | undefined
  readonly #headers: OutgoingHeaders | ((value: unknown) => OutgoingHeaders) | undefined
  checks: Checks = {}
  /** Set by hand in the scope. */
  customCompiler: Compiler | undefined

  constructor (broker: Broker, scope: FastifyInstance, topic: string, options: PublisherOptions<MessageSchema, unknown>) {
    onlyKnown('', options, ['schema', 'key', 'headers', ...DOCUMENTATION])
    const { schema, key, headers } = options
    if (schema !== undefined) onlyKnown('schema.', schema, ['value', 'key', 'headers'])
    if (key !== undefined && typeof key !== 'string' && typeof key !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('key', 'must be a string or a function of the value')
    if (headers !== undefined && typeof headers !== 'function' && !isPlainObject(headers)) throw new FASTSTREAM_ERR_INVALID_OPTION('headers', 'must be a plain object or a function of the value')
    this.topic = checkTopic(topic)
    this.broker = broker
    this.scope = scope
    this.schema = schema
    this.about = normaliseDocumentation(options, broker.settings.includeInSchema)
    this.#key = key
    this.#headers = headers
  }

  async publish (value: unknown, options?: PublishOptions): Promise<RecordMetadata> {
    return await this.prepare(value, options).send()
  }

  /**
   * Checks and encodes; throws before anything is sent. What is prepared can be sent again as it is.
   *
   * @param tombstoneKey of a tombstone that has no key of its own
   */
  prepare (value: unknown, options: PublishOptions = NO_OPTIONS, correlationId?: string, tombstoneKey: Buffer | null = null): Prepared {
    const { topic } = this
    if (options !== NO_OPTIONS) checkPublishOptions(options)
    if (value !== null) this.checks.value?.(value)
    const { bytes, contentType } = encodeValue(value, { topic, schema: this.schema?.value !== undefined })
    const outgoing: Outgoing = {
      topic,
      key: this.#encodeKey(value, options, tombstoneKey),
      value: bytes,
      headers: part('headers', topic, () => {
        const about = { [CORRELATION_ID]: this.#correlationId(options) ?? correlationId ?? this.broker.newCorrelationId(), ...(contentType !== undefined && { [CONTENT_TYPE]: contentType }) }
        const headers = encodeHeaders(about, this.#of(this.#headers, value), options.headers)
        this.checks.headers?.(decodeHeaders(headers))
        return headers
      }),
      timestamp: options.timestamp?.getTime() ?? this.broker.clock.now(),
      partition: options.partition
    }
    // Asked for with each try: the broker may not be connected yet, or have a new connection by then.
    return { topic, send: async () => await this.broker.producer.publish(outgoing) }
  }

  #correlationId ({ correlationId }: PublishOptions): string | undefined {
    return correlationId === undefined ? undefined : acceptCorrelationId(correlationId, () => this.broker.newCorrelationId(), this.scope.log)
  }

  #encodeKey (value: unknown, options: PublishOptions, tombstoneKey: Buffer | null): Buffer | null {
    const { topic } = this
    const key = part('key', topic, () => options.key !== undefined ? options.key : this.#of(this.#key, value) ?? tombstoneKey)
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
