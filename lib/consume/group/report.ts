import type { BrokerIdentity, GroupRebalancedEvent, HealthChangedEvent } from '../../../types/index.js'
import { FASTSTREAM_ERR_CODEC } from '../../errors.js'
import type { CorruptBatch, StoredOffset, TopicPartition, TopicPartitionOffset } from '../../transport/transport.js'
import { isEnabled } from '../../log.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type { Environment } from '../environment.js'
import type { Partition, Restored, Stopped } from '../partition/partition.js'
import type { SubscriberSettings } from '../pipeline/subscriber-plan.js'

type State = HealthChangedEvent['state']
type RebalanceReason = GroupRebalancedEvent['reason']

/** Tells what happens to a group: events and log lines. */
export class GroupReport {
  readonly #groupId: string | null
  readonly #subscribers: readonly string[]
  readonly #environment: Environment
  /** The rebalance that is under way; `since`: ms by the clock's `elapsed`. */
  #rebalance: { readonly reason: RebalanceReason, readonly since: number } | undefined

  /** The partitions of the last assignment. */
  #assigned: ReadonlyMap<string, TopicPartition> = new Map()

  /** `subscribers`: their names. */
  constructor (groupId: string | null, subscribers: readonly string[], environment: Environment) {
    this.#groupId = groupId
    this.#subscribers = subscribers
    this.#environment = environment
  }

  received (topic: string, partition: number, count: number, position: bigint): void {
    const { received } = this.#environment.events
    if (received.active) received.emit({ ...this.#group, topic, partition, count, position })
  }

  /** What the metadata of the committed offset says about the messages behind it. */
  restored ({ topic, partition }: TopicPartition, offset: bigint, { count, isPossible }: Restored): void {
    const { log, events: { leftOut } } = this.#environment
    const details = { groupId: this.#groupId, topic, partition, offset: String(offset), count }
    if (!isPossible) {
      return log.warn(details, 'metadata of the committed offset is not possible: no message is left out')
    }
    log.info(details, 'messages are left out: an earlier owner of the partition has settled them')
    if (leftOut.active) leftOut.emit({ ...this.#group, topic, partition, offset, count })
  }

  /** A commit that began at `since` (ms by the clock's `elapsed`) has ended. */
  committed (stored: readonly StoredOffset[], since: number, error?: Error): void {
    const { clock, events: { committed } } = this.#environment
    if (!committed.active) return
    const offsets = stored.map(({ topic, partition, offset }) => ({ topic, partition, offset }))
    committed.emit({ ...this.#group, offsets, duration: clock.elapsed() - since, error })
  }

  /** A rebalance began. One that turns into an eviction keeps its beginning. */
  rebalancing (reason: RebalanceReason): void {
    this.#rebalance = { reason, since: this.#rebalance?.since ?? this.#environment.clock.elapsed() }
  }

  rebalanced (assigned: Iterable<Partition>): void {
    const { clock, events: { rebalanced } } = this.#environment
    const { reason, since } = this.#rebalance ?? { reason: 'revoked', since: clock.elapsed() }
    this.#rebalance = undefined
    const partitions = Array.from(assigned, ({ topic, partition }) => ({ topic, partition }))
    const duration = clock.elapsed() - since
    this.#tellAssigned(reason, duration, partitions)
    if (rebalanced.active) rebalanced.emit({ ...this.#group, reason, duration, partitions })
  }

  #tellAssigned (reason: RebalanceReason, ms: number, partitions: readonly TopicPartition[]): void {
    const { log } = this.#environment
    const before = this.#assigned
    const now = this.#assigned = new Map(partitions.map((each) => [topicPartitionName(each), each]))
    if (!isEnabled(log, 'info')) return
    const [groupId, subscribers, duration] = [this.#groupId, this.#subscribers, Math.round(ms)]
    const assigned = { groupId, subscribers, partitions: byTopic(partitions), duration }
    if (reason === 'joined') {
      return log.info(assigned, groupId === null ? 'reads its partitions, without a group' : 'joined the group')
    }
    const given = byTopic(partitions.filter((each) => !before.has(topicPartitionName(each))))
    const taken = byTopic([...before].filter(([name]) => !now.has(name)).map(([, each]) => each))
    log.info({ ...assigned, reason, given, taken }, 'partitions were assigned anew')
  }

  /** Handlers did not end within the time of a drain. */
  drainTimedOut (reason: 'rebalance' | 'close', timeout: number, owned: Iterable<Partition>): void {
    const { log, events: { drainTimedOut } } = this.#environment
    const unsettled = firstUnsettled(owned)
    const offsets = unsettled.map((each) => ({ ...each, offset: String(each.offset) }))
    const details = { groupId: this.#groupId, reason, timeout, unsettled: offsets }
    log.warn(details, 'handlers did not end in time: their messages will be redelivered')
    if (drainTimedOut.active) drainTimedOut.emit({ ...this.#group, reason, timeout, unsettled })
  }

  subscriberStopped ({ name, topics }: SubscriberSettings): void {
    const { log, events: { subscriberStopped } } = this.#environment
    log.info({ subscriber: name, groupId: this.#groupId, topics }, 'the subscriber has stopped')
    if (subscriberStopped.active) subscriberStopped.emit({ ...this.#group, subscriber: name, topics })
  }

  subscriberPaused ({ name, topics }: SubscriberSettings): void {
    this.#environment.log.info({ subscriber: name, groupId: this.#groupId, topics }, 'the subscriber is paused')
  }

  subscriberResumed ({ name, topics }: SubscriberSettings): void {
    this.#environment.log.info({ subscriber: name, groupId: this.#groupId, topics }, 'the subscriber is resumed')
  }

  corrupt (topic: string, partition: number, { offset, nextOffset, error }: CorruptBatch): void {
    const place = { topic, partition, offset: String(offset), nextOffset: String(nextOffset) }
    const details = { err: error, groupId: this.#groupId, ...place }
    const why = error instanceof FASTSTREAM_ERR_CODEC ? 'a batch needs a codec' : 'a batch is corrupt'
    this.#environment.log.error(details, `${why}: its partition is paused, nothing of it is skipped`)
  }

  partitionStopped (topic: string, partition: number, { offset, nextOffset, error }: Stopped): void {
    const { partitionStopped } = this.#environment.events
    if (partitionStopped.active) partitionStopped.emit({ ...this.#group, topic, partition, offset, nextOffset, error })
  }

  /** A stopped partition is read again. */
  skipped ({ topic, partition, offset }: TopicPartitionOffset, from: bigint | undefined): void {
    const details = { groupId: this.#groupId, topic, partition, from: String(from), to: String(offset) }
    this.#environment.log.warn(details, 'reading goes on where it was told to')
  }

  consumerFailed (error: Error): void {
    const details = { err: error, groupId: this.#groupId, subscribers: this.#subscribers }
    this.#environment.log.error(details, 'the consumer failed and is started again')
  }

  /** The consumer has ended for good. */
  consumerEnded (error: Error): void {
    const details = { err: error, groupId: this.#groupId, subscribers: this.#subscribers }
    this.#environment.log.error(details, 'the consumer has stopped: restart the app once the cause is removed')
  }

  stateChanged (state: State, previous: State, error: Error | undefined): void {
    const { healthChanged } = this.#environment.events
    if (healthChanged.active) healthChanged.emit({ ...this.#group, state, previous, error })
  }

  get #group (): BrokerIdentity & { readonly groupId: string | null } {
    return { ...this.#environment.events.identity, groupId: this.#groupId }
  }
}

/** The first unsettled offset of each partition. */
function firstUnsettled (owned: Iterable<Partition>): Array<TopicPartition & { readonly offset: bigint }> {
  const unsettled = []
  for (const { topic, partition, tracker: { oldest } } of owned) {
    if (oldest !== undefined) unsettled.push({ topic, partition, offset: oldest.offset })
  }
  return unsettled
}

/** The partitions of each topic, for log lines. */
function byTopic (partitions: readonly TopicPartition[]): Record<string, number[]> {
  // Without a prototype `__proto__` is a topic like any other.
  const topics: Record<string, number[]> = Object.create(null)
  for (const { topic, partition } of partitions) (topics[topic] ??= []).push(partition)
  return topics
}
