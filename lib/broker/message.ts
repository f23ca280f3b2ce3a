import type { FastifyBaseLogger } from 'fastify'
import type { BoundBroker, DeadLetter, Dependency, Message } from '../../types/index.js'
import { readDeadLetter } from '../consume/dead-letter.js'
import { NackMessage, RejectMessage } from '../consume/decisions.js'
import type { Delivery } from '../consume/subscription.js'
import { DeclaredDependency } from '../deps/dependency.js'
import { MessageContext } from '../deps/message-context.js'
import { Resolution } from '../deps/resolution.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { decodeHeaders } from '../schema/codec.js'
import type { RawHeader } from '../transport/transport.js'
import { acceptCorrelationId } from './correlation-id.js'
import { CORRELATION_ID, headerText } from './headers.js'
import type { DeclaredSubscriber } from './subscriber.js'

const NOTHING = Object.freeze({})

/** What a handler gets beside the value. Whatever it does not ask for is not made. */
export class IncomingMessage implements Message<unknown, unknown, unknown> {
  readonly value: unknown
  readonly #subscriber: DeclaredSubscriber
  readonly #delivery: Delivery
  readonly #key: unknown
  #headers: unknown
  #log: FastifyBaseLogger | undefined
  #broker: BoundBroker | undefined
  #correlationId: string | undefined
  #deadLetter: DeadLetter | undefined
  #resolution: Resolution | undefined
  /** What its subscriber declared. */
  deps: Readonly<Record<string, unknown>> = NOTHING

  constructor (subscriber: DeclaredSubscriber, delivery: Delivery, value: unknown, key: unknown, headers: unknown) {
    this.#subscriber = subscriber
    this.#delivery = delivery
    this.value = value
    this.#key = key
    this.#headers = headers
  }

  get topic (): string {
    return this.#delivery.topic
  }

  get partition (): number {
    return this.#delivery.partition
  }

  get offset (): bigint {
    return this.#delivery.record.offset
  }

  get attempt (): number {
    return this.#delivery.attempt
  }

  get signal (): AbortSignal {
    return this.#delivery.signal
  }

  get timestamp (): Date {
    return new Date(this.#delivery.record.timestamp)
  }

  get key (): unknown {
    return this.#subscriber.validators.key === undefined ? this.rawKey : this.#key
  }

  get rawKey (): Buffer | null {
    return this.#delivery.record.key
  }

  get rawHeaders (): readonly RawHeader[] {
    return this.#delivery.record.headers
  }

  get headers (): unknown {
    this.#headers ??= decodeHeaders(this.rawHeaders)
    return this.#headers
  }

  get correlationId (): string {
    this.#correlationId ??= this.#acceptCorrelationId()
    return this.#correlationId
  }

  #acceptCorrelationId (): string {
    const fresh = () => this.#subscriber.broker.newCorrelationId()
    const given = headerText(this.#delivery.record, CORRELATION_ID)
    return given === undefined ? fresh() : acceptCorrelationId(given, fresh, this.log)
  }

  get deadLetter (): DeadLetter | undefined {
    this.#deadLetter ??= readDeadLetter(this.rawHeaders)
    return this.#deadLetter
  }

  get log (): FastifyBaseLogger {
    this.#log ??= this.#subscriber.scope.log.child({ topic: this.topic, partition: this.partition, offset: String(this.offset) })
    return this.#log
  }

  get broker (): BoundBroker {
    this.#broker ??= this.#subscriber.broker.bind(this.#subscriber.scope, () => this.correlationId)
    return this.#broker
  }

  ack (): boolean {
    return this.#delivery.decide({ kind: 'ack' })
  }

  nack (options?: { delay?: number }): boolean {
    const error = new NackMessage(options)
    return this.#delivery.decide({ kind: 'nack', error, delay: error.delay })
  }

  reject (reason?: string): boolean {
    return this.#delivery.decide({ kind: 'reject', error: new RejectMessage(reason) })
  }

  async resolve<T> (dep: Dependency<T>): Promise<T> {
    if (!(dep instanceof DeclaredDependency)) throw new FASTSTREAM_ERR_INVALID_OPTION('dependency', 'must be what dependency() returned')
    return await this.resolution.resolve(dep) as T
  }

  /** Made when something is asked for. */
  get resolution (): Resolution {
    const { scope, broker } = this.#subscriber
    this.#resolution ??= new Resolution(new MessageContext(scope, this), broker.resolutionSettings(scope))
    return this.#resolution
  }

  release (failure?: { readonly error: unknown }): Promise<void> | undefined {
    return this.#resolution?.close(failure)
  }
}
