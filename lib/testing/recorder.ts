import type { MessagePlace, RecordMetadata } from '../../types/index.js'
import type { Events } from '../events.js'
import type { ProducedRecord } from '../transport/transport.js'
import type { RecordedCall } from './handler-calls.js'
import { placeOf, RecordedDelivery, RecordedMessage } from './recorded.js'
import type { TestFailure } from './types.js'

/** The one record of what happened on the brokers of a test. Spies, assertions and sessions read it. */
export class Recorder {
  /** Messages that these brokers have published, in the order of the cluster's answers. */
  readonly published: RecordedMessage[] = []
  /** Attempts that have not ended. */
  running = 0
  /** Calls of handlers, in their order. */
  readonly calls: RecordedCall[] = []
  /** Failed attempts, oldest first. */
  readonly failures: TestFailure[] = []
  readonly #messages = new Map<string, RecordedMessage>()
  readonly #listeners = new Set<() => void>()

  /** Listens to the events of one broker. */
  listen (events: Events): void {
    const { started, failed, retried, deadLettered, settled, unsettled, publishFailed } = events
    started.on((event) => {
      this.running++
      this.deliveryOf(event).begin(event.attempt, event.subscriber)
    })
    failed.on(({ topic, partition, offset, attempt, stage, error, ...event }) => {
      const { last } = this.deliveryOf({ topic, partition, offset, ...event })
      if (last !== undefined) last.failure = { stage, error }
      this.failures.push({ topic, partition, offset, attempt, stage, error })
    })
    retried.on(({ delay, ...event }) => {
      const { last } = this.deliveryOf(event)
      if (last !== undefined) last.delay = delay
    })
    deadLettered.on(({ deadLetterTopic, ...event }) => { this.deliveryOf(event).deadLetterTopic = deadLetterTopic })
    settled.on(({ outcome, ...event }) => { this.deliveryOf(event).outcome = outcome })
    unsettled.on((event) => { this.deliveryOf(event).isGivenUp = true })
    for (const source of [started, failed, deadLettered, settled, unsettled, publishFailed]) {
      source.on(() => { this.changed() })
    }
  }

  /** The cluster has stored a record. */
  stored (record: ProducedRecord, offset: bigint): void {
    const { topic, partition } = record
    const message = this.message({ topic, partition, offset })
    message.store(copyOf(record))
    this.published.push(message)
  }

  /** The message at a place. */
  message (place: RecordMetadata): RecordedMessage {
    const name = placeOf(place)
    let message = this.#messages.get(name)
    if (message === undefined) this.#messages.set(name, message = new RecordedMessage(place))
    return message
  }

  /** The latest attempt of a subscriber at a message has ended. */
  ended (place: MessagePlace): void {
    this.running--
    const { last } = this.deliveryOf(place)
    if (last !== undefined) last.hasEnded = true
    this.changed()
  }

  /** All messages that were published or handled. */
  get messages (): readonly RecordedMessage[] {
    return [...this.#messages.values()]
  }

  /** What all groups did with all messages. */
  get deliveries (): readonly RecordedDelivery[] {
    return this.messages.flatMap(({ deliveries }) => deliveries)
  }

  /** Calls `listener` after each change, until the function that it returns is called. */
  onChange (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  changed (): void {
    for (const listener of this.#listeners) listener()
  }

  /** What the group of a subscriber does with a message. Without a group each subscriber reads for itself. */
  deliveryOf ({ groupId, subscriber, ...place }: MessagePlace): RecordedDelivery {
    const message = this.message(place)
    const known = message.deliveries.find((delivery) => {
      return delivery.groupId === groupId && (groupId !== null || delivery.subscriber === subscriber)
    })
    if (known !== undefined) return known
    const delivery = new RecordedDelivery(message, groupId, subscriber)
    message.deliveries.push(delivery)
    return delivery
  }
}

/** A publisher may change its Buffers when the record is sent. */
function copyOf (record: ProducedRecord): ProducedRecord {
  const { key, value } = record
  return { ...record, key: key && Buffer.from(key), value: value && Buffer.from(value) }
}
