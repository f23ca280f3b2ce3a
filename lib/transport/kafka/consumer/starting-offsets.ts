import { sleep, within } from '../../../clock.js'
import type { ConsumerOptions, TopicPartition } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import { isFinal } from '../cluster/protocol-errors.js'
import { jittered } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId, topicOf } from '../group-by.js'
import type { Assignment } from './assignment.js'
import { listOffsets, type LogRange, type OffsetQuestion } from './list-offsets.js'
import type { Membership, Stored } from './membership.js'

/** Position where reading of a partition begins. One that is not the stored one has to be reported and committed. */
export interface Beginning extends TopicPartition {
  /** undefined: the group has nothing stored. */
  readonly stored: bigint | undefined
  /** Metadata that is stored with it. */
  readonly metadata: string | null
  readonly start: bigint
  readonly end: bigint
  /** undefined: nowhere. */
  readonly position: bigint | undefined
}

export interface StartingOffsetsOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly assignment: Assignment
  readonly membership: Pick<Membership, 'fetchStored'>
  readonly offsetReset: ConsumerOptions['offsetReset']
  readonly isolationLevel: OffsetQuestion['isolationLevel']
  /** Positions where reading begins, by `partitionId`, whatever the group has stored. */
  readonly positions: ReadonlyMap<string, bigint>
  /** True when the topic was created while the consumer waited for it. */
  readonly isCreated: (topic: string) => boolean
  /** Called once for each partition. */
  readonly begin: (beginning: Beginning) => void
  /** Called when all partitions have begun, or when some of them would keep the others waiting. May be called again. */
  readonly settled: () => void
  /** Leaders may have moved. Never rejects. */
  readonly refresh: () => Promise<void>
  /** The generation is over. */
  readonly signal: AbortSignal
}

/** ms that one look waits for the leaders; a silent one does not hold up the others, and is still heard later. */
const PATIENCE = 500
/** ms from one look to the next */
const PAUSE = 1000

/** Decides where a member begins to read, once per partition and generation. */
export class StartingOffsets {
  readonly #with: StartingOffsetsOptions
  /** Partitions whose offset was beyond the log's end, and the look that said so first. */
  readonly #ahead = new Map<string, number>()
  readonly #pending: Map<string, TopicPartition>
  #stored: ReadonlyMap<string, Stored> | undefined

  constructor (options: StartingOffsetsOptions) {
    this.#with = options
    this.#pending = new Map(options.assignment.partitions.map((partition) => [partitionId(partition), partition]))
  }

  /** Resolves when all partitions have begun, or the generation is over. Rejects when asking again would not help. */
  async run (): Promise<void> {
    const { cluster: { environment }, settled, refresh, signal } = this.#with
    for (let look = 1; this.#pending.size > 0 && !signal.aborted; look++) {
      try {
        await within(environment.clock, PATIENCE, this.#look(look))
      } catch (err) {
        if (isFinal(err)) throw err
      }
      if (this.#pending.size === 0) break
      if (look > 1 && this.#stored !== undefined) settled()
      await sleep(environment.clock, jittered(PAUSE, environment), signal)
      await refresh()
    }
    // Also when the last one has begun between two looks.
    if (!signal.aborted) settled()
  }

  async #look (look: number): Promise<void> {
    const { cluster, metadata, membership, signal } = this.#with
    // The first answer holds for the generation: a later one knows what others have stored meanwhile.
    const stored = this.#stored ?? await membership.fetchStored(this.#allPartitions())
    this.#stored ??= stored
    await listOffsets(cluster, metadata, [...this.#pending.values()], (partition, range) => {
      if (!signal.aborted) this.#begin(partition, range, look)
    }, this.#since)
  }

  /** All partitions of the topics: an offset of any of them tells that the group knows the topic. */
  #allPartitions (): readonly TopicPartition[] {
    const { assignment: { partitions }, metadata } = this.#with
    const all = new Map(partitions.map((partition) => [partitionId(partition), partition]))
    for (const topic of new Set(partitions.map(({ topic }) => topic))) {
      for (const partition of metadata.get(topic).leaders.keys()) {
        all.set(partitionId({ topic, partition }), { topic, partition })
      }
    }
    return [...all.values()]
  }

  #begin (partition: TopicPartition, range: LogRange, look: number): void {
    const id = partitionId(partition)
    if (!this.#pending.has(id)) return
    const { offset, metadata = null } = this.#stored!.get(id) ?? {}
    const chosen = this.#with.positions.get(id)
    const sought = chosen ?? offset
    if (sought !== undefined && sought > range.end && (this.#ahead.get(id) ?? look) === look) {
      // A node that was frozen takes itself for the leader until it has heard of the other one: look twice.
      this.#ahead.set(id, look)
      return
    }
    this.#pending.delete(id)
    const { topic, partition: number } = partition
    const { start, end } = range
    const position = this.#positionOf(topic, sought, range)
    // A chosen position that the log holds is none that was stored: it is told, so that it is committed.
    const stored = chosen !== undefined && position === chosen ? undefined : sought
    this.#with.begin({ topic, partition: number, stored, metadata, start, end, position })
  }

  /** Time whose offsets are asked for: that of `offsetReset`. */
  get #since (): OffsetQuestion | undefined {
    const { offsetReset, isolationLevel } = this.#with
    if (typeof offsetReset === 'string') return undefined
    return { timestamp: BigInt(offsetReset.timestamp), isolationLevel }
  }

  #positionOf (topic: string, stored: bigint | undefined, range: LogRange): bigint | undefined {
    const { start, end } = range
    if (stored === undefined) return this.#knows(topic) ? start : this.#resetTo(range)
    if (stored >= start && stored <= end) return stored
    return this.#with.offsetReset === 'fail' ? undefined : this.#resetTo(range)
  }

  #resetTo ({ start, stable, end, since }: LogRange): bigint {
    const { offsetReset, isolationLevel } = this.#with
    if (offsetReset === 'earliest' || offsetReset === 'fail') return start
    return since ?? (isolationLevel === 0 ? end : stable)
  }

  /**
   * Then a partition without an offset was added later, or its topic was, and no member has left out anything of it.
   */
  #knows (topic: string): boolean {
    return this.#with.isCreated(topic) || [...this.#stored!.keys()].some((id) => topicOf(id) === topic)
  }
}
