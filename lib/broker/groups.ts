import { Group } from '../consume/group/group.js'
import { Pipeline } from '../consume/pipeline/pipeline.js'
import { REBALANCE_TIMEOUT, SESSION_TIMEOUT } from '../options/settings.js'
import { steady } from '../log.js'
import type { Producer } from '../produce/producer.js'
import type { Transport } from '../transport/transport.js'
import type { Surroundings } from './runtime.js'
import type { SubscriberDeclaration } from './declaration.js'
import type { CompiledSubscriber } from './subscriber.js'

/** The subscribers of one group. */
type Sharing = readonly [CompiledSubscriber, ...CompiledSubscriber[]]

interface Means extends Surroundings {
  readonly transport: Transport
  readonly producer: Producer
}

/** Subscribers that share a group share one client consumer: to Kafka they are one member, which reads all of their topics. */
export function createGroups (subscribers: readonly CompiledSubscriber[], means: Means): ReadonlyMap<SubscriberDeclaration, Group> {
  const groups = new Map<SubscriberDeclaration, Group>()
  for (const subscriber of subscribers) {
    if (groups.has(subscriber.declaration)) continue
    // Without a group each one reads for itself.
    const others = subscriber.groupId === null ? [] : subscribers.filter((other) => other !== subscriber && other.groupId === subscriber.groupId)
    const sharing: Sharing = [subscriber, ...others]
    const group = createGroup(sharing, means)
    for (const each of sharing) groups.set(each.declaration, group)
  }
  return groups
}

function createGroup (subscribers: Sharing, { transport, producer, ...environment }: Means): Group {
  const [{ groupId, settings: { offsetReset } }] = subscribers
  const pipelines = subscribers.map((subscriber) => new Pipeline(subscriber, producer, { ...environment, log: steady(subscriber.declaration.scope.log) }))
  const topics = subscribers.flatMap(({ topics }) => topics)
  const options = { groupId, topics, offsetReset, rebalanceTimeout: REBALANCE_TIMEOUT, sessionTimeout: SESSION_TIMEOUT }
  return new Group(groupId, pipelines, (listener) => transport.consumer(options, listener), environment)
}
