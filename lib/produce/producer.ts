import type { MessagePublishContext } from '../../types/index.js'
import type { Clock } from '../clock.js'
import {
  FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_PARTITION, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL,
  FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNAVAILABLE,
  FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_UNKNOWN_TOPIC
} from '../errors.js'
import { publishing, type Events } from '../events.js'
import type { Outgoing } from '../message/outgoing.js'
import { isNotAuthorized, notAuthorized, type NotAuthorizedError } from '../missing-rights.js'
import type { ProducerSettings } from '../options/settings.js'
import { SendError, type TransportProducer } from '../transport/transport.js'
import { Batcher, type Entry } from './batcher.js'
import { sizeOf } from './size.js'
import { chosenBy, Partitioner } from './partitioner.js'
import { RecordMetadata } from './record-metadata.js'
import { toError } from '../to-error.js'

/** Messages of one topic, in the order of their calls. */
interface Waiting {
  readonly entries: Entry[]
  /** Never rejects. */
  readonly placed: Promise<void>
}

type Bounds = Pick<ProducerSettings, 'deadline' | 'queue'>

/** The way out: chooses the partition, keeps the order of the calls, batches, and gives up at the deadline. */
export class Producer {
  readonly #transport: TransportProducer
  readonly #settings: Bounds
  readonly #clock: Clock
  readonly #events: Events
  readonly #partitioner = new Partitioner()
  readonly #batcher: Batcher
  /** Topics whose partition count is being asked for, and their messages. */
  readonly #unknown = new Map<string, Waiting>()
  #closed = false

  constructor (
    transport: TransportProducer, settings: Bounds, { clock, events }: { clock: Clock, events: Events }
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
        record: recordOf(outgoing),
        outgoing,
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

  /**
   * Holds back the messages of a topic that is being created. Their deadlines run, and they keep the order of their
   * calls. When `prepared` rejects, they reject, too.
   */
  hold (topic: string, prepared: Promise<void>): void {
    const before = this.#unknown.get(topic)?.placed
    this.#placeLater(topic, Promise.all([prepared, before]).then(() => this.#transport.partitionCount(topic)))
  }

  #place (entry: Entry): void {
    const { topic } = entry.record
    const waiting = this.#unknown.get(topic)
    if (waiting !== undefined) {
      waiting.entries.push(entry)
      return
    }
    const count = this.#transport.partitionCount(topic)
    if (typeof count === 'number') return this.#enqueue(entry, count)
    this.#placeLater(topic, count, [entry])
  }

  /** Later messages of the topic wait behind `entries`. */
  #placeLater (topic: string, count: Promise<number>, entries: Entry[] = []): void {
    const waiting: Waiting = {
      entries,
      placed: count.then(
        (count) => {
          end()
          for (const entry of entries) this.#enqueue(entry, count)
        },
        (error) => {
          end()
          for (const entry of entries) this.#batcher.fail(entry, error)
        })
    }
    const end = (): void => { if (this.#unknown.get(topic) === waiting) this.#unknown.delete(topic) }
    this.#unknown.set(topic, waiting)
  }

  #enqueue (entry: Entry, count: number): void {
    try {
      entry.record.partition = this.#partitionOf(entry.outgoing, count)
    } catch (error) {
      return this.#batcher.fail(entry, toError(error))
    }
    this.#batcher.enqueue(entry)
  }

  #partitionOf ({ topic, key, partition, partitioner }: Outgoing, partitions: number): number {
    if (partition !== undefined) {
      if (Number.isInteger(partition) && partition >= 0 && partition < partitions) return partition
      throw new FASTSTREAM_ERR_UNKNOWN_PARTITION(topic, partition, partitions)
    }
    if (partitioner !== undefined) return chosenBy(partitioner, { topic, key, partitions })
    return this.#partitioner.choose(topic, key, partitions)
  }
}

const REFUSALS = [FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED]

/** Whether a publish failed in a way that trying it again cannot cure. */
export function isRefused (error: unknown): boolean {
  return isNotAuthorized(error) || REFUSALS.some((Refusal) => error instanceof Refusal)
}

export function isTooLarge (error: unknown): boolean {
  if (!(error instanceof FASTSTREAM_ERR_PUBLISH_REFUSED)) return false
  return error.cause instanceof SendError && error.cause.reason === 'too-large'
}

/** The error for the caller, who may show it to HTTP clients: what names hosts becomes the cause. */
function publishError (topic: string, error: Error): Error {
  if (isNotAuthorized(error)) return withoutPrincipal(error)
  if (error instanceof SendError) {
    const failure = isNotAuthorized(error.cause) ? withoutPrincipal(error.cause) : coded(topic, error)
    return Object.assign(failure, { outcome: error.outcome })
  }
  if (FOR_CLIENTS.some((Known) => error instanceof Known)) return error
  return new FASTSTREAM_ERR_UNAVAILABLE(topic, { cause: error })
}

/** Clients of the app may see what a publish rejects with, but not its cause, which names the app's user. */
function withoutPrincipal (cause: NotAuthorizedError): Error {
  return notAuthorized(cause.rights, undefined, { cause })
}

/** Errors before a send that name nothing but topics. */
const FOR_CLIENTS = [
  FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNKNOWN_TOPIC, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PARTITION
]

function coded (topic: string, cause: SendError): Error {
  const { outcome, reason, message } = cause
  if (reason === 'closed') return new FASTSTREAM_ERR_NOT_READY('closed', { cause })
  if (reason === 'timeout') {
    const place = outcome === 'unknown' ? 'it may be in the log' : 'it is not in the log'
    return new FASTSTREAM_ERR_PUBLISH_TIMEOUT(topic, place, { cause })
  }
  return new FASTSTREAM_ERR_PUBLISH_REFUSED(topic, message, { cause })
}

/** What the transport is to know; the partition is chosen later. */
function recordOf ({ topic, key, value, headers, timestamp }: Outgoing): Entry['record'] {
  return { topic, partition: -1, key, value, headers, timestamp }
}
