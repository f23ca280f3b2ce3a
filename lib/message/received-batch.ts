import { inspect } from 'node:util'
import type { FastifyBaseLogger } from 'fastify'
import type { BoundBroker, MessageBatch } from '../../types/index.js'
import { inspected, type InspectStyle } from '../shown.js'
import { ReceivedMessage } from './received-message.js'

/** Second argument of a handler of batches. Its first message stands for all where a batch has one of something. */
export class ReceivedBatch implements MessageBatch<ReceivedMessage> {
  readonly topic: string
  readonly partition: number
  readonly messages: readonly ReceivedMessage[]
  readonly #first: FirstMessage

  /** `others`: behind the first one. */
  constructor (first: FirstMessage, others: readonly ReceivedMessage[]) {
    this.topic = first.topic
    this.partition = first.partition
    this.messages = Object.freeze([first, ...others])
    this.#first = first
    FirstMessage.join(first, this)
  }

  /** The message that stands for all: it has the dependencies. */
  static firstOf (batch: ReceivedBatch): FirstMessage {
    return batch.#first
  }

  get params (): MessageBatch['params'] {
    return this.#first.params
  }

  get deps (): Readonly<Record<string, unknown>> {
    return this.#first.deps
  }

  get signal (): AbortSignal {
    return this.#first.signal
  }

  get log (): FastifyBaseLogger {
    return this.#first.log
  }

  get broker (): BoundBroker {
    return this.#first.broker
  }

  get ack (): MessageBatch['ack'] {
    return this.#first.ack
  }

  get nack (): MessageBatch['nack'] {
    return this.#first.nack
  }

  get reject (): MessageBatch['reject'] {
    return this.#first.reject
  }

  get resolve (): MessageBatch['resolve'] {
    return this.#first.resolve
  }

  toJSON (): object {
    const { topic, partition, messages } = this
    return { topic, partition, messages }
  }

  [inspect.custom] (depth: number, options: InspectStyle, inspectWith: typeof inspect): string {
    return inspected('MessageBatch', this.toJSON(), depth, options, inspectWith)
  }
}

/** The first message of a batch, as middlewares and dependencies see it. */
export class FirstMessage extends ReceivedMessage {
  #batch: ReceivedBatch | undefined

  static join (message: FirstMessage, batch: ReceivedBatch): void {
    message.#batch = batch
  }

  /** The batch for which it stands. */
  get batch (): ReceivedBatch | undefined {
    return this.#batch
  }
}
