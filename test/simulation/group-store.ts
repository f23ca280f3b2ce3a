import type { GroupMember } from './group-member.js'

/** An offset that a group has stored. */
export interface StoredOffset {
  readonly offset: bigint
  readonly metadata: string
}

/** What a group's log says of it: the last generation that was complete. */
export interface Snapshot {
  readonly generation: number
  readonly since: number
  readonly protocol: string
  readonly leader: string
  readonly members: readonly GroupMember[]
}

/** A commit as it came to be stored. */
export interface CommitRecord {
  readonly groupId: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** Virtual time */
  readonly at: number
  /** It is of a generation that knew an earlier topic of that name. */
  readonly stale: boolean
}

/** What is replicated of groups, and so is not lost with a coordinator. */
export class GroupStore {
  readonly #offsets = new Map<string, Map<string, StoredOffset>>()
  /** Up to where records are left out because of a stale commit: Kafka knows topics by their names. */
  readonly #excused = new Map<string, bigint>()
  readonly #snapshots = new Map<string, Snapshot>()
  readonly commits: CommitRecord[] = []
  #members = 0

  /** A number that no member has had before, also when its coordinator is restarted: Kafka takes a UUID. */
  nextMember (): number {
    return ++this.#members
  }

  offset (groupId: string, topic: string, partition: number): StoredOffset | undefined {
    return this.#offsets.get(groupId)?.get(`${topic}:${partition}`)
  }

  commit (record: CommitRecord, metadata: string): void {
    const { groupId, topic, partition, offset } = record
    let offsets = this.#offsets.get(groupId)
    if (offsets === undefined) this.#offsets.set(groupId, offsets = new Map())
    offsets.set(`${topic}:${partition}`, { offset, metadata })
    this.commits.push(record)
    if (record.stale) this.#excused.set(`${topic}:${partition}`, offset)
  }

  excused (topic: string, partition: number): bigint {
    return this.#excused.get(`${topic}:${partition}`) ?? 0n
  }

  get groups (): readonly string[] {
    return [...this.#snapshots.keys()]
  }

  snapshot (groupId: string): Snapshot | undefined {
    return this.#snapshots.get(groupId)
  }

  save (groupId: string, snapshot: Snapshot): true {
    this.#snapshots.set(groupId, snapshot)
    return true
  }

  /** A topic was deleted. */
  forget (topic: string): void {
    for (const offsets of this.#offsets.values()) {
      for (const name of offsets.keys()) if (name.startsWith(`${topic}:`)) offsets.delete(name)
    }
    for (const name of this.#excused.keys()) if (name.startsWith(`${topic}:`)) this.#excused.delete(name)
  }

  /** The group was deleted by an administrator. */
  forgetGroup (groupId: string): void {
    this.#offsets.delete(groupId)
    this.#snapshots.delete(groupId)
  }
}
