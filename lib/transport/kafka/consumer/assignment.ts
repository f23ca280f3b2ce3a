import { GenerationLostError, type TopicPartition } from '../../transport.js'
import { partitionId } from '../group-by.js'

/** One partition while this member owns it. */
export interface Owned extends TopicPartition {
  /** The offset to read next: unknown at first, and where nothing is read. */
  position: bigint | undefined
  /** Of the log, as far as it is known. */
  end: bigint | undefined
  /** The core has no room. */
  paused: boolean
  /** Only a seek goes on: what stands here cannot be decoded, or is not in the log. */
  stopped: boolean
}

/** What a member holds from one join to the next: a generation, and the partitions that it owns in it. */
export class Assignment {
  readonly memberId: string
  readonly generationId: number
  readonly #owned = new Map<string, Owned>()

  constructor (memberId: string, generationId: number, partitions: readonly TopicPartition[]) {
    this.memberId = memberId
    this.generationId = generationId
    for (const { topic, partition } of partitions) {
      const owned = { topic, partition, position: undefined, end: undefined, paused: false, stopped: false }
      this.#owned.set(partitionId(owned), owned)
    }
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
