import { Group } from '../consume/group/group.js'
import { Pipeline } from '../consume/pipeline/pipeline.js'
import { REBALANCE_TIMEOUT, SESSION_TIMEOUT } from '../options/settings.js'
import { steady } from '../log.js'
import type { Producer } from '../produce/producer.js'
import type { Transport } from '../transport/transport.js'
import type { Surroundings } from './runtime.js'
import type { DeclaredSubscriber } from './subscriber.js'

interface Means extends Surroundings {
  readonly transport: Transport
  readonly producer: Producer
}

/** Subscribers that share a group share one client consumer: to Kafka they are one member, which reads all of their topics. */
export function createGroups (subscribers: readonly DeclaredSubscriber[], means: Means): ReadonlyMap<DeclaredSubscriber, Group> {
  const groups = new Map<DeclaredSubscriber, Group>()
  for (const subscriber of subscribers) {
    if (groups.has(subscriber)) continue
    // Without a group each one reads for itself.
    const sharing = subscriber.groupId === null ? [subscriber] : subscribers.filter(({ groupId }) => groupId === subscriber.groupId)
    const group = createGroup(sharing, means)
    for (const each of sharing) groups.set(each, group)
  }
  return groups
}

function createGroup (subscribers: readonly DeclaredSubscriber[], { transport, producer, ...environment }: Means): Group {
  const { groupId, offsetReset } = subscribers[0] as DeclaredSubscriber
  const pipelines = subscribers.map((subscriber) => new Pipeline(subscriber, producer, { ...environment, log: steady(subscriber.scope.log) }))
  const topics = subscribers.flatMap(({ topics }) => topics)
  const options = { groupId, topics, offsetReset, rebalanceTimeout: REBALANCE_TIMEOUT, sessionTimeout: SESSION_TIMEOUT }
  return new Group(groupId, pipelines, (listener) => transport.consumer(options, listener), environment)
}
