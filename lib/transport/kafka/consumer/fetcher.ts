import { sleep } from '../../../clock.js'
import { FETCH_DEFAULTS } from '../../transport.js'
import type { ConsumerListener, FetchOptions, TopicPartition, TopicPartitionOffset } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Connections } from '../cluster/connections.js'
import type { Node } from '../cluster/node.js'
import { answerError, throwIfFailed } from '../cluster/denied.js'
import { CODE, isFinal, type ProtocolError } from '../cluster/protocol-errors.js'
import { jittered } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { byTopic, eachOf, partitionId } from '../group-by.js'
import type { DecodeOptions } from '../records/record-set.js'
import type { FetchAnswer, FetchedPartition, FetchRequest } from '../wire.js'
import type { Assignment } from './assignment.js'
import { PartitionFetch } from './partition-fetch.js'

export interface FetcherOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  /** Connections for fetches alone: they wait at the node. */
  readonly connections: Connections
  readonly assignment: Assignment
  readonly listener: Pick<ConsumerListener, 'records' | 'corrupt'>
  readonly fetch: FetchOptions
  readonly rack: string
  readonly isolationLevel: FetchRequest['isolationLevel']
  readonly decode: DecodeOptions
  /** The log does not hold a position any more. */
  readonly outOfRange: () => void
  /** A leader does not know the topic any more. */
  readonly deleted: (topic: string) => void
  /** A leader may have moved. */
  readonly stale: () => void
  /** Fetching again would not help. */
  readonly failed: (error: Error) => void
  /** The generation is over. */
  readonly signal: AbortSignal
}

const {
  minBytes: MIN_BYTES, maxBytes: MAX_BYTES, maxBytesPerPartition: MAX_BYTES_PER_PARTITION, maxWait: MAX_WAIT
} = FETCH_DEFAULTS
/** ms; the shortest wait of a fetch while a partition is paused */
const IMPATIENT_WAIT = 10
/** ms */
const SHORTEST_PAUSE = 100
const LONGEST_PAUSE = 1000

/**
 * Reads the partitions of one generation: one fetch after the other from each node, and the next one is under way
 * while the last one is decoded and handed over. Partitions that are paused are left out, and what was fetched of them
 * is kept.
 */
export class Fetcher {
  readonly #with: FetcherOptions
  /** Partitions in fetch order: one that gave records goes to the end. */
  readonly #partitions = new Map<string, PartitionFetch>()
  readonly #looping = new Set<number>()
  #reading: boolean
  #lastPause = -Infinity

  constructor (options: FetcherOptions, reading: boolean) {
    this.#with = options
    this.#reading = reading
    options.signal.addEventListener('abort', () => { for (const fetch of this.#partitions.values()) fetch.drop() })
  }

  begin (partition: TopicPartition, position: bigint): void {
    const { assignment, listener, decode } = this.#with
    const id = partitionId(partition)
    const fetch = this.#partitions.get(id) ?? new PartitionFetch(assignment.owned(partition)!, listener, decode)
    this.#partitions.set(id, fetch)
    fetch.moveTo(position)
    this.#pump()
  }

  pause (partition: TopicPartition): void {
    const owned = this.#with.assignment.owned(partition)
    if (owned === undefined) return
    owned.paused = true
    this.#lastPause = this.#with.cluster.environment.clock.elapsed()
  }

  resume (partition: TopicPartition): void {
    const owned = this.#with.assignment.owned(partition)
    if (owned === undefined) return
    owned.paused = false
    const fetch = this.#partitions.get(partitionId(partition))
    if (fetch !== undefined) this.#drain(fetch)
    this.#pump()
  }

  seek ({ offset, ...partition }: TopicPartitionOffset): void {
    const owned = this.#with.assignment.owned(partition)
    if (owned?.stopped !== true) return
    owned.stopped = false
    this.begin(partition, offset)
  }

  /** Nothing is fetched or handed over any more. */
  stop (): void {
    this.#reading = false
  }

  /** Leaders may be others now. */
  metadataChanged (): void {
    for (const fetch of this.#partitions.values()) fetch.blocked = false
    this.#pump()
  }

  get #isReading (): boolean {
    return this.#reading && !this.#with.signal.aborted
  }

  /** Starts a loop for each node that has something to read. */
  #pump (): void {
    if (!this.#isReading) return
    for (const fetch of this.#partitions.values()) {
      const id = this.#nodeOf(fetch)
      if (!fetch.hungry || id < 0 || this.#looping.has(id)) continue
      this.#looping.add(id)
      this.#loop(id).catch(this.#with.failed)
    }
  }

  #nodeOf ({ preferred, owned: { topic, partition } }: PartitionFetch): number {
    return preferred ?? this.#with.metadata.get(topic).leaders[partition] ?? -1
  }

  async #loop (id: number): Promise<void> {
    const { cluster, connections, stale, signal } = this.#with
    let pause = SHORTEST_PAUSE
    try {
      // A turn later, when all partitions that begin now have begun.
      await null
      for (let hungry = this.#hungry(id); hungry.length > 0; hungry = this.#hungry(id)) {
        const node = cluster.node(id, connections)
        if (node === undefined) {
          for (const fetch of hungry) this.#block(fetch)
          return
        }
        try {
          await this.#fetch(node, hungry)
          pause = SHORTEST_PAUSE
        } catch (err) {
          if (isFinal(err)) throw err
          for (const fetch of hungry) fetch.preferred = undefined
          stale()
          await sleep(cluster.environment.clock, jittered(pause, cluster.environment), signal)
          pause = Math.min(pause * 2, LONGEST_PAUSE)
        }
      }
    } finally {
      this.#looping.delete(id)
    }
  }

  #hungry (id: number): readonly PartitionFetch[] {
    if (!this.#isReading) return []
    return [...this.#partitions.values()].filter((fetch) => fetch.hungry && this.#nodeOf(fetch) === id)
  }

  async #fetch (node: Node, hungry: readonly PartitionFetch[]): Promise<void> {
    const { cluster, rack, isolationLevel, fetch: bounds } = this.#with
    const { minBytes = MIN_BYTES, maxBytes = MAX_BYTES, maxBytesPerPartition = MAX_BYTES_PER_PARTITION } = bounds
    const maxWait = this.#maxWait()
    const asked = new Map(hungry.map(({ owned, next }) => [partitionId(owned), next!]))
    const rows = hungry.map(({ owned: { topic, partition }, next }) => ({ topic, partition, offset: next! }))
    const answer = await node.request('Fetch', {
      maxWait,
      minBytes,
      maxBytes,
      isolationLevel,
      rack,
      topics: byTopic(rows, ({ partition, offset }) => ({ partition, offset, maxBytes: maxBytesPerPartition }))
    }, { timeout: maxWait + cluster.requestTimeout })
    if (this.#isReading) await this.#take(answer, asked)
  }

  async #take ({ errorCode, topics }: FetchAnswer, asked: ReadonlyMap<string, bigint>): Promise<void> {
    throwIfFailed(errorCode, 'Fetch')
    const full: Array<Promise<void>> = []
    for (const fetched of eachOf(topics)) {
      const id = partitionId(fetched)
      const fetch = this.#partitions.get(id)
      const from = asked.get(id)
      if (fetch === undefined || from === undefined || from !== fetch.next) continue
      if (fetched.errorCode !== CODE.none) this.#failed(fetch, answerError(fetched.errorCode, 'Fetch', fetched))
      else this.#received(id, fetch, fetched)
      if (fetch.full && fetch.draining !== undefined) full.push(fetch.draining)
    }
    // Some may be read from another node now.
    this.#pump()
    // Without its fullest partitions the next fetch would wait for the others at the node.
    await Promise.all(full)
  }

  #received (id: string, fetch: PartitionFetch, fetched: FetchedPartition): void {
    const { preferredReadReplica, highWatermark, records } = fetched
    fetch.owned.told(highWatermark, this.#with.cluster.environment.clock.elapsed())
    if (preferredReadReplica >= 0) {
      fetch.preferred = preferredReadReplica
      return
    }
    if (records.length === 0) return
    fetch.take(fetched)
    this.#partitions.delete(id)
    this.#partitions.set(id, fetch)
    this.#drain(fetch)
  }

  #failed (fetch: PartitionFetch, error: ProtocolError): void {
    // A follower may not have come as far as its leader, which is asked next.
    const isFollowers = fetch.preferred !== undefined
    fetch.preferred = undefined
    if (isFollowers) return
    if (error.errorCode === CODE.offsetOutOfRange) this.#with.outOfRange()
    else if (error.errorCode === CODE.unknownTopicOrPartition) this.#with.deleted(fetch.owned.topic)
    else if (isFinal(error)) throw error
    this.#block(fetch)
  }

  #block (fetch: PartitionFetch): void {
    fetch.blocked = true
    this.#with.stale()
  }

  #drain (fetch: PartitionFetch): void {
    fetch.drain(() => this.#isReading).then(() => this.#drained(fetch), this.#with.failed)
  }

  /** A set without room to decompress it waits for that, and holds up no other partition. */
  #drained (fetch: PartitionFetch): void {
    fetch.whenRoom(() => { if (this.#isReading) this.#drain(fetch) })
    this.#pump()
  }

  /**
   * A fetch under way asks for no more. One that leaves out a paused partition waits no longer than a part of the
   * time since the last pause: what was paused just now is resumed soon, what was paused long ago costs no busy
   * polling.
   */
  #maxWait (): number {
    const { fetch: { maxWait = MAX_WAIT }, assignment, cluster: { environment } } = this.#with
    if (assignment.unread.every(({ paused }) => !paused)) return maxWait
    const sincePause = environment.clock.elapsed() - this.#lastPause
    return Math.min(maxWait, Math.max(IMPATIENT_WAIT, Math.ceil(sincePause / 4)))
  }
}
