import type { StoredOffset, TopicPartition } from '../../transport.js'
import { CODE, throwIfFailed } from '../cluster/protocol-errors.js'
import { byTopic, eachOf, partitionId } from '../group-by.js'
import type { ErrorAnswer, GenerationIdentity } from '../wire.js'
import type { Coordinator } from './coordinator.js'
import type { Stored } from './membership.js'

/** ms */
const COMMIT_PATIENCE = 5000

/**
 * Of one partition more than the cluster takes, 4096 bytes by default, or of all of them more than one batch of its
 * log: Kafka 4 calls that UNKNOWN.
 */
const TOO_LARGE: ReadonlySet<number> = new Set([
  CODE.offsetMetadataTooLarge, CODE.invalidCommitOffsetSize, CODE.unknown
])

/** The offsets that the coordinator of a group stores. */
export class GroupOffsets {
  readonly #groupId: string
  readonly #coordinator: Coordinator
  readonly #closing: AbortSignal

  constructor (groupId: string, coordinator: Coordinator, closing: AbortSignal) {
    this.#groupId = groupId
    this.#coordinator = coordinator
    this.#closing = closing
  }

  /** Resolves with the first error code of the answer. */
  async commit (identity: GenerationIdentity, offsets: readonly StoredOffset[]): Promise<number> {
    const topics = byTopic(offsets, ({ partition, offset, metadata = '' }) => ({ partition, offset, metadata }))
    const answer = await this.#coordinator.request(
      'OffsetCommit', { ...identity, topics }, firstError, { patience: COMMIT_PATIENCE, signal: this.#closing })
    const errorCode = firstError(answer)
    // The offset counts, not the text.
    if (TOO_LARGE.has(errorCode) && offsets.some(({ metadata }) => metadata)) {
      return await this.commit(identity, offsets.map(({ metadata: _, ...offset }) => offset))
    }
    return errorCode
  }

  async fetch (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    const answer = await this.#coordinator.request(
      'OffsetFetch', { groupId: this.#groupId, topics: byTopic(partitions, ({ partition }) => ({ partition })) },
      (answer) => answer.errorCode || firstError(answer), { signal: this.#closing })
    throwIfFailed(answer.errorCode || firstError(answer))
    // −1: nothing. −2 is what plain kafkajs may have stored: the earliest, whatever that is.
    const rows = Array.from(eachOf(answer.topics)).filter(({ offset }) => offset >= 0n)
    return new Map(rows.map((row) => [partitionId(row), row]))
  }
}

function firstError ({ topics }: { readonly topics: Parameters<typeof eachOf<ErrorAnswer>>[0] }): number {
  for (const { errorCode } of eachOf(topics)) if (errorCode !== CODE.none) return errorCode
  return CODE.none
}
