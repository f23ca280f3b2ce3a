import { inspect, type InspectOptionsStylized } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import type { UndecodedMessage } from '../../types/index.js'
import { inspected } from '../shown.js'
import type { RawHeader } from '../transport/transport.js'
import { decodeHeaders } from './headers.js'
import { shownKey } from './key-text.js'
import { logOf } from './message-log.js'
import type { MessageDelivery, MessageSource } from './received-message.js'
import { dateOf } from './timestamp.js'

/** A message as middlewares see it before it is decoded, and after it was handled. */
export class ReceivedRecord implements UndecodedMessage {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly attempt: number
  readonly #source: MessageSource
  readonly #delivery: MessageDelivery
  #headers: Readonly<Record<string, string>> | undefined
  #log: FastifyBaseLogger | undefined

  constructor (source: MessageSource, delivery: MessageDelivery) {
    this.topic = delivery.topic
    this.partition = delivery.partition
    this.offset = delivery.record.offset
    this.attempt = delivery.attempt
    this.#source = source
    this.#delivery = delivery
  }

  get timestamp (): Date | undefined {
    return dateOf(this.#delivery.record.timestamp)
  }

  get rawKey (): Buffer | null {
    return this.#delivery.record.key
  }

  get rawValue (): Buffer | null {
    return this.#delivery.record.value
  }

  get rawHeaders (): readonly RawHeader[] {
    return this.#delivery.record.headers
  }

  get headers (): Readonly<Record<string, string>> {
    this.#headers ??= decodeHeaders(this.rawHeaders)
    return this.#headers
  }

  get correlationId (): string {
    return this.#delivery.correlationId(this.#source.scope.log)
  }

  get signal (): AbortSignal {
    return this.#delivery.signal
  }

  get log (): FastifyBaseLogger {
    this.#log ??= logOf(this.#source, this.#delivery)
    return this.#log
  }

  toJSON (): object {
    return { ...this.#shown, offset: String(this.offset) }
  }

  [inspect.custom] (depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
    return inspected('UndecodedMessage', this.#shown, depth, options, inspectWith)
  }

  /** Its key as text, and neither headers nor value: they may hold secrets. */
  get #shown (): object {
    const { topic, partition, offset, rawKey, timestamp, attempt, correlationId } = this
    return { topic, partition, offset, key: shownKey(rawKey), timestamp, attempt, correlationId }
  }
}
