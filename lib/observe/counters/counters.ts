import type { BrokerHealth, MessageCompletedEvent, MessagePlace, PartitionHealth } from '../../../types/index.js'
import type { Broker } from '../../broker/broker.js'
import { TopicLabels } from '../topic-labels.js'

/** A subscriber at one of its topics: a name, or the text of a pattern. */
export interface Counted {
  readonly groupId: string | null
  readonly subscriber: string
  readonly topic: string
}

/** Figures of a subscriber at one of its topics, in this process. */
export interface Counts {
  /** Messages that its handler has handled since the start, those that it has skipped included. */
  readonly handled: number
  /** Attempts that have failed since the start. */
  readonly failed: number
  /** Messages that are not settled; undefined before the cluster has told. */
  readonly lag: number | undefined
  /** Messages of the subscriber that are being handled now. */
  readonly inFlight: number
}

/** Outcomes of messages that their handlers are done with. */
const HANDLED: ReadonlySet<MessageCompletedEvent['outcome']> = new Set(['acknowledged', 'skipped'])

interface Sums {
  handled: number
  failed: number
}

/** Counts what the declared subscribers of one broker do, from its events. */
export class Counters {
  readonly #broker: Broker
  readonly #labels: TopicLabels
  readonly #sums = new Map<string, Sums>()

  /** Called once everything is declared. */
  constructor (broker: Broker) {
    this.#broker = broker
    this.#labels = new TopicLabels(broker)
    for (const { groupId, name: subscriber, topics } of broker.registry.subscribers) {
      for (const topic of topics) this.#sums.set(nameOf({ groupId, subscriber, topic }), { handled: 0, failed: 0 })
    }
    const { completed, failed } = broker.events
    completed.on((event) => {
      const sums = this.#sumsOf(event)
      if (sums !== undefined && event.error === undefined && HANDLED.has(event.outcome)) sums.handled++
    })
    failed.on((event) => {
      const sums = this.#sumsOf(event)
      if (sums !== undefined) sums.failed++
    })
  }

  /**
   * Returns what tells the figures of declared subscribers, each at one of its topics, as they are now: the health of
   * the broker is read once for all of them.
   */
  now (): (counted: Counted) => Counts {
    const { subscribers } = this.#broker.health()
    return (counted) => this.#countsOf(counted, subscribers)
  }

  #countsOf (counted: Counted, subscribers: BrokerHealth['subscribers']): Counts {
    const { groupId, subscriber, topic } = counted
    const sums = this.#sums.get(nameOf(counted))!
    const readers = subscribers.filter((each) => {
      return each.groupId === groupId && each.topics.includes(topic)
    })
    // Cases and filters share the partitions of their topic.
    const { inFlight, partitions } = readers.find(({ name }) => name === subscriber) ?? readers[0]!
    const ofTopic = partitions.filter((partition) => this.#labels.of(partition.topic) === topic)
    return { ...sums, lag: lagOf(ofTopic), inFlight }
  }

  /** Undefined for a subscriber that starts and stops by itself. */
  #sumsOf ({ groupId, subscriber, topic }: MessagePlace): Sums | undefined {
    return this.#sums.get(nameOf({ groupId, subscriber, topic: this.#labels.of(topic) }))
  }
}

function nameOf ({ groupId, subscriber, topic }: Counted): string {
  return JSON.stringify([groupId, subscriber, topic])
}

function lagOf (partitions: readonly PartitionHealth[]): number | undefined {
  const lags = partitions.flatMap(({ lag }) => lag ?? [])
  return lags.length < partitions.length ? undefined : lags.reduce((sum, lag) => sum + lag, 0)
}
