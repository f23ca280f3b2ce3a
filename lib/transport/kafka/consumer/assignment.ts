import { GenerationLostError, type TopicPartition } from '../../transport.js'
import { partitionId } from '../group-by.js'

/** One partition while this member owns it. */
export class Owned implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** The offset to read next: unknown at first, and where nothing is read. */
  position: bigint | undefined
  /** The core has no room. */
  paused = false
  /** Only a seek goes on: what stands here cannot be decoded, or is not in the log. */
  stopped = false
  #end: bigint | undefined
  #behindSince = 0

  constructor ({ topic, partition }: TopicPartition) {
    this.topic = topic
    this.partition = partition
  }

  /** Of the log, as far as the cluster has told. */
  get end (): bigint | undefined {
    return this.#end
  }

  /** The cluster told the end of the log; `now`: ms by the clock's `elapsed`. */
  told (end: bigint, now: number): void {
    if (!this.#isBehind) this.#behindSince = now
    this.#end = end
  }

  /** When the cluster told of records that are not handed over yet, ms by the clock's `elapsed`. */
  get behindSince (): number | undefined {
    return this.#isBehind ? this.#behindSince : undefined
  }

  get #isBehind (): boolean {
    return this.position !== undefined && this.#end !== undefined && this.#end > this.position
  }
}

/** What a member holds from one join to the next: a generation, and the partitions that it owns in it. */
export class Assignment {
  readonly memberId: string
  readonly generationId: number
  readonly #owned = new Map<string, Owned>()

  constructor (memberId: string, generationId: number, partitions: readonly TopicPartition[]) {
    this.memberId = memberId
    this.generationId = generationId
    for (const partition of partitions) this.#owned.set(partitionId(partition), new Owned(partition))
  }

  get partitions (): readonly TopicPartition[] {
    return Array.from(this.#owned.values(), ({ topic, partition }) => ({ topic, partition }))
  }

  /** Partitions that are not fetched. */
  get unread (): readonly Owned[] {
    return [...this.#owned.values()].filter(({ paused, stopped }) => paused || stopped)
  }

  owned (partition: TopicPartition): Owned | undefined {
    return this.#owned.get(partitionId(partition))
  }

  /** Kafka takes a commit of any partition, and would overwrite what its owner has stored. */
  assertOwned (partitions: readonly TopicPartition[]): void {
    const alien = partitions.find((partition) => this.owned(partition) === undefined)
    if (alien === undefined) return
    throw new GenerationLostError(`partition ${alien.partition} of '${alien.topic}' is not owned in this generation`)
  }
}
