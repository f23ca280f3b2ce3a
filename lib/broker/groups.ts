import { Group } from '../consume/group/group.js'
import type { MemoryBudget } from '../memory-budget.js'
import { topicsToRead } from '../consume/partition/queues.js'
import { BatchPipeline } from '../consume/pipeline/batch-pipeline.js'
import { Pipeline, type ErasedPipeline } from '../consume/pipeline/pipeline.js'
import { steady } from '../log.js'
import type { Producer } from '../produce/producer.js'
import type { Transport } from '../transport/transport.js'
import type { Surroundings } from './runtime.js'
import type { SubscriberDeclaration } from './declaration.js'
import { pipelineOf } from './routing.js'
import type { CompiledSubscriber } from './subscriber.js'

/** The subscribers of one group. */
type Sharing = readonly [CompiledSubscriber, ...CompiledSubscriber[]]

interface Means extends Surroundings {
  readonly transport: Transport
  readonly producer: Producer
  /** Of all partitions of the broker. */
  readonly budget: MemoryBudget
  /** Subscribers that are paused now: their groups begin with them paused. */
  readonly paused: ReadonlySet<SubscriberDeclaration>
}

/**
 * The group of each subscriber. Subscribers that share a group share one client consumer: to Kafka they are one member,
 * which reads all their topics.
 */
export class Groups implements Iterable<Group> {
  readonly #means: Means
  readonly #groupOf = new Map<SubscriberDeclaration, Group>()
  #dispatching = false

  constructor (subscribers: readonly CompiledSubscriber[], means: Means) {
    this.#means = means
    for (const subscriber of subscribers) {
      if (!this.#groupOf.has(subscriber.declaration)) this.#create(sharingWith(subscriber, subscribers))
    }
  }

  /** Each group once. */
  [Symbol.iterator] (): IterableIterator<Group> {
    return new Set(this.#groupOf.values()).values()
  }

  of (declaration: SubscriberDeclaration): Group | undefined {
    return this.#groupOf.get(declaration)
  }

  /** Why a group is not joined whose coordinator is not reached. */
  get unreached (): Error | undefined {
    return Array.from(this, ({ unreached }) => unreached).find((reason) => reason !== undefined)
  }

  /** Lets messages flow, also those of subscribers that are added later. */
  dispatch (): void {
    this.#dispatching = true
    for (const group of this) group.dispatch()
  }

  /**
   * Reads for one more subscriber: in the group of its name where there is one, else in a new one. `others` are its
   * further cases.
   */
  async add (subscriber: CompiledSubscriber, ...others: readonly CompiledSubscriber[]): Promise<void> {
    const all: Sharing = [subscriber, ...others]
    const { declaration } = subscriber
    const shared = this.#shared(subscriber)
    const group = shared ?? this.#create(all)
    for (const { declaration } of all) this.#groupOf.set(declaration, group)
    try {
      if (shared === undefined) await group.start()
      else await group.add(this.#pipelineOf(all), this.#means.paused.has(declaration))
    } catch (err) {
      for (const { declaration } of all) this.#groupOf.delete(declaration)
      if (shared === undefined) await group.close(0)
      throw err
    }
  }

  /** Reads no more for a subscriber. The last one of a group leaves it within `drainTimeout` ms. */
  async remove (all: Sharing, drainTimeout: number): Promise<void> {
    const [{ declaration, topics }] = all
    const group = this.of(declaration)
    if (group === undefined) return
    for (const { declaration } of all) this.#groupOf.delete(declaration)
    await (new Set(this).has(group) ? group.remove(topics) : group.close(drainTimeout))
  }

  #create (sharing: Sharing): Group {
    const group = this.#createGroup(sharing)
    for (const { declaration } of sharing) this.#groupOf.set(declaration, group)
    for (const { declaration, topics: [topic = ''] } of sharing) {
      if (this.#means.paused.has(declaration)) group.pauses.pause(topic, declaration)
    }
    if (this.#dispatching) group.dispatch()
    return group
  }

  /** A group that the app has joined, and does not leave. */
  #shared ({ groupId, partitions }: CompiledSubscriber): Group | undefined {
    if (groupId === null || partitions !== undefined) return undefined
    return [...this].find((group) => group.groupId === groupId && !group.closing)
  }

  /** The pipeline of subscribers that read the same topics. */
  #pipelineOf (subscribers: Sharing): ErasedPipeline {
    const { producer, ...environment } = this.#means
    const [{ batches, declaration }] = subscribers
    if (batches !== undefined) {
      return new BatchPipeline(batches, producer, { ...environment, log: steady(declaration.scope.log) })
    }
    return pipelineOf(subscribers, (plan, { scope }) => {
      return new Pipeline(plan, producer, { ...environment, log: steady(scope.log) })
    })
  }

  #createGroup (subscribers: Sharing): Group {
    const { transport, ...environment } = this.#means
    // They have the same options of the consumer: it was checked when they were declared.
    const [first] = subscribers
    const { groupId, offsetReset, isolationLevel, fetch, checkCrcs, clientRack: rack, groupInstanceId } = first
    const { sessionTimeout, heartbeatInterval, rebalanceTimeout, partitions } = first
    const pipelines = Array.from(byTopics(subscribers), (sharing) => this.#pipelineOf(sharing))
    const options = {
      groupId,
      topics: topicsToRead(pipelines.map(({ plan }) => plan)),
      offsetReset,
      isolationLevel,
      fetch,
      checkCrcs,
      budget: environment.budget,
      sessionTimeout,
      rebalanceTimeout,
      ...partitions !== undefined && { partitions },
      ...rack !== undefined && { rack },
      ...heartbeatInterval !== undefined && { heartbeatInterval },
      ...groupInstanceId !== undefined && { groupInstanceId }
    }
    const isMember = groupId !== null && partitions === undefined
    const contactInterval = isMember ? heartbeatInterval : environment.settings.metadataMaxAge
    // Without members no other one can take over the partitions of a consumer that is silent.
    const session = isMember ? sessionTimeout : Infinity
    const settings = { ...environment.settings, sessionTimeout: session, rebalanceTimeout, contactInterval }
    const own = { ...environment, settings }
    return new Group(groupId, pipelines, (listener) => transport.consumer(options, listener), own)
  }
}

/**
 * Finds the subscribers of the same consumer. Without a group, and with partitions that are chosen by hand, each
 * subscriber reads for itself, but for those that share its messages.
 */
function sharingWith (subscriber: CompiledSubscriber, subscribers: readonly CompiledSubscriber[]): Sharing {
  const { groupId, partitions, declaration: { cases, layers } } = subscriber
  const shares = (other: CompiledSubscriber): boolean => {
    if (other.groupId !== groupId || other.partitions?.join() !== partitions?.join()) return false
    if (groupId !== null) return partitions === undefined || isSameTopics(other, subscriber)
    const { declaration } = other
    // A router that is included twice has the same cases in two places.
    return cases !== undefined && declaration.cases?.of === cases.of && declaration.layers === layers
  }
  return [subscriber, ...subscribers.filter((other) => other !== subscriber && shares(other))]
}

function isSameTopics (one: CompiledSubscriber, other: CompiledSubscriber): boolean {
  return [...one.topics].sort().join() === [...other.topics].sort().join()
}

/** Subscribers that read the same topics, in the order of their declarations. */
function byTopics (subscribers: Sharing): Iterable<Sharing> {
  const sharing = new Map<string, Sharing>()
  for (const subscriber of subscribers) {
    const topics = [...subscriber.topics].sort().join()
    const before = sharing.get(topics)
    sharing.set(topics, before === undefined ? [subscriber] : [...before, subscriber])
  }
  return sharing.values()
}
