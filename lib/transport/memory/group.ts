import { nextTurn, type Clock } from '../../clock.js'
import { balance, Share } from '../balance.js'
import { GenerationLostError, type ConsumerOptions, type StoredOffset } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import { GroupOffsets } from './group-offsets.js'
import type { PartitionLog } from './partition-log.js'
import type { Start } from './start.js'

/** A consumer, for as long as the group knows it: a consumer that was evicted joins as a new member. */
export interface Member {
  /** True when the member subscribes to the topic, which may not exist. */
  readonly subscribes: (topic: string) => boolean
  /** True when the member may own the partition. */
  readonly reads: (log: PartitionLog) => boolean
  /** ms */
  readonly rebalanceTimeout: number
  /** The group rebalances: answer with `rejoin`. */
  revoke (): void
  assign (assignment: Assignment): void
  evicted (): void
}

/** One member's part of one generation. A commit names the one that it belongs to. */
export interface Assignment {
  readonly member: Member
  readonly generation: number
  readonly partitions: ReadonlySet<PartitionLog>
}

export interface Lag {
  /** `null`: a consumer without a group. */
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  readonly committed: bigint
  readonly end: bigint
}

function ignore (): void {}

/**
 * The coordinator of one consumer group, with the eager protocol of Kafka's classic groups: on every change all
 * members are asked to rejoin, and when all have done so, or their time is up, a new generation begins.
 */
export class Group {
  readonly groupId: string | null
  readonly #cluster: MemoryCluster
  readonly #members = new Set<Member>()
  readonly #offsets: GroupOffsets
  /** The group whose offsets these are, when this one is only a consumer with partitions chosen by hand. */
  readonly #home: Group | undefined
  #generation = 0
  /** The current generation. It stays while the group rebalances, so that drained work can be committed. */
  #assignments = new Map<Member, Assignment>()
  #rebalancing = false
  /** Members that the rebalance waits for. */
  #waiting = new Set<Member>()
  readonly #clock: Clock
  #cancelTimeout = ignore
  #cancelCompletion = ignore

  constructor (groupId: string | null, cluster: MemoryCluster, home?: Group) {
    this.groupId = groupId
    this.#cluster = cluster
    this.#clock = cluster.clock
    this.#home = home
    this.#offsets = home === undefined ? new GroupOffsets() : home.#offsets
  }

  join (member: Member): void {
    this.rebalance()
    this.#members.add(member)
  }

  rejoin (member: Member): void {
    this.#waiting.delete(member)
    this.#completeWhenReady()
  }

  leave (member: Member): void {
    if (!this.#members.delete(member)) return
    this.#assignments.delete(member)
    this.#waiting.delete(member)
    this.rebalance()
  }

  /** Evicts the member, as when its session has expired. */
  evict (member: Member): void {
    this.leave(member)
    member.evicted()
  }

  /** The topic is new or gone, or has new partitions. */
  topicChanged (topic: string): void {
    if ([...this.#members].some((member) => member.subscribes(topic))) this.rebalance()
  }

  /** Stores all of the offsets or none. */
  commit (assignment: Assignment | undefined, offsets: readonly StoredOffset[]): void {
    if (this.#home !== undefined && this.#home.#members.size > 0) {
      const reason = 'has members: partitions that are chosen by hand need a group of their own'
      throw new Error(`group '${this.groupId}' ${reason}`)
    }
    if (assignment === undefined || this.#assignments.get(assignment.member) !== assignment) {
      throw new GenerationLostError(`group '${this.groupId}' has moved on, it is in generation ${this.#generation}`)
    }
    const commits = offsets.map(({ topic, partition, offset, metadata = '' }) => {
      const log = [...assignment.partitions].find((log) => log.topic === topic && log.partition === partition)
      // Kafka would take it and overwrite what the owner has stored.
      if (log === undefined) {
        const owner = `generation ${assignment.generation} of group '${this.groupId}'`
        throw new GenerationLostError(`partition ${partition} of '${topic}' is not owned in ${owner}`)
      }
      return [log, { offset, metadata }] as const
    })
    for (const [log, stored] of commits) this.#offsets.store(log, stored)
    this.#cluster.changed()
  }

  /** The stored offset; undefined where there is none. */
  committed (log: PartitionLog): bigint | undefined {
    return this.#offsets.of(log)
  }

  /** Returns where the member begins to read. `created`: topics that were created while it was a member. */
  starts ({ partitions }: Assignment, options: ConsumerOptions, created: ReadonlySet<string>): Start[] {
    return Array.from(partitions, (log) => {
      return this.#offsets.start(log, options, created.has(log.topic) || this.#knows(log.topic))
    })
  }

  /** Records that members still have to read in the partitions that they may own. */
  lag (): Lag[] {
    return this.#partitions()
      .map((log) => {
        const { topic, partition, end } = log
        return { groupId: this.groupId, topic, partition, committed: this.#settledTo(log), end }
      })
      .filter(({ committed, end }) => committed < end)
  }

  /** All members begin a new generation. */
  rebalance (): void {
    if (!this.#rebalancing) {
      this.#rebalancing = true
      this.#waiting = new Set(this.#members)
      const timeouts = [...this.#members].map((member) => member.rebalanceTimeout)
      this.#cancelTimeout = this.#clock.schedule(Math.max(0, ...timeouts), () => { this.#goOnWithout() })
      for (const member of this.#members) member.revoke()
    }
    this.#completeWhenReady()
  }

  #goOnWithout (): void {
    for (const member of this.#waiting) this.evict(member)
  }

  #completeWhenReady (): void {
    if (!this.#rebalancing || this.#waiting.size > 0) return
    // Not at once: commits that were sent before the last rejoin arrive before the next generation, and a
    // member that joins in the same turn becomes part of it.
    this.#cancelCompletion()
    this.#cancelCompletion = nextTurn(() => { this.#complete() })
  }

  #complete (): void {
    this.#cancelTimeout()
    this.#rebalancing = false
    const generation = ++this.#generation
    const owners = this.#owners()
    this.#assignments = new Map()
    for (const member of this.#members) {
      const partitions = new Set(owners.filter(({ owner }) => owner?.member === member).map(({ log }) => log))
      const assignment = { member, generation, partitions }
      this.#assignments.set(member, assignment)
      member.assign(assignment)
    }
    this.#cluster.changed()
  }

  /** Chooses the owner of each partition. */
  #owners () {
    const shares = Array.from(this.#members, (member) => new Share(member))
    const partitions = this.#partitions().map((log) => {
      const able = shares.filter(({ member }) => member.reads(log))
      const owner = able.find(({ member }) => this.#assignments.get(member)?.partitions.has(log))
      return { log, topic: log.topic, able, owner }
    })
    balance(partitions)
    return partitions
  }

  /** Returns the offset before which no record is left to be read. */
  #settledTo (log: PartitionLog): bigint {
    const committed = this.committed(log)
    return committed !== undefined && log.holds(committed) ? committed : log.start
  }

  /** True when the group has an offset of the topic: a partition without one is new, and is read from its start. */
  #knows (topic: string): boolean {
    return this.#cluster.partitions(topic).some((log) => this.#offsets.has(log))
  }

  /** The partitions that at least one member may own. */
  #partitions (): PartitionLog[] {
    return this.#cluster.logs().filter((log) => [...this.#members].some((member) => member.reads(log)))
  }
}
