import type { SubscriberHealth } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import type { RecordedDelivery, RecordedMessage } from './recorded.js'

/** A group that reads a topic, or a subscriber without one. */
export interface Reader {
  readonly groupId: string | null
  readonly subscriber: string
  readonly broker: Broker
}

/** Who reads which topic. Several subscribers of one group are one reader: each message goes to one of them. */
export class Readers {
  readonly #byTopic = new Map<string, Reader[]>()

  constructor (brokers: readonly Broker[]) {
    for (const broker of brokers) {
      for (const { topics, groupId, name: subscriber } of broker.registry.subscribers) {
        for (const topic of topics) this.#add(topic, { groupId, subscriber, broker })
      }
    }
  }

  #add (topic: string, reader: Reader): void {
    const known = this.#byTopic.get(topic) ?? []
    this.#byTopic.set(topic, known)
    if (known.some(({ groupId }) => groupId !== null && groupId === reader.groupId)) return
    known.push(reader)
  }

  /** The readers that have not done with a message. */
  waitingFor ({ topic, deliveries }: RecordedMessage): readonly Reader[] {
    const readers = this.#byTopic.get(topic) ?? []
    return readers.filter((reader) => !deliveries.some((delivery) => isOf(delivery, reader) && delivery.isDone))
  }
}

/** The delivery of a message to a reader, if there is one yet. */
export function deliveryTo ({ deliveries }: RecordedMessage, reader: Reader): RecordedDelivery | undefined {
  return deliveries.find((delivery) => isOf(delivery, reader))
}

function isOf ({ groupId, subscriber }: RecordedDelivery, reader: Reader): boolean {
  return groupId === reader.groupId && (groupId !== null || subscriber === reader.subscriber)
}

/** What keeps a reader from reading, if something does. */
export function stateOf ({ broker, subscriber, groupId }: Reader): SubscriberHealth['state'] | undefined {
  const health = broker.health().subscribers
  return health.find((each) => each.groupId === groupId && each.name === subscriber)?.state
}
