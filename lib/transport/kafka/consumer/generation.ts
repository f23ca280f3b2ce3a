import type {
  ConsumerListener, ConsumerOptions, PartitionProgress, StoredOffset, TopicPartition,
  TopicPartitionOffset
} from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Connections } from '../cluster/connections.js'
import { DeniedError } from '../cluster/denied.js'
import { CODE } from '../cluster/protocol-errors.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId } from '../group-by.js'
import type { DecodeOptions } from '../records/record-set.js'
import type { Assignment } from './assignment.js'
import { Fetcher } from './fetcher.js'
import { isolationLevelOf, listOffsets } from './list-offsets.js'
import type { Membership } from './membership.js'
import { type Beginning, StartingOffsets, type StartingOffsetsOptions } from './starting-offsets.js'
import type { Subscription } from './subscription.js'
import type { Trigger } from './trigger.js'
import { toError } from '../../../to-error.js'

export interface GenerationOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly connections: Connections
  readonly membership: Membership
  readonly assignment: Assignment
  readonly options: ConsumerOptions
  readonly listener: ConsumerListener
  readonly decode: DecodeOptions
  readonly subscription: Subscription
  /** `subscription.counts` when the member joined: topics or partitions that come or go make it join again. */
  readonly counts: string
  /**
   * Positions where reading begins, by `partitionId`, whatever the group has stored. A commit of the partition ends it.
   */
  readonly positions: Map<string, bigint>
  readonly isCreated: StartingOffsetsOptions['isCreated']
  readonly settled: () => void
  readonly refresh: () => Promise<void>
  /** A leader may have moved. */
  readonly stale: Trigger
  /** Called when only a new generation can go on. */
  readonly rejoin: () => void
  /** The member cannot go on. */
  readonly failed: (error: Error) => void
}

/** ms; how old the known end of a log may get while nothing is fetched from it */
const END_MAX_AGE = 5000

/** Work of a member from one join to the next: it begins each of its partitions, and reads them. */
export class Generation {
  readonly assignment: Assignment
  readonly #with: GenerationOptions
  readonly #over = new AbortController()
  readonly #fetcher: Fetcher
  /** Topics that were deleted: offsets of another one with the same name mean other records. */
  readonly #deleted = new Set<string>()
  #reading: boolean
  #endsAt: number

  constructor (options: GenerationOptions, reading: boolean) {
    const { assignment, cluster, options: { fetch = {}, rack = '' } } = options
    const isolationLevel = isolationLevelOf(options.options)
    this.assignment = assignment
    this.#with = options
    this.#reading = reading
    this.#endsAt = cluster.environment.clock.elapsed()
    const signal = this.#over.signal
    const stale = (): void => { options.stale.fire() }
    // Another member reads the partition now, and what it stores counts from now on.
    const owned = new Set(assignment.partitions.map(partitionId))
    for (const id of options.positions.keys()) if (!owned.has(id)) options.positions.delete(id)
    const deleted = (topic: string): void => { this.#forget(topic) }
    const outOfRange = options.rejoin
    const asked = { fetch, rack, isolationLevel }
    this.#fetcher = new Fetcher({ ...options, ...asked, outOfRange, deleted, stale, signal }, reading)
  }

  /** Aborts when the generation is over. */
  get signal (): AbortSignal {
    return this.#over.signal
  }

  begin (): void {
    const { listener, assignment, options, failed, ...rest } = this.#with
    const reset = { offsetReset: options.offsetReset, isolationLevel: isolationLevelOf(options) }
    listener.assigned(assignment.partitions)
    // An error of a listener is no error of the leader that returned the offsets.
    const begin = (beginning: Beginning): void => {
      try {
        this.#beginAt(beginning)
      } catch (err) {
        failed(toError(err))
      }
    }
    new StartingOffsets({ ...rest, ...reset, assignment, begin, signal: this.signal }).run().catch(failed)
  }

  /** Nothing of it goes on. */
  end (): void {
    this.#over.abort()
  }

  pause (partition: TopicPartition): void {
    this.#fetcher.pause(partition)
  }

  resume (partition: TopicPartition): void {
    this.#fetcher.resume(partition)
  }

  seek (partition: TopicPartitionOffset): void {
    this.#fetcher.seek(partition)
  }

  progress (partition: TopicPartition): PartitionProgress {
    const { position, end, behindSince } = this.assignment.owned(partition) ?? {}
    return { position, end, behindSince }
  }

  async commit (offsets: readonly StoredOffset[]): Promise<void> {
    this.assignment.assertOwned(offsets)
    const { membership, positions, failed } = this.#with
    await membership.commit(this.assignment, offsets.filter(({ topic }) => !this.#deleted.has(topic))).catch((err) => {
      // Records that are handled from now on could not be committed either.
      if (err instanceof DeniedError) failed(err)
      throw err
    })
    for (const partition of offsets) positions.delete(partitionId(partition))
  }

  /**
   * Reads what the cluster has just told about the topics. Of a topic that was deleted, this generation commits no
   * offset. Each answer is compared: one of them may be the only one in which a topic is missing that is created anew.
   */
  described (): void {
    const { assignment, metadata, subscription, counts, rejoin } = this.#with
    for (const { topic } of assignment.partitions) {
      if (metadata.get(topic).errorCode === CODE.unknownTopicOrPartition) this.#deleted.add(topic)
    }
    if (subscription.counts !== counts) rejoin()
  }

  /**
   * A topic of the same name may be there before the metadata tells that this one was deleted: the next generation
   * begins where the group says, which has nothing stored of a topic that was deleted.
   */
  #forget (topic: string): void {
    const { membership, rejoin } = this.#with
    this.#deleted.add(topic)
    membership.forget?.(topic)
    rejoin()
  }

  /** Nothing more is read; offsets are committed all the same. */
  stop (): void {
    this.#reading = false
    this.#fetcher.stop()
  }

  metadataChanged (): void {
    this.#fetcher.metadataChanged()
  }

  /** Fetches tell how long a log is. Where nothing is fetched, the lag must not stand still. */
  refreshEnds (): void {
    const { cluster, metadata } = this.#with
    const now = cluster.environment.clock.elapsed()
    if (this.assignment.unread.length === 0 || now < this.#endsAt + END_MAX_AGE) return
    this.#endsAt = now
    // A leader that cannot tell now is asked again later.
    listOffsets(cluster, metadata, this.assignment.unread, (partition, { end }) => {
      this.assignment.owned(partition)!.told(end, cluster.environment.clock.elapsed())
    }).catch(() => {})
  }

  #beginAt ({ topic, partition, stored, metadata, start, end, position }: Beginning): void {
    const { listener } = this.#with
    const owned = this.assignment.owned({ topic, partition })!
    owned.position = position
    owned.told(end, this.#with.cluster.environment.clock.elapsed())
    owned.stopped = position === undefined
    if (this.#reading) {
      if (position !== undefined && position === stored) listener.stored(topic, partition, stored, metadata)
      else if (stored !== undefined) listener.reset(topic, partition, { stored, start, end, position })
      // To be committed before anything comes: from then on it is noticed when the log loses what was not read.
      if (position !== undefined && position !== stored && !this.signal.aborted) {
        listener.records(topic, partition, [], position)
      }
    }
    // A listener may have moved it already, or have closed the consumer.
    if (position !== undefined && !this.signal.aborted) this.#fetcher.begin(owned, position)
  }
}
