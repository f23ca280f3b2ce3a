import { AskedTopics } from '../../asked-topics.js'
import type { ConsumerOptions, TopicPartition } from '../../transport.js'
import { CODE } from '../cluster/protocol-errors.js'
import type { Operation } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'

/** The topics and partitions that a consumer asks for, and those of them that the cluster has. */
export class Subscription {
  readonly #chosen: ConsumerOptions['partitions']
  readonly #metadata: TopicMetadata
  /** Topics that passed a test of names, in alphabetical order; undefined before the first answer. */
  #matching: readonly string[] | undefined
  readonly #created = new Set<string>()
  #asked: AskedTopics

  constructor (options: Pick<ConsumerOptions, 'topics' | 'partitions'>, metadata: TopicMetadata) {
    this.#asked = new AskedTopics(options.topics)
    this.#chosen = options.partitions
    this.#metadata = metadata
  }

  /** Takes the topics of another subscription, and what it knows: a topic that it has not seen is new. */
  become (other: Subscription): void {
    this.#asked = other.#asked
    this.#matching = other.#matching
  }

  /** Names as they were given, and the existing topics that pass a test of names. */
  get topics (): readonly string[] {
    const { names, hasTests } = this.#asked
    if (!hasTests) return names
    const found = (this.#matching ?? []).filter((topic) => this.#metadata.get(topic).errorCode === CODE.none)
    return names.length === 0 ? found : [...new Set([...names, ...found])]
  }

  /** The partitions that exist, without those that the consumer did not choose. */
  get partitions (): readonly TopicPartition[] {
    const chosen = this.#chosen
    return this.topics.flatMap((topic) => this.#metadata.get(topic).leaders
      .map((_leader, partition) => ({ topic, partition }))
      .filter(({ partition }) => chosen === undefined || chosen.includes(partition)))
  }

  /** Number of partitions of each topic, as text to compare. */
  get counts (): string {
    return this.topics.map((topic) => `${topic}:${this.#metadata.get(topic).leaders.length}`).join()
  }

  includes (topic: string): boolean {
    return this.#asked.includes(topic)
  }

  /** True when the topic began to match while the consumer ran: none of its records may be left out. */
  isCreated (topic: string): boolean {
    return this.#created.has(topic)
  }

  /** Asks the cluster about the topics: for tests of names about all topics. */
  async refresh (operation: Operation): Promise<void> {
    const asked = this.#asked
    if (!asked.hasTests) return await this.#metadata.refresh(operation, asked.names)
    // The order of the answer differs from node to node.
    const matching = (await this.#metadata.refreshAll(operation)).filter((topic) => asked.passes(topic)).sort()
    const before = new Set(this.#matching ?? matching)
    for (const topic of matching) if (!before.has(topic)) this.#created.add(topic)
    this.#matching = matching
  }
}
