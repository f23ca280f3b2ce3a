import { systemClock, type Clock } from '../../clock.js'
import { FASTSTREAM_ERR_TOPICS } from '../../errors.js'
import { SendError } from '../transport.js'
import type { NewTopic, ProducedRecord } from '../transport.js'
import { Group } from './group.js'
import type { Lag } from './group.js'
import { LoggedRecord } from './logged-record.js'
import type { PartitionLog } from './partition-log.js'
import { TopicLog, refusal } from './topic-log.js'

/** Kafka's default of `message.max.bytes`; in spite of its name it bounds the batch of a partition. */
const maxBatchBytes = 1048588

/** Kafka's brokers in one object. Several transports may share it, as processes share a cluster. */
export class MemoryCluster {
  readonly clock: Clock
  readonly #topics = new Map<string, TopicLog>()
  readonly #groups = new Set<Group>()
  readonly #listeners = new Set<() => void>()

  constructor (clock: Clock) {
    this.clock = clock
  }

  /** Creates those that it can, and throws `FASTSTREAM_ERR_TOPICS` for the others. One that exists is left as it is. */
  createTopics (topics: readonly NewTopic[]): void {
    const refused = new Map<string, string>()
    for (const { topic, partitions } of topics) {
      if (this.#topics.has(topic)) continue
      const reason = refusal(topic, partitions, this.#topics.keys())
      if (reason !== undefined) {
        refused.set(topic, reason)
        continue
      }
      this.#topics.set(topic, new TopicLog(topic, partitions))
      this.#topicChanged(topic)
    }
    if (refused.size > 0) {
      throw new FASTSTREAM_ERR_TOPICS([...refused.keys()].join(', '), [...refused.values()].join(', '))
    }
  }

  /** Raises the number of partitions of a topic to `count`, as Kafka's admin client does. */
  createPartitions (topic: string, count: number): void {
    this.#topics.get(topic)?.grow(count)
    this.#topicChanged(topic)
  }

  /** The topic is gone, with what groups have stored of it; recreated it begins at 0. */
  deleteTopic (topic: string): void {
    this.#topics.delete(topic)
    this.#topicChanged(topic)
  }

  /** Removes the records before the offset `before`, as when their retention has passed. */
  deleteRecords (topic: string, partition: number, before: bigint): void {
    this.partition(topic, partition)?.deleteBefore(before)
  }

  partitions (topic: string): readonly PartitionLog[] {
    return this.#topics.get(topic)?.partitions ?? []
  }

  /** The partitions of all topics. */
  logs (): PartitionLog[] {
    return [...this.#topics.values()].flatMap(({ partitions }) => partitions)
  }

  partition (topic: string, partition: number): PartitionLog | undefined {
    return this.partitions(topic)[partition]
  }

  /**
   * Appends records as Kafka does: those of one partition are stored or refused as a whole, whatever becomes of the
   * others. Throws a `SendError` when any is refused.
   */
  append (records: readonly ProducedRecord[]): bigint[] {
    return this.appendCopies(LoggedRecord.of(records))
  }

  /** Appends records that nothing else has, as {@link append} does. */
  appendCopies (records: readonly LoggedRecord[]): bigint[] {
    const logs = records.map(({ topic, partition }) => this.partition(topic, partition))
    const sizes = new Map<PartitionLog | undefined, number>()
    for (const [i, { size }] of records.entries()) sizes.set(logs[i], (sizes.get(logs[i]) ?? 0) + size)

    const offsets = records.map((record, i) => {
      const log = logs[i]
      return log === undefined || sizes.get(log)! > maxBatchBytes ? undefined : log.append(record)
    })
    this.changed()

    if (isComplete(offsets)) return offsets
    const first = offsets.indexOf(undefined)
    const { topic, partition } = records[first] as LoggedRecord
    const log = logs[first]
    if (log === undefined) {
      throw new SendError(`topic '${topic}' has no partition ${partition}`, 'not-sent', 'refused', { offsets })
    }
    const size = `${sizes.get(log)} bytes for partition ${partition} of '${topic}'`
    throw new SendError(`${size}, the cluster takes ${maxBatchBytes}`, 'not-sent', 'too-large', { offsets })
  }

  /** The group of that name; with `null` a group that no other consumer can join, to be given back with `forget`. */
  group (groupId: string | null): Group {
    const known = [...this.#groups].find((group) => groupId !== null && group.groupId === groupId)
    const group = known ?? new Group(groupId, this)
    this.#groups.add(group)
    return group
  }

  /** A stand-in for the group of a consumer whose partitions are chosen by hand: same offsets, no other member. */
  groupOfOne (groupId: string): Group {
    const group = new Group(groupId, this, this.group(groupId))
    this.#groups.add(group)
    return group
  }

  forget (group: Group): void {
    this.#groups.delete(group)
  }

  /** All records of a topic, in the order of their appends. */
  records (topic: string): readonly LoggedRecord[] {
    return LoggedRecord.copies(this.#topics.get(topic)?.records ?? [])
  }

  /** The partitions that a living member of some group subscribes to and that are not committed to their end. */
  lag (): readonly Lag[] {
    return [...this.#groups].flatMap((group) => group.lag())
  }

  /** Calls `listener` after every append, commit and rebalance, until the function that it returns is called. */
  onChange (listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }

  /** Groups call it. */
  changed (): void {
    for (const listener of this.#listeners) listener()
  }

  #topicChanged (topic: string): void {
    for (const group of this.#groups) group.topicChanged(topic)
  }
}

function isComplete (offsets: ReadonlyArray<bigint | undefined>): offsets is bigint[] {
  return !offsets.includes(undefined)
}

export function createMemoryCluster (clock: Clock = systemClock): MemoryCluster {
  return new MemoryCluster(clock)
}
