import { FASTSTREAM_ERR_CONNECT, FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../../../errors.js'
import type { TransportOptions } from '../../transport.js'
import type { Cluster, TopicMetadata } from './cluster.js'
import { code, protocolError, reasonOf } from './protocol-errors.js'
import type { Operation } from './retry-until.js'

/** ms that a new topic may need until every node has heard of it. */
export const propagation = 1500

const maxAge = 5000
const unknown: TopicMetadata = { errorCode: code.unknownTopicOrPartition, leaders: [] }

/** What a producer knows of the topics that it writes to. */
export class Topics {
  readonly #cluster: Cluster
  readonly #options: Pick<TransportOptions, 'brokers' | 'connectTimeout'>
  readonly #known = new Map<string, TopicMetadata>()
  readonly #looks = new Map<string, Promise<number>>()
  #freshUntil = 0

  constructor (cluster: Cluster, options: Pick<TransportOptions, 'brokers' | 'connectTimeout'>) {
    this.#cluster = cluster
    this.#options = options
  }

  get (topic: string): TopicMetadata {
    return this.#known.get(topic) ?? unknown
  }

  async refresh (operation: Operation, topics: readonly string[]): Promise<void> {
    const described = await this.#cluster.describe(operation, topics)
    for (const [topic, metadata] of described) this.#known.set(topic, metadata)
  }

  /** Use keeps it fresh, not a timer: who publishes notices new partitions within `maxAge` or with the next record. */
  partitionCount (topic: string): number | Promise<number> {
    const { leaders } = this.get(topic)
    if (leaders.length === 0) return this.#look(topic)
    if (Date.now() > this.#freshUntil) this.#refreshInBackground()
    return leaders.length
  }

  #refreshInBackground (): void {
    this.#freshUntil = Date.now() + maxAge
    // What fails here is still known as it was, and a send that it matters for looks again by itself.
    this.#cluster.until(this.#deadline(), (operation) => this.refresh(operation, [...this.#known.keys()])).catch(() => {})
  }

  /** One look at a time: a thousand publishes to a topic that is not there ask once. */
  #look (topic: string): Promise<number> {
    const look = this.#looks.get(topic) ?? this.#lookNow(topic).finally(() => this.#looks.delete(topic))
    this.#looks.set(topic, look)
    return look
  }

  async #lookNow (topic: string): Promise<number> {
    const { errorCode, leaders } = await this.#cluster.until(this.#deadline(), (operation) => this.#find(operation, topic)).catch((err) => {
      throw new FASTSTREAM_ERR_CONNECT(this.#options.brokers.join(', '), reasonOf(err), { cause: err })
    })
    if (leaders.length > 0) return leaders.length
    this.#known.delete(topic)
    if (errorCode === code.unknownTopicOrPartition) throw new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic)
    throw new FASTSTREAM_ERR_TOPICS(topic, protocolError(errorCode).message)
  }

  async #find (operation: Operation, topic: string): Promise<TopicMetadata> {
    let unknownSince: number | undefined
    return await operation.repeat(async () => {
      await this.refresh(operation, [topic])
      const found = this.get(topic)
      const error = protocolError(found.errorCode)
      unknownSince ??= Date.now()
      if (found.leaders.length === 0 && error.retriable && Date.now() - unknownSince < propagation) throw error
      return found
    })
  }

  #deadline (): number {
    return Date.now() + this.#options.connectTimeout
  }
}
