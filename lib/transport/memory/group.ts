import { nextTurn, type Clock } from '../../clock.js'
import { balance, Share } from '../balance.js'
import { GenerationLostError } from '../transport.js'
import type { ConsumerOptions, StoredOffset } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import type { PartitionLog } from './partition-log.js'
import { startOf } from './start.js'
import type { Start, Stored } from './start.js'

/** A consumer, for as long as the group knows it: whoever was thrown out comes back as a new member. */
export interface Member {
  readonly topics: ReadonlySet<string>
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

/**
 * The coordinator of one consumer group, with the eager protocol of Kafka's classic groups: on every change all
 * members are asked to rejoin, and when all have done so, or their time is up, a new generation begins.
 */
export class Group {
  readonly groupId: string | null
  readonly #cluster: MemoryCluster
  readonly #members = new Set<Member>()
  /** An offset goes with its partition: of a topic that was deleted nothing is stored. */
  readonly #committed = new WeakMap<PartitionLog, Stored>()
  #generation = 0
  /** The current generation. It stays while the group rebalances, so that drained work can be committed. */
  #assignments = new Map<Member, Assignment>()
  #rebalancing = false
  /** Those that the rebalance waits for. */
  #waiting = new Set<Member>()
  readonly #clock: Clock
  #cancelTimeout = (): void => {}
  #cancelCompletion = (): void => {}

  constructor (groupId: string | null, cluster: MemoryCluster) {
    this.groupId = groupId
    this.#cluster = cluster
    this.#clock = cluster.clock
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

  /** As if the member's session had expired. */
  evict (member: Member): void {
    this.leave(member)
    member.evicted()
  }

  /** The topic is new or gone, or has new partitions. */
  topicChanged (topic: string): void {
    if (this.#subscribed().has(topic)) this.rebalance()
  }

  /** All or nothing. */
  commit (assignment: Assignment | undefined, offsets: readonly StoredOffset[]): void {
    if (assignment === undefined || this.#assignments.get(assignment.member) !== assignment) {
      throw new GenerationLostError(`group '${this.groupId}' has moved on, it is in generation ${this.#generation}`)
    }
    const commits = offsets.map(({ topic, partition, offset, metadata = '' }) => {
      const log = [...assignment.partitions].find((log) => log.topic === topic && log.partition === partition)
      // Kafka would take it and overwrite what the owner has stored.
      if (log === undefined) {
        throw new GenerationLostError(`partition ${partition} of '${topic}' is not owned in generation ${assignment.generation} of group '${this.groupId}'`)
      }
      return [log, { offset, metadata }] as const
    })
    for (const [log, stored] of commits) this.#committed.set(log, stored)
    this.#cluster.changed()
  }

  /** What is stored; undefined: nothing. */
  committed (log: PartitionLog): bigint | undefined {
    return this.#committed.get(log)?.offset
  }

  /** Where the member begins to read. `created`: topics that it has seen come. */
  starts ({ partitions }: Assignment, offsetReset: ConsumerOptions['offsetReset'], created: ReadonlySet<string>): Start[] {
    return Array.from(partitions, (log) => {
      const stored = this.#committed.get(log)
      const isNew = stored === undefined && (created.has(log.topic) || this.#knows(log.topic))
      return startOf(log, stored, isNew ? 'earliest' : offsetReset)
    })
  }

  /** What members should still read, in the partitions of the topics that they subscribe to. */
  lag (): Lag[] {
    return this.#partitions()
      .map((log) => ({ groupId: this.groupId, topic: log.topic, partition: log.partition, committed: this.#settledTo(log), end: log.end }))
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
    // Not at once: commits that were sent before the last rejoin arrive before the next generation, and whoever joins
    // in the same turn becomes part of it.
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

  /** Who reads what, from now on. */
  #owners () {
    const shares = Array.from(this.#members, (member) => new Share(member))
    const partitions = this.#partitions().map((log) => {
      const able = shares.filter(({ member }) => member.topics.has(log.topic))
      return { log, topic: log.topic, able, owner: able.find(({ member }) => this.#assignments.get(member)?.partitions.has(log)) }
    })
    balance(partitions)
    return partitions
  }

  /** Nothing before it is left to be read. */
  #settledTo (log: PartitionLog): bigint {
    const committed = this.committed(log)
    return committed !== undefined && log.holds(committed) ? committed : log.start
  }

  /** Then a partition without an offset was added later, and nobody has left out anything of it. */
  #knows (topic: string): boolean {
    return this.#cluster.partitions(topic).some((log) => this.#committed.has(log))
  }

  #subscribed (): Set<string> {
    return new Set([...this.#members].flatMap((member) => [...member.topics]))
  }

  #partitions (): PartitionLog[] {
    return [...this.#subscribed()].flatMap((topic) => this.#cluster.partitions(topic))
  }
}
