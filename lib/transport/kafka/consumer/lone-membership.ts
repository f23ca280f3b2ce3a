import type { StoredOffset, TopicPartition } from '../../transport.js'
import { CODE } from '../cluster/protocol-errors.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId, topicOf } from '../group-by.js'
import type { Assignment } from './assignment.js'
import type { Stored } from './membership.js'
import { MembershipOfOne } from './membership-of-one.js'
import type { Subscription } from './subscription.js'

/**
 * Stands in for the group of a consumer that has none: it owns all partitions, or those that it chose, and its offsets
 * are kept here for as long as it lives. No coordinator is asked, so none is needed, nor the right to ask one.
 */
export class LoneMembership extends MembershipOfOne {
  readonly #metadata: TopicMetadata
  readonly #stored = new Map<string, Stored>()

  constructor (subscription: Subscription, metadata: TopicMetadata) {
    super(subscription)
    this.#metadata = metadata
  }

  async commit (assignment: Assignment, offsets: readonly StoredOffset[]): Promise<void> {
    this.assertCurrent(assignment)
    for (const { offset, metadata = '', ...partition } of offsets) {
      this.#stored.set(partitionId(partition), { offset, metadata })
    }
  }

  async fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    const known = partitions.map(partitionId).filter((id) => this.#stored.has(id))
    return new Map(known.map((id) => [id, this.#stored.get(id)!]))
  }

  /** Forgets offsets of topics that were deleted: those of another one with the same name mean other records. */
  forgetDeleted (): void {
    for (const topic of new Set(Array.from(this.#stored.keys(), topicOf))) {
      if (this.#metadata.get(topic).errorCode === CODE.unknownTopicOrPartition) this.forget(topic)
    }
  }

  forget (topic: string): void {
    for (const id of this.#stored.keys()) if (topicOf(id) === topic) this.#stored.delete(id)
  }
}
