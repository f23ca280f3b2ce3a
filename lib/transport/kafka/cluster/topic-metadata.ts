import { FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../../../errors.js'
import { METADATA_MAX_AGE, type TransportOptions } from '../../transport.js'
import type { MetadataAnswer } from '../wire.js'
import type { Cluster } from './cluster.js'
import { answerError, namedError } from './denied.js'
import { CODE, isCoded, ProtocolError } from './protocol-errors.js'
import type { Operation } from './retry-until.js'
import { unreachable } from './security-error.js'

/** ms that a new topic may need until every node has heard of it. */
export const PROPAGATION = 1500

export interface TopicState {
  readonly errorCode: number
  /** Node id of the leader by partition, −1 while there is none. */
  readonly leaders: readonly number[]
}

type MetadataOptions = Pick<TransportOptions, 'brokers' | 'connectTimeout' | 'metadataMaxAge'>

const UNKNOWN: TopicState = { errorCode: CODE.unknownTopicOrPartition, leaders: [] }

/** Metadata of the topics that one app uses: the only metadata cache of its cluster. */
export class TopicMetadata {
  readonly #cluster: Cluster
  readonly #options: MetadataOptions
  readonly #known = new Map<string, TopicState>()
  readonly #written = new Set<string>()
  readonly #looks = new Map<string, Promise<number>>()
  /** Time by `elapsed` until which the metadata count as fresh. */
  #freshUntil = 0

  constructor (cluster: Cluster, options: MetadataOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /** ms; how old the metadata of a topic in use may get. */
  get maxAge (): number {
    return this.#options.metadataMaxAge ?? METADATA_MAX_AGE
  }

  get (topic: string): TopicState {
    return this.#known.get(topic) ?? UNKNOWN
  }

  /** Throws when the cluster keeps the topic from this client for good, as for want of a right to read it. */
  throwIfRefused (topic: string): void {
    const { errorCode } = this.get(topic)
    const error = answerError(errorCode, 'Fetch', { topic })
    if (errorCode !== CODE.none && !error.retriable) throw error
  }

  async refresh (operation: Operation, topics: readonly string[]): Promise<void> {
    for (const described of await this.#cluster.describe(operation, topics)) this.#learn(described)
  }

  /** Resolves with the names of all topics that the cluster has and shows to this client. */
  async refreshAll (operation: Operation): Promise<readonly string[]> {
    const described = await this.#cluster.describe(operation, null)
    this.#known.clear()
    for (const topic of described) this.#learn(topic)
    return [...this.#known.keys()]
  }

  #learn ({ topic, errorCode, partitions }: MetadataAnswer['topics'][number]): void {
    const leaders = new Array<number>(partitions.length).fill(-1)
    // The size of an answer bounds its indexes: a larger index would make a list of any length.
    for (const { partition, leader } of partitions) if (partition in leaders) leaders[partition] = leader
    this.#known.set(topic, { errorCode, leaders })
  }

  /**
   * Returns the number of partitions, for a producer. Use keeps it fresh, not a timer: new partitions are noticed
   * within `maxAge` of use.
   */
  partitionCount (topic: string): number | Promise<number> {
    const { leaders } = this.get(topic)
    if (leaders.length === 0) return this.#look(topic)
    this.#written.add(topic)
    if (this.#cluster.environment.clock.elapsed() > this.#freshUntil) this.#refreshInBackground()
    return leaders.length
  }

  #refreshInBackground (): void {
    this.#freshUntil = this.#cluster.environment.clock.elapsed() + this.maxAge
    // A failure leaves what is known, and a send that needs more looks again by itself.
    const refresh = (operation: Operation): Promise<void> => this.refresh(operation, [...this.#written])
    this.#cluster.until(this.#options.connectTimeout, refresh).catch(() => {})
  }

  /** One look at a time: a thousand publishes to a topic that is not there ask once. */
  #look (topic: string): Promise<number> {
    const look = this.#looks.get(topic) ?? this.#lookNow(topic).finally(() => this.#looks.delete(topic))
    this.#looks.set(topic, look)
    return look
  }

  async #lookNow (topic: string): Promise<number> {
    const { brokers, connectTimeout } = this.#options
    const find = (operation: Operation): Promise<TopicState> => this.#find(operation, topic)
    const { errorCode, leaders } = await this.#cluster.until(connectTimeout, find).catch((err) => {
      throw unreachable(err, brokers)
    })
    if (leaders.length > 0) return leaders.length
    this.#known.delete(topic)
    this.#written.delete(topic)
    if (errorCode === CODE.unknownTopicOrPartition) throw new FASTSTREAM_ERR_UNKNOWN_TOPIC(topic)
    const error = namedError(answerError(errorCode, 'Produce', { topic }), this.#cluster.principal)
    throw isCoded(error) ? error : new FASTSTREAM_ERR_TOPICS(topic, error.message)
  }

  async #find (operation: Operation, topic: string): Promise<TopicState> {
    const { clock } = this.#cluster.environment
    let unknownSince: number | undefined
    return await operation.repeat(async () => {
      await this.refresh(operation, [topic])
      const found = this.get(topic)
      const error = new ProtocolError(found.errorCode)
      unknownSince ??= clock.elapsed()
      if (found.leaders.length === 0 && error.retriable && clock.elapsed() - unknownSince < PROPAGATION) throw error
      return found
    })
  }
}
