import type { MessagePublishContext } from '../../types/index.js'
import type { Clock } from '../clock.js'
import {
  FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_UNKNOWN_PARTITION
} from '../errors.js'
import { publishing, type Events } from '../events.js'
import { headerText } from '../message/headers.js'
import type { Outgoing, SendOrder } from '../message/outgoing.js'
import type { ProducerSettings, QueueSettings } from '../options/settings.js'
import type { TransportProducer } from '../transport/transport.js'
import { Batcher } from './batcher.js'
import type { Entry } from './entry.js'
import { sizeOf } from './size.js'
import { chosenBy, Partitioner } from './partitioner.js'
import { publishError } from './publish-error.js'
import { isWithdrawn } from './send-order.js'
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
    this.#batcher = new Batcher(transport, settings.queue, clock, (entry) => { this.#place(entry) })
  }

  /** Messages that are not in the log yet. */
  get pending (): number {
    return this.#batcher.pending
  }

  /** The same by number and size, without those that wait for room. */
  get queued (): QueueSettings {
    return this.#batcher.queued
  }

  /**
   * Resolves when the message is in the log.
   *
   * @param wait whether a full queue is waited for, until the deadline
   * @param queued called when the message has its place in the queue
   * @param order messages that must not overtake each other
   */
  publish (outgoing: Outgoing, wait = false, queued?: () => void, order?: SendOrder): Promise<RecordMetadata> {
    const { around: arounds, identity } = this.#events
    arounds.look?.()
    const { publish: around } = arounds
    if (!publishing.hasSubscribers && around === undefined) return this.#publish(outgoing, wait, queued, order)
    const { topic, partition, key, value, headers, repliesTo } = outgoing
    const context: MessagePublishContext = {
      ...identity,
      topic,
      partition,
      key,
      tombstone: value === null,
      headers: [...headers],
      repliedHeader: repliesTo && ((name) => headerText(repliesTo, name))
    }
    const traced = Object.assign({}, outgoing, { headers: context.headers })
    const work = (): Promise<RecordMetadata> => this.#publish(traced, wait, queued, order)
    return publishing.tracePromise(() => around === undefined ? work() : around(context, work), context)
  }

  #publish (outgoing: Outgoing, wait: boolean, queued?: () => void, order?: SendOrder): Promise<RecordMetadata> {
    const { topic } = outgoing
    if (this.#closed) return this.#refuse(topic, new FASTSTREAM_ERR_NOT_READY('closed'))
    const size = sizeOf(outgoing)
    if (!wait && !this.#batcher.hasRoom(size)) return this.#refuse(topic, new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL(topic))
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
        reject: (error) => {
          // A withdrawn message is published again: that publish tells its outcome.
          const isFailure = !isWithdrawn(error)
          reject(isFailure ? this.#tellFailed(topic, publishError(topic, error), entry.deadline) : error)
        },
        queued,
        order,
        previous: undefined,
        next: undefined,
        counted: false,
        sent: false,
        done: false
      }
      this.#batcher.accept(entry)
    })
  }

  #refuse (topic: string, error: Error): Promise<never> {
    return Promise.reject(this.#tellFailed(topic, error))
  }

  #tellPublished ({ record: { topic, partition }, deadline }: Entry, offset: bigint): void {
    const { identity, published } = this.#events
    if (published.active) published.emit({ ...identity, topic, partition, offset, duration: this.#since(deadline) })
  }

  /** `deadline`: undefined for a message that the queue has not taken. */
  #tellFailed (topic: string, error: Error, deadline?: number): Error {
    const { identity, publishFailed } = this.#events
    const duration = deadline === undefined ? 0 : this.#since(deadline)
    if (publishFailed.active) publishFailed.emit({ ...identity, topic, duration, error })
    return error
  }

  /** Time since the publish was called that has this deadline, ms. */
  #since (deadline: number): number {
    return this.#clock.elapsed() - (deadline - this.#settings.deadline)
  }

  /** Resolves when nothing is pending any more. */
  idle (): Promise<void> {
    return this.#batcher.idle()
  }

  async close (): Promise<void> {
    this.#closed = true
    this.#batcher.refuseWaiting()
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

/** What the transport is to know; the partition is chosen later. */
function recordOf ({ topic, key, value, headers, timestamp }: Outgoing): Entry['record'] {
  return { topic, partition: -1, key, value, headers, timestamp }
}
