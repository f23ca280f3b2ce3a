import { systemClock, within } from '../../clock.js'
import type { ConsumerOptions, TopicPartition } from '../transport.js'
import { partitionId } from '../kafka/group-by.js'
import { listOffsets } from './list-offsets.js'
import type { Leaders, LogRange } from './list-offsets.js'

/** Where the reading of a partition begins. Another position than what is stored has to be told and committed. */
export interface Beginning extends TopicPartition {
  /** undefined: the group has nothing stored. */
  readonly stored: bigint | undefined
  /** What is stored with it. */
  readonly metadata: string | null
  readonly start: bigint
  readonly end: bigint
  /** undefined: nowhere. */
  readonly position: bigint | undefined
}

export interface OffsetFetchRequest {
  readonly groupId: string
  readonly topics: ReadonlyArray<{ readonly topic: string, readonly partitions: ReadonlyArray<{ readonly partition: number }> }>
}

export interface OffsetFetchAnswer {
  readonly responses: ReadonlyArray<{ readonly topic: string, readonly partitions: ReadonlyArray<{ readonly partition: number, readonly offset: string, readonly metadata: string | null }> }>
}

interface Stored {
  readonly offset: bigint
  readonly metadata: string | null
}

export interface StartingOffsetsOptions {
  readonly cluster: Leaders & { refreshMetadata (): Promise<void> }
  readonly offsetReset: ConsumerOptions['offsetReset']
  /** Whether the topic was created while the consumer waited for it. */
  readonly isCreated: (topic: string) => boolean
  /** Asks for what is stored: by the coordinator of the group, or by whoever stands in for it. */
  readonly fetchStored: (request: OffsetFetchRequest) => Promise<OffsetFetchAnswer>
  readonly begin: (beginning: Beginning) => void
  /** Called when all partitions have begun, or when some of them would keep the others waiting. May be called again. */
  readonly settled: () => void
}

/** ms that KafkaJS waits for the leaders, and all partitions with it: a silent one must not hold up the others. */
const patience = 500
/** ms from one look to the next. */
const pause = 1000

/**
 * Decides where a member begins to read, once per partition and generation. KafkaJS takes over what it is told here, and asks
 * again, with its next fetch, for what is left out. Its own ways never run: it knows no offset that is ahead of the log, no
 * partition that was added later, and commits −1 or −2 for an offset that is out of range.
 */
export class StartingOffsets {
  readonly #options: StartingOffsetsOptions
  readonly #ranges = new Map<string, LogRange>()
  /** Offsets that were beyond the end at the first look. */
  readonly #ahead = new Set<string>()
  readonly #begun = new Map<string, bigint>()
  #stored: ReadonlyMap<string, Stored> | undefined
  #look: Promise<unknown> = Promise.resolve()
  #looks = 0
  #nextLook = 0

  constructor (options: StartingOffsetsOptions) {
    this.#options = options
  }

  /** In the place of the coordinator's own. */
  async offsetFetch (request: OffsetFetchRequest): Promise<OffsetFetchAnswer> {
    const pending = partitionsOf(request).filter((partition) => !this.#begun.has(partitionId(partition)))
    if (pending.length > 0) await this.#lookFor(request, pending)
    // Here, while KafkaJS waits in its fetch: so the generation is still the one that asked.
    for (const partition of pending) this.#begin(partition)
    if (this.#looks > 1 || pending.every((partition) => this.#begun.has(partitionId(partition)))) this.#options.settled()
    return {
      responses: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.flatMap(({ partition }) => {
          const offset = this.#begun.get(partitionId({ topic, partition }))
          return offset === undefined ? [] : [{ partition, offset: String(offset), metadata: null }]
        })
      }))
    }
  }

  /** One look at a time, although each node's fetch asks. */
  #lookFor (request: OffsetFetchRequest, pending: readonly TopicPartition[]): Promise<unknown> {
    const now = systemClock.now()
    if (now < this.#nextLook) return this.#look
    const again = this.#looks++ > 0
    this.#nextLook = now + pause
    this.#look = within(systemClock, patience, this.#lookNow(request, pending, again)).catch((err) => {
      this.#nextLook = 0
      throw err
    })
    return this.#look
  }

  async #lookNow (request: OffsetFetchRequest, pending: readonly TopicPartition[], again: boolean): Promise<void> {
    const { cluster } = this.#options
    // What cannot be asked now may be elsewhere by then.
    if (again) await cluster.refreshMetadata().catch(() => {})
    const stored = this.#stored ?? await this.#askStored(request)
    // The first answer holds for the generation: a later one knows what others have stored meanwhile.
    this.#stored ??= stored
    await listOffsets(cluster, pending, (partition, range) => { this.#ranges.set(partitionId(partition), range) })
  }

  /** For all partitions of the topics: an offset of any of them tells that the group knows the topic. */
  async #askStored ({ groupId, topics }: OffsetFetchRequest): Promise<ReadonlyMap<string, Stored>> {
    const { cluster, fetchStored } = this.#options
    const { responses } = await fetchStored({
      groupId,
      topics: topics.map(({ topic, partitions }) => {
        const known = cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => partitionId)
        const all = new Set([...partitions.map(({ partition }) => partition), ...known])
        return { topic, partitions: Array.from(all, (partition) => ({ partition })) }
      })
    })
    const offsets = responses.flatMap(({ topic, partitions }) => partitions.map(({ partition, offset, metadata }) => [partitionId({ topic, partition }), { offset: BigInt(offset), metadata }] as const))
    // −1: nothing. −2 is what plain KafkaJS may have stored: the earliest, whatever that is.
    return new Map(offsets.filter(([, { offset }]) => offset >= 0n))
  }

  #begin (partition: TopicPartition): void {
    const name = partitionId(partition)
    const range = this.#ranges.get(name)
    if (this.#begun.has(name) || this.#stored === undefined || range === undefined) return
    const { offset: stored, metadata = null } = this.#stored.get(name) ?? {}
    if (stored !== undefined && stored > range.end && !this.#ahead.has(name)) {
      // A node that was frozen takes itself for the leader until it has heard of the other one: look twice.
      this.#ahead.add(name)
      this.#ranges.delete(name)
      return
    }
    const { start, end } = range
    const position = this.#positionOf(partition, stored, range)
    // What is not read needs an offset, too, or KafkaJS would look for one.
    this.#begun.set(name, position ?? start)
    this.#options.begin({ ...partition, stored, metadata, start, end, position })
  }

  #positionOf ({ topic }: TopicPartition, stored: bigint | undefined, { start, stable, end }: LogRange): bigint | undefined {
    const { offsetReset } = this.#options
    if (stored === undefined) return offsetReset === 'latest' && !this.#knows(topic) ? stable : start
    if (stored >= start && stored <= end) return stored
    if (offsetReset === 'fail') return undefined
    return offsetReset === 'latest' ? stable : start
  }

  /** Then a partition without an offset was added later, or its topic was, and nobody has left out anything of it. */
  #knows (topic: string): boolean {
    return this.#options.isCreated(topic) || [...this.#stored!.keys()].some((name) => name.slice(0, name.lastIndexOf(':')) === topic)
  }
}

function partitionsOf ({ topics }: OffsetFetchRequest): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map(({ partition }) => ({ topic, partition })))
}
