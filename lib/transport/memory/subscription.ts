import { AskedTopics } from '../asked-topics.js'
import { isTopic } from '../topic-partition.js'
import type { ConsumerOptions } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import type { PartitionLog } from './partition-log.js'

/** The topics and partitions that a consumer asks for, and those of them that exist. */
export class Subscription {
  readonly #cluster: MemoryCluster
  readonly #partitions: ConsumerOptions['partitions']
  #topics: AskedTopics
  #existing: ReadonlySet<string> | undefined
  /** Topics that came into being while the consumer ran: nothing of them may be left out. */
  readonly created = new Set<string>()

  constructor (cluster: MemoryCluster, options: ConsumerOptions) {
    this.#cluster = cluster
    this.#partitions = options.partitions
    this.#topics = new AskedTopics(options.topics)
  }

  /** Replaces the topics. Throws for a name that no topic can have, as Kafka refuses it. */
  change (topics: ConsumerOptions['topics']): void {
    const asked = new AskedTopics(topics)
    const illegal = asked.names.find((topic) => !isTopic(topic))
    if (illegal !== undefined) throw new Error(`'${illegal}' is no name of a topic: the earlier topics are kept`)
    this.#topics = asked
    this.#existing = undefined
    this.refresh()
  }

  includes (topic: string): boolean {
    return this.#topics.includes(topic)
  }

  covers ({ topic, partition }: PartitionLog): boolean {
    return this.includes(topic) && this.#partitions?.includes(partition) !== false
  }

  /** Topics that were asked for by name and do not exist. */
  missing (): readonly string[] {
    return this.#topics.names.filter((topic) => this.#cluster.partitions(topic).length === 0)
  }

  /** Takes note of the topics that exist now. */
  refresh (): void {
    const existing = new Set(this.#cluster.logs().map(({ topic }) => topic).filter((topic) => this.includes(topic)))
    for (const topic of existing) if (this.#existing?.has(topic) === false) this.created.add(topic)
    this.#existing = existing
  }
}
