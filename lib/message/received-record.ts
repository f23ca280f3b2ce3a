import { inspect } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import type { UndecodedMessage } from '../../types/index.js'
import { inspected, type InspectStyle } from '../shown.js'
import { shownKey } from './key-text.js'
import { logOf } from './message-log.js'
import { RawMessage } from './raw-message.js'
import type { MessageDelivery, MessageSource } from './received-message.js'

/** A message as middlewares see it before it is decoded, and after it was handled. */
export class ReceivedRecord extends RawMessage implements UndecodedMessage {
  readonly attempt: number
  readonly #source: MessageSource
  readonly #delivery: MessageDelivery
  #log: FastifyBaseLogger | undefined

  constructor (source: MessageSource, delivery: MessageDelivery) {
    super(delivery, delivery.record)
    this.attempt = delivery.attempt
    this.#source = source
    this.#delivery = delivery
  }

  get correlationId (): string {
    return this.#delivery.correlationId(this.#source.scope.log)
  }

  get log (): FastifyBaseLogger {
    this.#log ??= logOf(this.#source, this.#delivery)
    return this.#log
  }

  toJSON (): object {
    return { ...this.#shown, offset: String(this.offset) }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('UndecodedMessage', this.#shown, depth, options, inspectWith)
  }

  /** Its key as text, and neither headers nor value: they may hold secrets. */
  get #shown (): object {
    const { topic, partition, offset, rawKey, timestamp, attempt, correlationId } = this
    return { topic, partition, offset, key: shownKey(rawKey), timestamp, attempt, correlationId }
  }
}

/** The first record of a batch, which stands for all of them. */
export class FirstRecord extends ReceivedRecord {
  readonly #batch: () => readonly ReceivedRecord[]

  /** `others`: behind the first one. */
  constructor (source: MessageSource, first: MessageDelivery, others: () => readonly MessageDelivery[]) {
    super(source, first)
    let records: readonly ReceivedRecord[] | undefined
    this.#batch = () => (records ??= [this, ...others().map((delivery) => new ReceivedRecord(source, delivery))])
  }

  /** All records of the batch. They are made when a middleware asks for them. */
  get batch (): readonly UndecodedMessage[] {
    return this.#batch()
  }
}
