import type { SubscriberHealth } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import type { RecordedDelivery, RecordedMessage } from './recorded.js'

/** A group that reads a topic, or a subscriber without one. */
export interface Reader {
  readonly groupId: string | null
  readonly subscriber: string
  /** Names under which its events come: of a subscriber with cases, those of all of them. */
  readonly names: Set<string>
  /** What its consumer is shared by. */
  readonly shared: object | string
  readonly broker: Broker
}

/** Who reads which topic. Several subscribers of one group are one reader: each message goes to one of them. */
export class Readers {
  readonly #brokers: readonly Broker[]
  readonly #byTopic = new Map<string, readonly Reader[]>()

  constructor (brokers: readonly Broker[]) {
    this.#brokers = brokers
  }

  /** The readers that have not done with a message. */
  waitingFor ({ topic, deliveries }: RecordedMessage): readonly Reader[] {
    return this.#of(topic).filter((reader) => !deliveries.some((delivery) => isOf(delivery, reader) && delivery.isDone))
  }

  #of (topic: string): readonly Reader[] {
    const known = this.#byTopic.get(topic)
    if (known !== undefined) return known
    const readers: Reader[] = []
    for (const broker of this.#brokers) {
      for (const { topics, patterns, groupId, name: subscriber, declaration } of broker.registry.subscribers) {
        if (!topics.includes(topic) && !patterns.some((pattern) => pattern.matches(topic))) continue
        // Without a group each subscriber reads for itself, but for the cases of one.
        const shared = groupId ?? declaration.cases?.of ?? declaration
        const known = readers.find((reader) => reader.shared === shared)
        if (known !== undefined) known.names.add(subscriber)
        else readers.push({ groupId, subscriber, names: new Set([subscriber, topics.join(',')]), shared, broker })
      }
    }
    this.#byTopic.set(topic, readers)
    return readers
  }
}

/** The delivery of a message to a reader, if there is one yet. */
export function deliveryTo ({ deliveries }: RecordedMessage, reader: Reader): RecordedDelivery | undefined {
  return deliveries.find((delivery) => isOf(delivery, reader))
}

function isOf ({ groupId, subscriber }: RecordedDelivery, { groupId: group, names }: Reader): boolean {
  return groupId === group && (groupId !== null || names.has(subscriber))
}

/** What keeps a reader from reading, if something does. */
export function stateOf ({ broker, subscriber, groupId }: Reader): SubscriberHealth['state'] | undefined {
  const health = broker.health().subscribers
  return health.find((each) => each.groupId === groupId && each.name === subscriber)?.state
}
