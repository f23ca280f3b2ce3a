import { sleep, within } from '../../../clock.js'
import { type ConsumerOptions, GenerationLostError, type StoredOffset, type TopicPartition } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import { throwIfFailed } from '../cluster/denied.js'
import { CODE, isFinal, ProtocolError } from '../cluster/protocol-errors.js'
import { jittered } from '../cluster/retry-until.js'
import { FASTSTREAM_ERR_FENCED } from '../../../errors.js'
import type { ErrorAnswer, MemberIdentity, Requests, SyncGroupRequest } from '../wire.js'
import type { Assigner } from './assigner.js'
import { Assignment } from './assignment.js'
import type { Coordinator } from './coordinator.js'
import { GroupOffsets } from './group-offsets.js'
import { untilEvicted } from './until-evicted.js'

/** Offset and metadata that a group has stored for a partition. */
export interface Stored {
  readonly offset: bigint
  readonly metadata: string | null
}

type Generation = Pick<Assignment, 'memberId' | 'generationId'>

export type Heartbeat = 'alive' | 'rebalancing' | 'lost'

/** The place of one consumer in its group. It outlives the generations, and what breaks them. */
export interface Membership {
  /** Resolves with what this member owns in the new generation. */
  join (): Promise<Assignment>
  /** Rejects when the coordinator was not reached for a whole session, and when it refuses the member for good. */
  heartbeat (assignment: Assignment): Promise<Heartbeat>
  /** A topic was deleted. Left out where the cluster forgets its offsets by itself. */
  forget? (topic: string): void
  /** Rejects with a `GenerationLostError` when the group has moved on. */
  commit (assignment: Assignment, offsets: readonly StoredOffset[]): Promise<void>
  /** Resolves to the stored offsets, by `partitionId`. */
  fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>>
  /** May be called while a join is under way. */
  leave (): Promise<void>
}

export interface MembershipOptions {
  readonly groupId: string
  readonly options: ConsumerOptions
  readonly cluster: Cluster
  readonly coordinator: Coordinator
  readonly assigner: Assigner
  /** The coordinator has answered what it was asked `at`, ms by the clock's `elapsed`. */
  readonly contacted: (at: number) => void
  readonly closing: AbortSignal
}

/** ms beyond the rebalance time-out that the coordinator may take to answer a join */
const NETWORK_DELAY = 5000
/** ms */
const LEAVE_PATIENCE = 1000
/** Joins in a row that the group may answer with "again". */
const MAX_JOINS = 20
/** ms */
const REJOIN_PAUSE = 100

/** ms from one heartbeat to the next */
export function heartbeatInterval (options: Pick<ConsumerOptions, 'sessionTimeout' | 'heartbeatInterval'>): number {
  return options.heartbeatInterval ?? Math.min(1000, Math.floor(options.sessionTimeout / 3))
}

const LOST: ReadonlySet<number> = new Set([
  CODE.illegalGeneration, CODE.unknownMemberId, CODE.rebalanceInProgress, CODE.fencedInstanceId
])

export class GroupMembership implements Membership {
  readonly #with: MembershipOptions
  readonly #offsets: GroupOffsets
  #memberId = ''
  #joining: Promise<unknown> = Promise.resolve()
  /** Time by `elapsed` of the last request that the coordinator has answered. */
  #heard = -Infinity

  constructor (options: MembershipOptions) {
    this.#with = options
    this.#offsets = new GroupOffsets(options.groupId, options.coordinator, options.closing)
  }

  join (): Promise<Assignment> {
    const joining = this.#join()
    this.#joining = joining
    return joining
  }

  async heartbeat ({ memberId, generationId }: Generation, aside = false): Promise<Heartbeat> {
    const { coordinator, options: { sessionTimeout }, closing } = this.#with
    const asked = this.#now()
    const patience = sessionTimeout - (asked - this.#heard)
    const { errorCode } = await coordinator.request(
      'Heartbeat', { ...this.#identity, memberId, generationId }, codeOf, { patience, aside, signal: closing })
    if (errorCode === CODE.none || errorCode === CODE.rebalanceInProgress) this.#contacted(asked)
    if (errorCode === CODE.rebalanceInProgress) return 'rebalancing'
    if (errorCode === CODE.illegalGeneration) return 'lost'
    if (errorCode === CODE.unknownMemberId) {
      // The answer may be late: the member may have joined again meanwhile.
      if (this.#memberId === memberId) this.#memberId = ''
      return 'lost'
    }
    this.#throwIfFailed(errorCode)
    return 'alive'
  }

  async commit ({ memberId, generationId }: Assignment, offsets: readonly StoredOffset[]): Promise<void> {
    if (offsets.length === 0) return
    const asked = this.#now()
    const errorCode = await this.#offsets.commit({ ...this.#identity, memberId, generationId }, offsets)
    if (errorCode === CODE.none || errorCode === CODE.rebalanceInProgress) this.#contacted(asked)
    if (LOST.has(errorCode)) {
      const cause = new ProtocolError(errorCode)
      throw new GenerationLostError(cause.message, { cause })
    }
    throwIfFailed(errorCode, 'OffsetCommit')
  }

  async fetchStored (partitions: readonly TopicPartition[]): Promise<ReadonlyMap<string, Stored>> {
    return await this.#offsets.fetch(partitions)
  }

  /** A static member stays: it comes back under its name, and the group does not rebalance meanwhile. */
  async leave (): Promise<void> {
    const { coordinator, options: { groupInstanceId }, cluster: { environment: { clock } } } = this.#with
    // The first answer to a newcomer is its id, at once; the next one waits for the other members.
    if (this.#memberId === '') await within(clock, LEAVE_PATIENCE, this.#joining.catch(() => {}))
    if (this.#memberId === '' || groupInstanceId !== undefined) return
    const atMost = { timeout: LEAVE_PATIENCE, patience: LEAVE_PATIENCE }
    await coordinator.request('LeaveGroup', this.#identity, codeOf, { ...atMost, aside: true })
    this.#memberId = ''
  }

  get #identity (): MemberIdentity {
    const { groupId, options: { groupInstanceId = null } } = this.#with
    return { groupId, memberId: this.#memberId, groupInstanceId }
  }

  async #join (): Promise<Assignment> {
    const { closing, cluster: { environment } } = this.#with
    for (let joins = 0; joins < MAX_JOINS; joins++) {
      closing.throwIfAborted()
      const known = this.#memberId
      const assignment = await this.#joinOnce()
      if (assignment !== undefined) return assignment
      if (known === this.#memberId) await sleep(environment.clock, jittered(REJOIN_PAUSE, environment), closing)
    }
    throw new ProtocolError(CODE.rebalanceInProgress)
  }

  /** `undefined`: to be joined again, under another id, or because the group began to rebalance meanwhile. */
  async #joinOnce (): Promise<Assignment | undefined> {
    const { options: { sessionTimeout, rebalanceTimeout }, coordinator, assigner, closing } = this.#with
    const joined = await coordinator.request('JoinGroup', {
      ...this.#identity, sessionTimeout, rebalanceTimeout, protocols: assigner.protocols()
    }, codeOf, { timeout: rebalanceTimeout + NETWORK_DELAY, signal: closing })
    if (this.#isRepeated(joined.errorCode, joined.memberId)) return undefined
    const { memberId, generationId, leaderId, members } = joined
    this.#memberId = memberId
    closing.throwIfAborted()
    const assignments = memberId === leaderId ? await assigner.assign(members) : []
    const asked = this.#now()
    const synced = await this.#sync({ ...this.#identity, generationId, assignments })
    if (synced === undefined || this.#isRepeated(synced.errorCode, memberId)) return undefined
    this.#contacted(asked)
    closing.throwIfAborted()
    const places = Array.from(await assigner.read(synced.assignment)).flatMap(([topic, partitions]) => (
      partitions.map((partition) => ({ topic, partition }))))
    return new Assignment(memberId, generationId, places)
  }

  /**
   * Resolves to `undefined` when the group has given up this member meanwhile: Kafka does not answer the SyncGroup of
   * a member that it has removed. Heartbeats tell, and they keep the session while the leader assigns.
   */
  async #sync (request: SyncGroupRequest): Promise<Requests['SyncGroup']['answer'] | undefined> {
    const { options, coordinator, cluster: { environment }, closing } = this.#with
    const over = new AbortController()
    const timeout = options.rebalanceTimeout + NETWORK_DELAY
    const interval = heartbeatInterval(options)
    const isAlive = (): Promise<boolean> => this.heartbeat(request, true).then((beat) => beat !== 'lost', (err) => {
      if (isFinal(err)) throw err
      return true
    })
    try {
      return await Promise.race([
        coordinator.request('SyncGroup', request, codeOf, { timeout, signal: closing, abandon: over.signal }),
        untilEvicted({ isAlive, interval, signal: over.signal }, environment).then(() => undefined)
      ])
    } finally {
      over.abort(new Error('the SyncGroup is not waited for any more'))
    }
  }

  #isRepeated (errorCode: number, memberId: string): boolean {
    if (errorCode === CODE.memberIdRequired) this.#memberId = memberId
    else if (errorCode === CODE.unknownMemberId) this.#memberId = ''
    else if (errorCode !== CODE.rebalanceInProgress && errorCode !== CODE.illegalGeneration) {
      this.#throwIfFailed(errorCode)
      return false
    }
    return true
  }

  #throwIfFailed (errorCode: number): void {
    const { groupId, options: { groupInstanceId } } = this.#with
    if (errorCode === CODE.fencedInstanceId && groupInstanceId !== undefined) {
      throw new FASTSTREAM_ERR_FENCED(groupInstanceId, groupId)
    }
    throwIfFailed(errorCode, 'JoinGroup', { groupId })
  }

  #now (): number {
    return this.#with.cluster.environment.clock.elapsed()
  }

  /** Answers that waited in the socket while the process was frozen are old: the time of the question counts. */
  #contacted (at: number): void {
    this.#heard = Math.max(this.#heard, at)
    this.#with.contacted(at)
  }
}

function codeOf ({ errorCode }: ErrorAnswer): number {
  return errorCode
}
