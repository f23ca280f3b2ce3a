import { Group } from '../consume/group/group.js'
import type { MemoryBudget } from '../memory-budget.js'
import { Pipeline } from '../consume/pipeline/pipeline.js'
import { steady } from '../log.js'
import type { Producer } from '../produce/producer.js'
import type { Transport } from '../transport/transport.js'
import type { Surroundings } from './runtime.js'
import type { SubscriberDeclaration } from './declaration.js'
import type { CompiledSubscriber } from './subscriber.js'

/** The group of each subscriber. */
export type Groups = ReadonlyMap<SubscriberDeclaration, Group>

/** The subscribers of one group. */
type Sharing = readonly [CompiledSubscriber, ...CompiledSubscriber[]]

interface Means extends Surroundings {
  readonly transport: Transport
  readonly producer: Producer
  /** Of all partitions of the broker. */
  readonly budget: MemoryBudget
}

/**
 * Creates the groups. Subscribers that share a group share one client consumer: to Kafka they are one member, which
 * reads all their topics.
 */
export function createGroups (subscribers: readonly CompiledSubscriber[], means: Means): Groups {
  const groups = new Map<SubscriberDeclaration, Group>()
  for (const subscriber of subscribers) {
    if (groups.has(subscriber.declaration)) continue
    const sharing = sharingWith(subscriber, subscribers)
    const group = createGroup(sharing, means)
    for (const each of sharing) groups.set(each.declaration, group)
  }
  return groups
}

/** Without a group each subscriber reads for itself. */
function sharingWith (subscriber: CompiledSubscriber, subscribers: readonly CompiledSubscriber[]): Sharing {
  const { groupId } = subscriber
  if (groupId === null) return [subscriber]
  return [subscriber, ...subscribers.filter((other) => other !== subscriber && other.groupId === groupId)]
}

function createGroup (subscribers: Sharing, { transport, producer, ...environment }: Means): Group {
  const [{ groupId, settings: { offsetReset } }] = subscribers
  const pipelines = subscribers.map((subscriber) => {
    const { scope } = subscriber.declaration
    return new Pipeline(subscriber, producer, { ...environment, log: steady(scope.log) })
  })
  const topics = subscribers.flatMap(({ topics }) => topics)
  const { sessionTimeout, rebalanceTimeout, groupInstanceId } = environment.settings
  const options = {
    groupId,
    topics,
    offsetReset,
    budget: environment.budget,
    sessionTimeout,
    rebalanceTimeout,
    ...groupInstanceId === undefined ? {} : { groupInstanceId }
  }
  return new Group(groupId, pipelines, (listener) => transport.consumer(options, listener), environment)
}
