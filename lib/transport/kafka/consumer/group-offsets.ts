import type { StoredOffset, TopicPartition } from '../../transport.js'
import { answerError, DeniedError, throwIfFailed } from '../cluster/denied.js'
import { CODE } from '../cluster/protocol-errors.js'
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

  /** Resolves with the first error code of the answer. Rejects when a right is missing. */
  async commit (identity: GenerationIdentity, offsets: readonly StoredOffset[]): Promise<number> {
    const topics = byTopic(offsets, ({ partition, offset, metadata = '' }) => ({ partition, offset, metadata }))
    const answer = await this.#coordinator.request(
      'OffsetCommit', { ...identity, topics }, codeOf, { patience: COMMIT_PATIENCE, signal: this.#closing })
    const { errorCode, topic } = firstFailure(answer)
    // The offset counts, not the text.
    if (TOO_LARGE.has(errorCode) && offsets.some(({ metadata }) => metadata)) {
      return await this.commit(identity, offsets.map(({ metadata: _, ...offset }) => offset))
    }
    const error = answerError(errorCode, 'OffsetCommit', { groupId: this.#groupId, topic })
    if (error instanceof DeniedError) throw error
    return errorCode
  }

  async fetch (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    const answer = await this.#coordinator.request(
      'OffsetFetch', { groupId: this.#groupId, topics: byTopic(partitions, ({ partition }) => ({ partition })) },
      (answer) => answer.errorCode || codeOf(answer), { signal: this.#closing })
    const { errorCode, topic } = firstFailure(answer)
    throwIfFailed(answer.errorCode || errorCode, 'OffsetFetch', { groupId: this.#groupId, topic })
    // −1: nothing. −2 is what plain kafkajs may have stored: the earliest, whatever that is.
    const rows = Array.from(eachOf(answer.topics)).filter(({ offset }) => offset >= 0n)
    return new Map(rows.map((row) => [partitionId(row), row]))
  }
}

type Answer = { readonly topics: Parameters<typeof eachOf<ErrorAnswer>>[0] }

function firstFailure ({ topics }: Answer): ErrorAnswer & { readonly topic: string } {
  for (const row of eachOf(topics)) if (row.errorCode !== CODE.none) return row
  return { errorCode: CODE.none, topic: '' }
}

function codeOf (answer: Answer): number {
  return firstFailure(answer).errorCode
}
