import type { ConsumerOptions } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import type { PartitionLog } from './partition-log.js'

/** The topics and partitions that a consumer asks for, and those of them that exist. */
export class Subscription {
  readonly #cluster: MemoryCluster
  readonly #options: ConsumerOptions
  #existing: ReadonlySet<string> | undefined
  /** Topics that came into being while the consumer ran: nothing of them may be left out. */
  readonly created = new Set<string>()

  constructor (cluster: MemoryCluster, options: ConsumerOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  includes (topic: string): boolean {
    const { topics } = this.#options
    return typeof topics === 'function' ? topics(topic) : topics.includes(topic)
  }

  covers ({ topic, partition }: PartitionLog): boolean {
    return this.includes(topic) && this.#options.partitions?.includes(partition) !== false
  }

  /** Topics that were asked for by name and do not exist. */
  missing (): readonly string[] {
    const { topics } = this.#options
    return typeof topics === 'function' ? [] : topics.filter((topic) => this.#cluster.partitions(topic).length === 0)
  }

  /** Takes note of the topics that exist now. */
  refresh (): void {
    const existing = new Set(this.#cluster.logs().map(({ topic }) => topic).filter((topic) => this.includes(topic)))
    for (const topic of existing) if (this.#existing?.has(topic) === false) this.created.add(topic)
    this.#existing = existing
  }
}
