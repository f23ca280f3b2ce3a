import { FASTSTREAM_ERR_TOPICS } from '../../errors.js'
import { SendError } from '../transport.js'
import type { NewTopic, ProducedRecord } from '../transport.js'
import { Group } from './group.js'
import type { Lag } from './group.js'
import { copyBytesOf, sizeOf } from './partition-log.js'
import type { LoggedRecord, PartitionLog } from './partition-log.js'
import { TopicLog, refusal } from './topic-log.js'

/** `message.max.bytes` of a Kafka that nobody has configured. */
const maxRecordBytes = 1048588

/** What Kafka's brokers are in one object: several transports may share it, as processes share a cluster. */
export class MemoryCluster {
  readonly #topics = new Map<string, TopicLog>()
  readonly #groups = new Map<string, Group>()
  readonly #listeners = new Set<() => void>()

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
    if (refused.size > 0) throw new FASTSTREAM_ERR_TOPICS([...refused.keys()].join(', '), [...refused.values()].join(', '))
  }

  /** Raises the number of partitions of a topic to `count`, as Kafka's admin client does. */
  createPartitions (topic: string, count: number): void {
    this.#topics.get(topic)?.grow(count)
    this.#topicChanged(topic)
  }

  partitions (topic: string): readonly PartitionLog[] {
    return this.#topics.get(topic)?.partitions ?? []
  }

  partition (topic: string, partition: number): PartitionLog | undefined {
    return this.partitions(topic)[partition]
  }

  /** Stores all of them, or none and throws a `SendError`. */
  append (records: readonly ProducedRecord[]): bigint[] {
    const appends = records.map((record) => ({ record, log: this.#logFor(record) }))
    const offsets = appends.map(({ record, log }) => log.append(record))
    this.changed()
    return offsets
  }

  group (groupId: string): Group {
    let group = this.#groups.get(groupId)
    if (group === undefined) {
      group = new Group(groupId, this)
      this.#groups.set(groupId, group)
    }
    return group
  }

  /** Everything in a topic, in the order in which it came. */
  records (topic: string): readonly LoggedRecord[] {
    return (this.#topics.get(topic)?.records ?? []).map(copyBytesOf)
  }

  /** Every partition that a living member of some group subscribes to and that the group has not committed to its end. */
  lag (): readonly Lag[] {
    return [...this.#groups.values()].flatMap((group) => group.lag())
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
    for (const group of this.#groups.values()) group.topicChanged(topic)
  }

  #logFor (record: ProducedRecord): PartitionLog {
    const { topic, partition } = record
    const log = this.partition(topic, partition)
    if (log === undefined) throw new SendError(`topic '${topic}' has no partition ${partition}`, 'not-sent', 'refused')
    const size = sizeOf(record)
    if (size <= maxRecordBytes) return log
    throw new SendError(`a record for '${topic}' has ${size} bytes, the cluster takes ${maxRecordBytes}`, 'not-sent', 'refused')
  }
}

export function createMemoryCluster (): MemoryCluster {
  return new MemoryCluster()
}
