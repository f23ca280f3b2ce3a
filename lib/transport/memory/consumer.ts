import type {
  ConsumerListener, ConsumerOptions, LogPlace, PartitionProgress, StoredOffset, TopicPartition, TopicPartitionOffset,
  TransportConsumer, TransportLog
} from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import { Fetcher } from './fetcher.js'
import type { Assignment, Group, Member } from './group.js'
import type { PartitionLog } from './partition-log.js'
import { roundTrip } from './round-trip.js'
import { SubscriptionChanges } from '../subscription-changes.js'
import { Subscription } from './subscription.js'

/** A member of a group, which joins as a new member after it was evicted. */
export class MemoryConsumer implements TransportConsumer {
  readonly #cluster: MemoryCluster
  readonly #group: Group
  readonly #options: ConsumerOptions
  readonly #listener: ConsumerListener
  readonly #log: TransportLog | undefined
  readonly #subscription: Subscription
  readonly #changes = new SubscriptionChanges()
  /** Offsets where reading begins, until the partition is committed or belongs to another member. */
  #positions: readonly TopicPartitionOffset[]
  /** Those of the next generation. */
  #moved: readonly TopicPartitionOffset[] = []
  #member: Member | undefined
  #assignment: Assignment | undefined
  #fetcher: Fetcher | undefined
  #drained: Promise<void> = Promise.resolve()
  #stopped = false
  #closed = false
  #started = (_error?: Error): void => {}

  constructor (cluster: MemoryCluster, options: ConsumerOptions, listener: ConsumerListener, log?: TransportLog) {
    this.#cluster = cluster
    this.#subscription = new Subscription(cluster, options)
    const isOfOne = options.partitions !== undefined && options.groupId !== null
    this.#group = isOfOne ? cluster.groupOfOne(options.groupId) : cluster.group(options.groupId)
    this.#options = options
    this.#positions = options.positions ?? []
    this.#listener = listener
    this.#log = log
  }

  start (): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#started = (error) => error === undefined ? resolve() : reject(error)
      this.#join()
    })
  }

  async subscribe (topics: ConsumerOptions['topics'], positions: ConsumerOptions['positions'] = []): Promise<void> {
    this.#subscription.change(topics)
    this.#moved = positions
    const changed = this.#changes.next()
    if (this.#member !== undefined) this.#group.rebalance()
    await changed
  }

  async offsets (at: LogPlace): Promise<readonly TopicPartitionOffset[]> {
    await roundTrip()
    return Array.from(this.#assignment?.partitions ?? [], (log) => {
      const { topic, partition } = log
      return { topic, partition, offset: offsetAt(log, at) }
    })
  }

  pause (partition: TopicPartition): void {
    const log = this.#logOf(partition)
    if (log !== undefined) this.#fetcher?.pause(log)
  }

  resume (partition: TopicPartition): void {
    const log = this.#logOf(partition)
    if (log !== undefined) this.#fetcher?.resume(log)
  }

  seek (partition: TopicPartitionOffset): void {
    const log = this.#logOf(partition)
    if (log !== undefined) this.#fetcher?.seek(log, partition.offset)
  }

  progress (partition: TopicPartition): PartitionProgress {
    const log = this.#logOf(partition)
    return { position: log && this.#fetcher?.position(log), end: log?.end }
  }

  missing (): readonly string[] {
    return this.#subscription.missing()
  }

  /** This cluster always answers. */
  get lastContact (): number {
    return this.#member === undefined ? 0 : this.#cluster.clock.elapsed()
  }

  get unreached (): undefined {
    return undefined
  }

  async commit (offsets: readonly StoredOffset[]): Promise<void> {
    const assignment = this.#assignment
    await roundTrip()
    this.#group.commit(assignment, offsets)
    this.#forgetPositions((position) => offsets.some((offset) => isSame(position, offset)))
  }

  #forgetPositions (isOver: (position: TopicPartition) => boolean): void {
    this.#positions = this.#positions.filter((position) => !isOver(position))
  }

  stop (): void {
    this.#stopped = true
    this.#fetcher?.stop()
  }

  async close (): Promise<void> {
    const member = this.#end()
    await roundTrip()
    this.#leave(member)
  }

  /**
   * Lets the process die, for tests. Commits under way are lost; the group notices at once, without a session time-out.
   */
  kill (): void {
    this.#leave(this.#end())
  }

  /** Lets the member's session expire while it is alive, for tests. The member is told, and joins again. */
  expire (): void {
    if (this.#member !== undefined) this.#group.evict(this.#member)
  }

  #end (): Member | undefined {
    const member = this.#member
    this.#closed = true
    this.#member = undefined
    this.#fetcher?.stop()
    this.#started(this.#closedError())
    this.#changes.end(this.#closedError())
    return member
  }

  #leave (member: Member | undefined): void {
    if (member !== undefined) this.#group.leave(member)
    if (this.#options.groupId === null || this.#options.partitions !== undefined) this.#cluster.forget(this.#group)
  }

  async #join (): Promise<void> {
    await roundTrip()
    if (this.#closed) return this.#started(this.#closedError())
    const member: Member = {
      subscribes: (topic) => this.#subscription.includes(topic),
      reads: (log) => this.#subscription.covers(log),
      rebalanceTimeout: this.#options.rebalanceTimeout,
      revoke: () => { this.#drain(member) },
      assign: (assignment) => { this.#begin(assignment, this.#changes.version) },
      evicted: () => { this.#comeBack(member) }
    }
    this.#member = member
    this.#group.join(member)
  }

  /** A heartbeat tells that the group rebalances. */
  async #drain (member: Member): Promise<void> {
    await roundTrip()
    if (member !== this.#member) return
    this.#fetcher?.stop()
    this.#drained = this.#listener.revoking().catch((err) => {
      this.#log?.error({ err, groupId: this.#options.groupId }, 'the drain before a rebalance failed')
    })
    await this.#drained
    this.#group.rejoin(member)
  }

  /** `version`: of the topics that the assignment knows. */
  async #begin (assignment: Assignment, version: number): Promise<void> {
    await roundTrip()
    if (assignment.member !== this.#member) return
    const { partitions } = assignment
    this.#assignment = assignment
    this.#subscription.refresh()
    const moved = this.#moved
    this.#moved = []
    this.#forgetPositions((position) => moved.some((other) => isSame(position, other)))
    this.#positions = [...this.#positions, ...moved]
    this.#forgetPositions((position) => ![...partitions].some((log) => isSame(position, log)))
    // First, because the listener may pause partitions as soon as it has them.
    if (!this.#stopped) {
      const options = { ...this.#options, positions: this.#positions }
      const starts = this.#group.starts(assignment, options, this.#subscription.created)
      this.#fetcher = new Fetcher(starts, this.#listener, () => this.#group.rebalance())
    }
    this.#listener.assigned(Array.from(partitions, ({ topic, partition }) => ({ topic, partition })))
    this.#fetcher?.announce()
    this.#started()
    this.#changes.began(version)
  }

  /** A heartbeat tells that the group has gone on without this member. */
  async #comeBack (member: Member): Promise<void> {
    await roundTrip()
    if (member !== this.#member) return
    this.#member = undefined
    this.#fetcher?.stop()
    this.#log?.warn({ groupId: this.#options.groupId }, 'evicted from the group: joining again')
    if (this.#assignment !== undefined) this.#listener.lost()
    this.#assignment = undefined
    await this.#drained
    await this.#join()
  }

  #logOf ({ topic, partition }: TopicPartition): PartitionLog | undefined {
    return this.#cluster.partition(topic, partition)
  }

  #closedError (): Error {
    const { groupId } = this.#options
    return new Error(`the consumer${groupId === null ? '' : ` of group '${groupId}'`} was closed before it had joined`)
  }
}

function isSame (one: TopicPartition, other: TopicPartition): boolean {
  return one.topic === other.topic && one.partition === other.partition
}

function offsetAt (log: PartitionLog, at: LogPlace): bigint {
  if (typeof at === 'object') return log.since(at.timestamp)
  return at === 'start' ? log.start : log.end
}
