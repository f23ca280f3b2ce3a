import { PartitionLog } from './partition-log.js'
import type { LoggedRecord } from './logged-record.js'

export class TopicLog {
  readonly topic: string
  readonly partitions: PartitionLog[] = []
  /** Records of all partitions, in the order of their appends. */
  readonly #arrivals: LoggedRecord[] = []

  constructor (topic: string, partitions: number) {
    this.topic = topic
    this.grow(partitions)
  }

  /** Records that can be read, in the order of their appends. */
  get records (): readonly LoggedRecord[] {
    return this.#arrivals.filter(({ partition, offset }) => offset >= this.partitions[partition]!.start)
  }

  /** Partitions are added until there are `count`; Kafka never takes one away. */
  grow (count: number): void {
    while (this.partitions.length < count) {
      this.partitions.push(new PartitionLog(this.topic, this.partitions.length, this.#arrivals))
    }
  }
}

/** Why Kafka would not create the topic, if so. */
export function refusal (topic: string, partitions: number, existing: Iterable<string>): string | undefined {
  if (!/^[a-zA-Z0-9._-]{1,249}$/.test(topic) || topic === '.' || topic === '..') return 'the name is invalid'
  if (!Number.isInteger(partitions) || partitions < 1) return `${partitions} is no number of partitions`
  // Kafka's metrics know both by the same name.
  const twin = [...existing].find((other) => metricName(other) === metricName(topic))
  if (twin !== undefined) return `the name collides with '${twin}'`
}

function metricName (topic: string): string {
  return topic.replaceAll('.', '_')
}
