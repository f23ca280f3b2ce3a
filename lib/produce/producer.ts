import type { MessagePublishContext } from '../../types/index.js'
import type { Clock } from '../clock.js'
import {
  FASTSTREAM_ERR_CONNECT, FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_PUBLISH_REFUSED,
  FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_UNKNOWN_PARTITION
} from '../errors.js'
import { publishing, type Events } from '../events.js'
import type { Outgoing } from '../message/outgoing.js'
import { isNotAuthorized, notAuthorized, type NotAuthorizedError } from '../missing-rights.js'
import type { ProducerSettings } from '../options/settings.js'
import { SendError, type TransportProducer } from '../transport/transport.js'
import { Batcher, type Entry } from './batcher.js'
import { sizeOf } from './size.js'
import { Partitioner } from './partitioner.js'
import { RecordMetadata } from './record-metadata.js'

/** The way out: chooses the partition, keeps the order of the calls, batches, and gives up at the deadline. */
export class Producer {
  readonly #transport: TransportProducer
  readonly #settings: ProducerSettings
  readonly #clock: Clock
  readonly #events: Events
  readonly #partitioner = new Partitioner()
  readonly #batcher: Batcher
  /** Messages of a topic whose partition count is being asked for, in the order of their calls. */
  readonly #unknown = new Map<string, Entry[]>()
  #closed = false

  constructor (
    transport: TransportProducer, settings: ProducerSettings, { clock, events }: { clock: Clock, events: Events }
  ) {
    this.#transport = transport
    this.#settings = settings
    this.#clock = clock
    this.#events = events
    this.#batcher = new Batcher(transport, settings.queue, clock)
  }

  /** Messages that are not in the log yet. */
  get pending (): number {
    return this.#batcher.pending
  }

  publish (outgoing: Outgoing): Promise<RecordMetadata> {
    if (!publishing.hasSubscribers) return this.#publish(outgoing)
    const { topic, partition, headers } = outgoing
    const context: MessagePublishContext = {
      ...this.#events.identity, topic, partition, headers: [...headers]
    }
    return publishing.tracePromise(() => this.#publish({ ...outgoing, headers: context.headers }), context)
  }

  #publish (outgoing: Outgoing): Promise<RecordMetadata> {
    const { topic } = outgoing
    if (this.#closed) return this.#refuse(topic, new FASTSTREAM_ERR_NOT_READY('closed'))
    const size = sizeOf(outgoing)
    if (!this.#batcher.hasRoom(size)) return this.#refuse(topic, new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL(topic))
    return new Promise((resolve, reject) => {
      const entry: Entry = {
        record: { ...outgoing, partition: outgoing.partition ?? -1 },
        size,
        deadline: this.#clock.elapsed() + this.#settings.deadline,
        resolve: (offset) => {
          this.#tellPublished(entry, offset)
          resolve(new RecordMetadata(topic, entry.record.partition, offset))
        },
        reject: (error) => { reject(this.#tellFailed(topic, publishError(topic, error))) },
        sent: false,
        done: false
      }
      this.#batcher.accept(entry)
      this.#place(entry)
    })
  }

  #refuse (topic: string, error: Error): Promise<never> {
    return Promise.reject(this.#tellFailed(topic, error))
  }

  #tellPublished ({ record: { topic, partition }, deadline }: Entry, offset: bigint): void {
    const { identity, published } = this.#events
    if (!published.active) return
    const begin = deadline - this.#settings.deadline
    published.emit({ ...identity, topic, partition, offset, duration: this.#clock.elapsed() - begin })
  }

  #tellFailed (topic: string, error: Error): Error {
    const { identity, publishFailed } = this.#events
    if (publishFailed.active) publishFailed.emit({ ...identity, topic, error })
    return error
  }

  /** Resolves when nothing is pending any more. */
  idle (): Promise<void> {
    return this.#batcher.idle()
  }

  async close (): Promise<void> {
    this.#closed = true
    await this.#transport.close()
    this.#batcher.abort()
  }

  #place (entry: Entry): void {
    const { topic } = entry.record
    const waiting = this.#unknown.get(topic)
    if (waiting !== undefined) {
      waiting.push(entry)
      return
    }
    const count = this.#transport.partitionCount(topic)
    if (typeof count === 'number') return this.#enqueue(entry, count)
    const entries = [entry]
    this.#unknown.set(topic, entries)
    count.then(
      (count) => {
        this.#unknown.delete(topic)
        for (const entry of entries) this.#enqueue(entry, count)
      },
      (error) => {
        this.#unknown.delete(topic)
        for (const entry of entries) this.#batcher.fail(entry, error)
      })
  }

  #enqueue (entry: Entry, count: number): void {
    const { topic, key, partition } = entry.record
    if (!(Number.isInteger(partition) && partition < count && partition >= -1)) {
      return this.#batcher.fail(entry, new FASTSTREAM_ERR_UNKNOWN_PARTITION(topic, partition, count))
    }
    if (partition === -1) entry.record.partition = this.#partitioner.choose(topic, key, count)
    this.#batcher.enqueue(entry)
  }
}

/** Whether a publish failed in a way that trying it again cannot cure. */
export function isRefused (error: unknown): boolean {
  if (isNotAuthorized(error) || error instanceof FASTSTREAM_ERR_UNKNOWN_PARTITION) return true
  return error instanceof FASTSTREAM_ERR_PUBLISH_REFUSED
}

export function isTooLarge (error: unknown): boolean {
  if (!(error instanceof FASTSTREAM_ERR_PUBLISH_REFUSED)) return false
  return error.cause instanceof SendError && error.cause.reason === 'too-large'
}

function publishError (topic: string, error: Error): Error {
  if (isNotAuthorized(error)) return withoutPrincipal(error)
  if (error instanceof FASTSTREAM_ERR_CONNECT) return withoutAddresses(error)
  if (!(error instanceof SendError)) return error
  const failure = isNotAuthorized(error.cause) ? withoutPrincipal(error.cause) : coded(topic, error)
  return Object.assign(failure, { outcome: error.outcome })
}

/** Clients of the app may see what a publish rejects with, but not its cause, which names the app's user. */
function withoutPrincipal (cause: NotAuthorizedError): Error {
  return notAuthorized(cause.rights, undefined, { cause })
}

/** As {@link withoutPrincipal}, for the addresses of brokers. */
function withoutAddresses (cause: Error): Error {
  return new FASTSTREAM_ERR_CONNECT('any address', 'its cause says more', { cause })
}

function coded (topic: string, cause: SendError): Error {
  const { outcome, reason, message } = cause
  if (reason === 'closed') return new FASTSTREAM_ERR_NOT_READY('closed', { cause })
  if (reason === 'timeout') {
    const place = outcome === 'unknown' ? 'it may be in the log' : 'it is not in the log'
    return new FASTSTREAM_ERR_PUBLISH_TIMEOUT(topic, place, { cause })
  }
  return new FASTSTREAM_ERR_PUBLISH_REFUSED(topic, message, { cause })
}
