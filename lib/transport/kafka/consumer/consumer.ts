import { within } from '../../../clock.js'
import { isNotAuthorized } from '../../../missing-rights.js'
import { toError } from '../../../to-error.js'
import type { Codecs } from '../../compression/codec.js'
import {
  type BudgetedConsumerOptions, type ConsumerListener, type ConsumerOptions, GenerationLostError,
  type LogPlace, type TopicPartitionOffset, type TransportConsumer, type TransportLog
} from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import { namedError } from '../cluster/denied.js'
import { isFenced, isRefused } from '../cluster/protocol-errors.js'
import { securityError } from '../cluster/security-error.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId } from '../group-by.js'
import { Assigner } from './assigner.js'
import { Coordinator } from './coordinator.js'
import { findTopics } from './find-topics.js'
import { GroupOffsets } from './group-offsets.js'
import { isolationLevelOf } from './list-offsets.js'
import { LoneMembership } from './lone-membership.js'
import { Member } from './member.js'
import { GroupMembership, type Membership } from './membership.js'
import { MissingTopics } from './missing-topics.js'
import { offsetsAt } from './offsets-at.js'
import { StandaloneMembership } from './standalone-membership.js'
import { SubscriptionChanges } from '../../subscription-changes.js'
import { Subscription } from './subscription.js'
import { supervise } from './supervisor.js'

export interface CreateConsumerOptions {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly options: BudgetedConsumerOptions
  readonly listener: ConsumerListener
  readonly log: TransportLog
  readonly codecs: Codecs
}

/** ms that the group may take to answer a good-bye */
const LEAVE_TIMEOUT = 1000
const UNKNOWN = { position: undefined, end: undefined }

/** A member of a group that comes back after every failure, but for one that the cluster would answer alike. */
export function createConsumer (
  { cluster, metadata, options, listener, log, codecs }: CreateConsumerOptions
): TransportConsumer {
  const { groupId, checkCrcs = true, budget } = options
  const { environment } = cluster
  const closing = new AbortController()
  const fetches = cluster.connections()
  const coordination = cluster.connections()
  const missing = new MissingTopics(groupId, log, environment)
  const subscription = new Subscription(options, metadata)
  const changes = new SubscriptionChanges()
  const positions = positionsOf(options)
  const moved = new Map<string, bigint>()
  const lone = groupId === null ? new LoneMembership(subscription, metadata) : undefined
  const coordinator = groupId === null ? undefined : new Coordinator(groupId, cluster, coordination)
  const membership = lone ?? groupMembership(groupId!, coordinator!)
  let member: Member | undefined
  let supervision: Promise<void> | undefined
  let closed: Promise<void> | undefined
  let reading = true
  let lastContact = 0
  let asked: Promise<unknown> = Promise.resolve()

  function contacted (at: number): void {
    lastContact = Math.max(lastContact, at)
  }

  function groupMembership (groupId: string, coordinator: Coordinator): Membership {
    if (options.partitions !== undefined) {
      return new StandaloneMembership(groupId, subscription, new GroupOffsets(groupId, coordinator, closing.signal))
    }
    return new GroupMembership({
      groupId,
      options,
      cluster,
      coordinator,
      assigner: new Assigner({ groupId, subscription, cluster, metadata, log }),
      contacted,
      closing: closing.signal
    })
  }

  /** The cluster is the contact while no coordinator answers heartbeats. */
  function described (at: number): void {
    if (membership instanceof GroupMembership) return
    contacted(at)
    lone?.forgetDeleted()
  }

  async function live (onJoined: (version: number) => void): Promise<Error> {
    member = new Member({
      cluster,
      metadata,
      connections: fetches,
      membership,
      options,
      subscription,
      changes,
      positions,
      moved,
      listener,
      log,
      missing,
      decode: { codecs, checkCrcs, budget },
      described,
      onJoined,
      closing: closing.signal
    }, reading)
    const error = await member.live()
    // The group would wait for a member that is silent until its session ends.
    if (!closing.signal.aborted) await leave()
    return error
  }

  async function leave (): Promise<void> {
    await within(environment.clock, LEAVE_TIMEOUT, membership.leave().catch(() => {}))
  }

  function start (): Promise<void> {
    return new Promise((resolve, reject) => {
      let joined = false
      function onJoined (version: number): void {
        joined = true
        resolve()
        changes.began(version)
      }

      function failed (cause: Error): boolean {
        const error = securityError(cause, cluster.brokers) ?? namedError(cause, cluster.principal)
        if (!joined && isRefused(error)) {
          reject(error)
          return false
        }
        log.debug({ err: error, groupId }, 'the consumer ended')
        // A fenced consumer would fence the other one in turn; and no right comes by asking for it again.
        const again = !isFenced(error) && !isNotAuthorized(error)
        listener.failed(error, again)
        return again
      }

      const name = groupId === null ? 'without a group' : `of group '${groupId}'`
      supervision = supervise({ live: () => live(onJoined), failed }, environment, closing.signal)
        .then(() => {
          changes.end(new Error(`the consumer ${name} is closed`))
          reject(new Error(`the consumer ${name} was closed before it began`))
        })
    })
  }

  /** One change after the other: the last one that the cluster does not refuse counts. */
  async function subscribe (
    topics: ConsumerOptions['topics'], positions?: ConsumerOptions['positions']
  ): Promise<void> {
    const found = asked.then(() => findTopics({ ...options, topics }, { cluster, metadata, closing: closing.signal }))
    asked = found.catch(() => {})
    subscription.become(await found)
    for (const [id, offset] of positionsOf({ positions })) moved.set(id, offset)
    const changed = changes.next()
    missing.keep((topic) => subscription.includes(topic))
    member?.subscriptionChanged()
    await changed
  }

  async function offsets (at: LogPlace): Promise<readonly TopicPartitionOffset[]> {
    const partitions = member?.generation?.assignment.partitions ?? []
    const isolationLevel = isolationLevelOf(options)
    return await offsetsAt(at, partitions, { cluster, metadata, isolationLevel, closing: closing.signal })
  }

  async function close (): Promise<void> {
    member?.stop()
    const error = new Error('the consumer is closed')
    closing.abort(error)
    changes.end(error)
    await leave()
    cluster.release(fetches)
    cluster.release(coordination)
    await within(environment.clock, LEAVE_TIMEOUT, supervision ?? Promise.resolve())
  }

  return {
    start,
    subscribe,
    offsets,
    pause: (partition) => member?.generation?.pause(partition),
    resume: (partition) => member?.generation?.resume(partition),
    seek: (partition) => member?.generation?.seek(partition),
    progress: (partition) => member?.generation?.progress(partition) ?? UNKNOWN,
    get lastContact () {
      return lastContact
    },
    get unreached () {
      if (coordinator !== undefined) return coordinator.unreached
      return lastContact === 0 ? new Error('no node has described the topics') : undefined
    },
    missing: () => missing.names,
    async commit (offsets) {
      const generation = closing.signal.aborted ? undefined : member?.generation
      if (generation === undefined) throw new GenerationLostError('no partition is owned now')
      await generation.commit(offsets).catch((err) => { throw namedError(toError(err), cluster.principal) })
    },
    stop () {
      reading = false
      member?.stop()
    },
    close () {
      closed ??= close()
      return closed
    }
  }
}

/** By `partitionId`. */
function positionsOf ({ positions = [] }: Pick<ConsumerOptions, 'positions'>): Map<string, bigint> {
  return new Map(positions.map((position) => [partitionId(position), position.offset]))
}
