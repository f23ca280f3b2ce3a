import type { FastifyInstance } from 'fastify'
import type { MessageSchema, OutgoingHeaders, PublisherOptions, PublishOptions } from '../../types/index.js'
import { DOCUMENTATION, normaliseDocumentation, type About } from '../options/documentation.js'
import { callable, onlyKnown } from '../options/assert.js'
import type { Prepared } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_ENCODE } from '../errors.js'
import type { Outgoing } from '../message/outgoing.js'
import type { Compiler } from '../schema/ajv.js'
import { decodeHeaders, decodeKey, encodeValue } from '../codec/codec.js'
import type { Check } from '../schema/outgoing.js'
import { checkTopic } from '../options/topic-name.js'
import type { Broker } from './broker.js'
import { acceptCorrelationId } from '../message/correlation-id.js'
import { deriveHeaders, deriveKey } from '../message/derive.js'
import { CONTENT_TYPE, CORRELATION_ID, encodeHeaders, isPlainObject } from '../message/headers.js'
import { checkPublishOptions } from '../message/publish-options.js'
import { isResponse } from '../message/response.js'

export interface Checks {
  readonly value?: Check | undefined
  readonly key?: Check | undefined
  readonly headers?: Check | undefined
}

const RESPONSE = 'response() is for the result of a handler: use publish(publisher, value, options)'
const NO_OPTIONS: PublishOptions = Object.freeze({})

/** A publisher of one scope. Its schemas are compiled when the broker starts. */
export class DeclaredPublisher {
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
    if (key !== undefined && typeof key !== 'string') callable('key', key, 'must be a string or a function of the value')
    if (headers !== undefined && !isPlainObject(headers)) {
      callable('headers', headers, 'must be a plain object or a function of the value')
    }
    this.topic = checkTopic(topic)
    this.broker = broker
    this.scope = scope
    this.schema = schema
    this.about = normaliseDocumentation(options, broker.settings.includeInSchema)
    this.#key = key
    this.#headers = headers
  }

  /**
   * Checks and encodes; throws before anything is sent. What is prepared can be sent again as it is.
   *
   * @param tombstoneKey of a tombstone that has no key of its own
   */
  prepare (value: unknown, options: PublishOptions = NO_OPTIONS, correlationId?: string, tombstoneKey: Buffer | null = null): Prepared {
    const { topic } = this
    if (options !== NO_OPTIONS) checkPublishOptions(options)
    if (isResponse(value)) throw new FASTSTREAM_ERR_ENCODE('value', topic, RESPONSE)
    if (value !== null) this.checks.value?.(value)
    const encoding = { topic, schema: this.schema?.value !== undefined, proven: this.checks.value !== undefined }
    const { bytes, contentType } = encodeValue(value, encoding)
    const outgoing: Outgoing = {
      topic,
      key: this.#encodeKey(value, options, tombstoneKey),
      value: bytes,
      headers: part('headers', topic, () => {
        const id = this.#correlationId(options) ?? correlationId ?? this.broker.newCorrelationId()
        const about = { [CORRELATION_ID]: id, ...(contentType !== undefined && { [CONTENT_TYPE]: contentType }) }
        const headers = encodeHeaders(about, deriveHeaders(this.#headers, value, topic), options.headers)
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
    const derive = (): string | Buffer | null => deriveKey(this.#key, value, topic) ?? tombstoneKey
    const key = options.key !== undefined ? options.key : part('key', topic, derive)
    this.checks.key?.(Buffer.isBuffer(key) ? decodeKey(key) : key)
    if (key === null || Buffer.isBuffer(key)) return key
    if (typeof key === 'string') return Buffer.from(key)
    throw new FASTSTREAM_ERR_ENCODE('key', topic, `it must be a string, a Buffer or null, and is of type ${typeof key}`)
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
