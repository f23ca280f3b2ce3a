import type { StoredOffset, TopicPartition } from '../../transport.js'
import { throwIfFailed } from '../cluster/denied.js'
import { CODE, ProtocolError } from '../cluster/protocol-errors.js'
import type { Assignment } from './assignment.js'
import type { GroupOffsets } from './group-offsets.js'
import type { Stored } from './membership.js'
import { MembershipOfOne } from './membership-of-one.js'
import type { Subscription } from './subscription.js'

/** Kafka takes a commit without member and generation for a group that has no members. */
const NO_MEMBER = { memberId: '', groupInstanceId: null, generationId: -1 }

/**
 * A consumer that owns partitions chosen by hand and joins no group (in Kafka's words: a simple consumer). The group
 * of that name only stores the offsets.
 */
export class StandaloneMembership extends MembershipOfOne {
  readonly #groupId: string
  readonly #offsets: GroupOffsets

  constructor (groupId: string, subscription: Subscription, offsets: GroupOffsets) {
    super(subscription)
    this.#groupId = groupId
    this.#offsets = offsets
  }

  async commit (assignment: Assignment, offsets: readonly StoredOffset[]): Promise<void> {
    this.assertCurrent(assignment)
    if (offsets.length === 0) return
    const groupId = this.#groupId
    const errorCode = await this.#offsets.commit({ groupId, ...NO_MEMBER }, offsets)
    if (errorCode === CODE.unknownMemberId) {
      const cause = new ProtocolError(errorCode)
      const message = `group '${groupId}' has members: partitions that are chosen by hand need a group of their own`
      throw new Error(message, { cause })
    }
    throwIfFailed(errorCode, 'OffsetCommit')
  }

  async fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    return await this.#offsets.fetch(partitions)
  }
}
