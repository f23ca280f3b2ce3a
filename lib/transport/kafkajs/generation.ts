import { GenerationLostError } from '../transport.js'
import type { TopicPartition, TopicPartitionOffset } from '../transport.js'
import type { Coordinator, GenerationIdentity, KafkajsFailure } from './coordinator.js'

const lost = new Set(['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'])

/** One partition while this member owns it. */
export interface Owned extends TopicPartition {
  /** The offset behind what was handed over; unknown before the first batch. */
  position: bigint | undefined
  paused: boolean
  corrupt: boolean
}

/** What a member holds from one join to the next: partitions, and the right to commit their offsets. */
export class Generation {
  readonly #coordinator: Coordinator
  readonly #identity: GenerationIdentity
  readonly #owned = new Map<string, Owned>()

  constructor (groupId: string, coordinator: Coordinator, assignment: Readonly<Record<string, readonly number[]>>) {
    this.#coordinator = coordinator
    this.#identity = { groupId, memberId: coordinator.memberId, groupGenerationId: coordinator.generationId }
    for (const [topic, partitions] of Object.entries(assignment)) {
      for (const partition of partitions) this.#owned.set(nameOf(topic, partition), { topic, partition, position: undefined, paused: false, corrupt: false })
    }
  }

  get partitions (): readonly TopicPartition[] {
    return Array.from(this.#owned.values(), ({ topic, partition }) => ({ topic, partition }))
  }

  owned (topic: string, partition: number): Owned | undefined {
    return this.#owned.get(nameOf(topic, partition))
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
  async commit (offsets: readonly TopicPartitionOffset[]): Promise<void> {
    const topics = new Map<string, Array<{ partition: number, offset: string }>>()
    for (const { topic, partition, offset } of offsets) {
      // Kafka would take it and overwrite what the owner has stored.
      if (this.owned(topic, partition) === undefined) throw new GenerationLostError(`partition ${partition} of '${topic}' is not owned in this generation`)
      topics.set(topic, [...topics.get(topic) ?? [], { partition, offset: String(offset) }])
    }
    if (topics.size === 0) return
    try {
      await this.#coordinator.offsetCommit({ ...this.#identity, topics: Array.from(topics, ([topic, partitions]) => ({ topic, partitions })) })
    } catch (err) {
      const { type = '', message } = err as KafkajsFailure
      if (lost.has(type)) throw new GenerationLostError(message, { cause: err })
      throw err
    }
  }
}

function nameOf (topic: string, partition: number): string {
  return `${topic}:${partition}`
}
