import { isTopic } from '../topic-partition.js'
import type { ConsumerOptions } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import type { PartitionLog } from './partition-log.js'

/** The topics and partitions that a consumer asks for, and those of them that exist. */
export class Subscription {
  readonly #cluster: MemoryCluster
  readonly #partitions: ConsumerOptions['partitions']
  #topics: ConsumerOptions['topics']
  #existing: ReadonlySet<string> | undefined
  /** Topics that came into being while the consumer ran: nothing of them may be left out. */
  readonly created = new Set<string>()

  constructor (cluster: MemoryCluster, options: ConsumerOptions) {
    this.#cluster = cluster
    this.#partitions = options.partitions
    this.#topics = options.topics
  }

  /** Replaces the topics. Throws for a name that no topic can have, as Kafka refuses it. */
  change (topics: ConsumerOptions['topics']): void {
    const illegal = typeof topics === 'function' ? undefined : topics.find((topic) => !isTopic(topic))
    if (illegal !== undefined) throw new Error(`'${illegal}' is no name of a topic: the earlier topics are kept`)
    this.#topics = topics
    this.#existing = undefined
    this.refresh()
  }

  includes (topic: string): boolean {
    const topics = this.#topics
    return typeof topics === 'function' ? topics(topic) : topics.includes(topic)
  }

  covers ({ topic, partition }: PartitionLog): boolean {
    return this.includes(topic) && this.#partitions?.includes(partition) !== false
  }

  /** Topics that were asked for by name and do not exist. */
  missing (): readonly string[] {
    const topics = this.#topics
    return typeof topics === 'function' ? [] : topics.filter((topic) => this.#cluster.partitions(topic).length === 0)
  }

  /** Takes note of the topics that exist now. */
  refresh (): void {
    const existing = new Set(this.#cluster.logs().map(({ topic }) => topic).filter((topic) => this.includes(topic)))
    for (const topic of existing) if (this.#existing?.has(topic) === false) this.created.add(topic)
    this.#existing = existing
  }
}
