import { sleep } from '../../../clock.js'
import { visible } from '../../../foreign-text.js'
import { encodeAssignment, encodeSubscription, type MemberAssignment } from '../../consumer-protocol.js'
import { readAssignment } from '../../received-assignment.js'
import { readSubscriptions, StickyAssignor, type Subscriptions } from '../../sticky-assignor.js'
import type { TransportLog } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Operation } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import type { JoinGroupAnswer, JoinGroupRequest, SyncGroupRequest } from '../wire.js'
import type { Subscription } from './subscription.js'

export interface AssignerOptions {
  readonly groupId: string
  readonly subscription: Subscription
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly log: TransportLog
}

/**
 * The name of kafkajs's own assigner, so that members with plain kafkajs can be in the group, as at the start of a
 * rolling deploy.
 */
const NAME = 'RoundRobinAssigner'
/** Requests for the metadata of a topic of which a member claims more partitions than the metadata shows. */
const ASKS = 3
/** ms between these requests */
const PAUSE = 200
/** ms that a request for metadata may take */
const PATIENCE = 5000
/** Members that a warning names. */
const NAMED = 10
const NEVER = new AbortController().signal

/**
 * Assigns partitions to the members that subscribe to their topic. kafkajs assigns the leader's topics to all members,
 * and the partitions of a member that did not subscribe stay unread. What other members wrote is not trusted: only the
 * metadata of the cluster says which partitions exist.
 */
export class Assigner {
  readonly #with: AssignerOptions
  readonly #assignor = new StickyAssignor()
  #unreadable: ReadonlySet<string> = new Set()

  constructor (options: AssignerOptions) {
    this.#with = options
  }

  protocols (): JoinGroupRequest['protocols'] {
    const { subscription: { topics } } = this.#with
    const counts = new Map(topics.map((topic) => [topic, this.#countOf(topic)]))
    return [{ name: NAME, metadata: encodeSubscription({ topics, counts }) }]
  }

  /** Assigns the partitions as the leader of the group. */
  async assign (members: JoinGroupAnswer['members']): Promise<SyncGroupRequest['assignments']> {
    const joined = members.map(({ memberId, metadata }) => ({ memberId, memberMetadata: metadata }))
    const subscriptions = readSubscriptions(joined)
    this.#warnOf(subscriptions.unreadable)
    await this.#askCounts(subscriptions)
    const assignments = this.#assignor.assign(subscriptions, (topic) => this.#countOf(topic))
    return members.map(({ memberId }) => (
      { memberId, assignment: encodeAssignment(assignments.get(memberId) ?? new Map()) }))
  }

  /**
   * The part of an assignment that this member can read. The leader of the group may be any client: partitions that are
   * not in the metadata of the cluster are refused with one warning, and the member stays in the group.
   */
  async read (bytes: Buffer): Promise<MemberAssignment> {
    const { groupId, subscription, log } = this.#with
    const countOf = (topic: string) => subscription.includes(topic) ? this.#countOf(topic) : undefined
    const read = () => readAssignment(bytes, countOf)
    let received = read()
    // The leader may have heard of new partitions first, or of a new topic.
    if (received.refused !== undefined && received.refused.partitions > 0) {
      await this.#ask((operation) => subscription.refresh(operation))
      received = read()
    }
    const { partitions, refused } = received
    if (refused !== undefined) {
      log.warn({ groupId, refused },
        'the leader of the group assigned what this member cannot read: that is left out, the rest is read')
    }
    return partitions
  }

  #countOf (topic: string): number {
    return this.#with.metadata.get(topic).leaders.length
  }

  /**
   * Refreshes the metadata of topics that the leader does not read, or for which its metadata may be old. A member may
   * know new partitions before the node that answers: so the leader asks again before it takes the claim for wrong.
   */
  async #askCounts ({ topics }: Subscriptions): Promise<void> {
    for (let ask = 0; ask < ASKS; ask++) {
      const open = Array.from(topics).flatMap(([topic, { claimed }]) => {
        const known = this.#countOf(topic)
        return claimed > known || (known === 0 && ask === 0) ? [topic] : []
      })
      if (open.length === 0) return
      if (ask > 0) await sleep(this.#with.cluster.environment.clock, PAUSE, NEVER)
      await this.#ask((operation) => this.#with.metadata.refresh(operation, open))
    }
  }

  /** A topic that is deleted, or kept from us, goes to no member, but the other topics are read. */
  async #ask (refresh: (operation: Operation) => Promise<void>): Promise<void> {
    await this.#with.cluster.until(PATIENCE, refresh).catch(() => {})
  }

  /** One warning for each member, for as long as it stays. */
  #warnOf (found: ReadonlyMap<string, string>): void {
    const fresh = Array.from(found).filter(([memberId]) => !this.#unreadable.has(memberId))
    this.#unreadable = new Set(found.keys())
    if (fresh.length === 0) return
    const members = fresh.slice(0, NAMED).map(([memberId, reason]) => ({ memberId: visible(memberId, 256), reason }))
    const { groupId, log } = this.#with
    const message = 'the subscriptions of group members cannot be read: those members get no partitions'
    log.warn({ groupId, count: fresh.length, members }, message)
  }
}
