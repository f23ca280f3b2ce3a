import { GenerationLostError } from '../transport.js'
import type { StoredOffset, TopicPartition } from '../transport.js'
import { groupBy, partitionId } from '../kafka/group-by.js'
import type { Coordinator, GenerationIdentity, KafkajsFailure } from './coordinator.js'

const lost = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'])
/** Of one partition more than the cluster takes, 4096 bytes by default, or of all of them more than one batch of its log: Kafka 4 calls that UNKNOWN. */
const tooLarge = new Set(['OFFSET_METADATA_TOO_LARGE', 'INVALID_COMMIT_OFFSET_SIZE', 'UNKNOWN'])

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

/** Also a `LoneCoordinator` is one. */
type GenerationCoordinator = Pick<Coordinator, 'memberId' | 'generationId' | 'heartbeat' | 'offsetCommit'>

/** What a member holds from one join to the next: partitions, and the right to commit their offsets. */
export class Generation {
  readonly #coordinator: GenerationCoordinator
  readonly #identity: GenerationIdentity
  readonly #owned = new Map<string, Owned>()

  constructor (groupId: string, coordinator: GenerationCoordinator, assignment: Readonly<Record<string, readonly number[]>>) {
    this.#coordinator = coordinator
    this.#identity = { groupId, memberId: coordinator.memberId, groupGenerationId: coordinator.generationId }
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) {
        this.#owned.set(partitionId({ topic, partition }), { topic, partition, position: undefined, end: undefined, paused: false, stopped: false })
      }
    }
  }

  get partitions (): readonly TopicPartition[] {
    return Array.from(this.#owned.values(), ({ topic, partition }) => ({ topic, partition }))
  }

  /** Those of which nothing is fetched. */
  get unread (): readonly TopicPartition[] {
    return [...this.#owned.values()].filter(({ paused, stopped }) => paused || stopped)
  }

  owned (topic: string, partition: number): Owned | undefined {
    return this.#owned.get(partitionId({ topic, partition }))
  }

  /** Resolves to whether the coordinator still knows the member, as far as that can be told: an answer that does not come is no "no". */
  async isAlive (): Promise<boolean> {
    try {
      await this.#coordinator.heartbeat(this.#identity)
      return true
    } catch (err) {
      const { type = '' } = err as KafkajsFailure
      // It rebalances and waits for us: until we rejoin, it takes commits of this generation.
      return type === 'REBALANCE_IN_PROGRESS' || !lost.has(type)
    }
  }

  /**
   * Straight to the coordinator. KafkaJS's own `commitOffsets` tries again after any error, with whatever generation it is in
   * by then, and does nothing, without an error, once it stops.
   */
  async commit (offsets: readonly StoredOffset[]): Promise<void> {
    // Kafka would take it and overwrite what the owner has stored.
    const alien = offsets.find(({ topic, partition }) => this.owned(topic, partition) === undefined)
    if (alien !== undefined) throw new GenerationLostError(`partition ${alien.partition} of '${alien.topic}' is not owned in this generation`)
    if (offsets.length === 0) return
    const topics = Array.from(groupBy(offsets, ({ topic }) => topic), ([topic, offsets]) => ({
      topic,
      partitions: offsets.map(({ partition, offset, metadata = '' }) => ({ partition, offset: String(offset), metadata }))
    }))
    try {
      await this.#coordinator.offsetCommit({ ...this.#identity, topics })
    } catch (err) {
      const { type = '', message } = err as KafkajsFailure
      if (lost.has(type)) throw new GenerationLostError(message, { cause: err })
      // The offset counts.
      if (tooLarge.has(type) && offsets.some(({ metadata }) => metadata)) return await this.commit(offsets.map(({ topic, partition, offset }) => ({ topic, partition, offset })))
      throw err
    }
  }
}
