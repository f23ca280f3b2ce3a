import { balance, Share } from './balance.js'
import type { Assignable } from './balance.js'
import { decodeSubscription } from './consumer-protocol.js'
import type { MemberAssignment, MemberSubscription } from './consumer-protocol.js'
import { toError } from '../to-error.js'

/** A member as the coordinator tells the leader of it. */
export interface JoinedMember {
  readonly memberId: string
  /** Its subscription, in bytes that it wrote itself. */
  readonly memberMetadata: Buffer
}

export interface SubscribedTopic {
  readonly able: ReadonlyArray<Share<string>>
  /** The most partitions that a member says the topic has: a hint that the leader's metadata may be old, no more. */
  readonly claimed: number
}

export interface Subscriptions {
  readonly topics: ReadonlyMap<string, SubscribedTopic>
  /** Why the bytes of a member cannot be read, by its id. Such a member gets nothing. */
  readonly unreadable: ReadonlyMap<string, string>
}

export function readSubscriptions (members: readonly JoinedMember[]): Subscriptions {
  const topics = new Map<string, { able: Array<Share<string>>, claimed: number }>()
  const unreadable = new Map<string, string>()
  for (const { memberId, memberMetadata } of members) {
    let subscription: MemberSubscription
    try {
      subscription = decodeSubscription(memberMetadata)
    } catch (err) {
      unreadable.set(memberId, toError(err).message)
      continue
    }
    const share = new Share(memberId)
    for (const topic of subscription.topics) {
      const readers = topics.get(topic) ?? { able: [], claimed: 0 }
      readers.able.push(share)
      readers.claimed = Math.max(readers.claimed, subscription.counts.get(topic) ?? 0)
      topics.set(topic, readers)
    }
  }
  return { topics, unreadable }
}

/** The leader's assignor: while one member leads, it remembers what it assigned, and moves no more than it has to. */
export class StickyAssignor {
  #previous: ReadonlyMap<string, string> = new Map()

  /** Gives the partitions 0 to `countOf(topic)` − 1 of each topic to members that subscribe to it. */
  assign ({ topics }: Subscriptions, countOf: (topic: string) => number): ReadonlyMap<string, MemberAssignment> {
    const partitions: Array<Assignable<string> & { readonly partition: number }> = []
    for (const [topic, { able }] of topics) {
      const shares = new Map(able.map((share) => [share.member, share]))
      for (let partition = 0, count = countOf(topic); partition < count; partition++) {
        const before = this.#previous.get(`${topic}:${partition}`)
        partitions.push({ topic, partition, able, owner: before === undefined ? undefined : shares.get(before) })
      }
    }
    balance(partitions)
    const previous = new Map<string, string>()
    const assignments = new Map<string, Map<string, number[]>>()
    for (const { topic, partition, owner } of partitions) {
      const { member } = owner!
      previous.set(`${topic}:${partition}`, member)
      const assignment = assignments.get(member) ?? new Map<string, number[]>()
      assignments.set(member, assignment)
      const share = assignment.get(topic)
      if (share === undefined) assignment.set(topic, [partition])
      else share.push(partition)
    }
    this.#previous = previous
    return assignments
  }
}
