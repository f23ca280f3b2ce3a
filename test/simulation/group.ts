import type { JoinGroupAnswer, JoinGroupRequest, SyncGroupAnswer, SyncGroupRequest } from '../../lib/transport/kafka/wire.js'
import { CODE } from './codes.js'
import type { Snapshot } from './group-store.js'
import type { Process } from './process.js'

/** What a group knows of a member beyond one generation. */
export interface GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly sessionTimeout: number
  readonly rebalanceTimeout: number
  readonly protocols: JoinGroupRequest['protocols']
  readonly assignment: Buffer
}

/** A member while the coordinator has it in memory. */
interface LiveMember extends GroupMember {
  protocols: JoinGroupRequest['protocols']
  assignment: Buffer
  sessionTimeout: number
  rebalanceTimeout: number
  /** Answers its JoinGroup, which waits for the others. */
  joining: ((answer: JoinGroupAnswer) => void) | undefined
  /** Answers its SyncGroup, which waits for the leader. */
  syncing: ((answer: SyncGroupAnswer) => void) | undefined
  /** Counts what it said: a session that is over was not renewed. */
  heard: number
}

export type State = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** The first members of an empty group wait a little for others, ms. */
const INITIAL_DELAY = 100
const NOTHING = Buffer.alloc(0)

/** One group in the memory of its coordinator: Kafka's classic protocol. Timers run in the node's process. */
export class Group {
  readonly groupId: string
  readonly #process: Process
  readonly #save: (snapshot: Snapshot) => void
  readonly #nextId: () => string
  readonly members = new Map<string, LiveMember>()
  /** Given to newcomers that have not joined with them yet. */
  readonly #pending = new Set<string>()
  state: State = 'Empty'
  generation = 0
  #protocol = ''
  #leader = ''
  /** Counts rebalances: a timer of an earlier one does nothing. */
  #rebalance = 0
  /** The coordinator is elsewhere now. */
  #over = false

  constructor (groupId: string, process: Process, save: (snapshot: Snapshot) => void, nextId: () => string, snapshot?: Snapshot) {
    this.groupId = groupId
    this.#process = process
    this.#save = save
    this.#nextId = nextId
    if (snapshot === undefined) return
    this.generation = snapshot.generation
    this.#protocol = snapshot.protocol
    this.#leader = snapshot.leader
    for (const member of snapshot.members) {
      this.members.set(member.memberId, { ...member, joining: undefined, syncing: undefined, heard: 0 })
      this.#renew(this.members.get(member.memberId)!)
    }
    if (this.members.size > 0) this.state = 'Stable'
  }

  /** Whoever waits is told to look for the coordinator. */
  end (): void {
    this.#over = true
    for (const member of this.members.values()) {
      this.#answerJoin(member, failedJoin(CODE.notCoordinator, member.memberId))
      this.#answerSync(member, { errorCode: CODE.notCoordinator, assignment: NOTHING })
    }
  }

  join (request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const { memberId, groupInstanceId } = request
    const before = groupInstanceId === null ? undefined : this.#static(groupInstanceId)
    if (!this.#isCompatible(request, before)) return answer(failedJoin(CODE.inconsistentGroupProtocol, memberId))
    if (memberId === '') {
      if (before !== undefined) return this.#replace(before, request, answer)
      const id = this.#nextId()
      if (groupInstanceId !== null) return this.#add(id, request, answer)
      this.#pending.add(id)
      this.#process.schedule(request.sessionTimeout, () => { if (this.#pending.delete(id)) this.#complete() })
      return answer(failedJoin(CODE.memberIdRequired, id))
    }
    if (before !== undefined && before.memberId !== memberId) return answer(failedJoin(CODE.fencedInstanceId, memberId))
    if (this.#pending.delete(memberId)) return this.#add(memberId, request, answer)
    const member = this.members.get(memberId)
    if (member === undefined) return answer(failedJoin(CODE.unknownMemberId, memberId))
    this.#rejoin(member, request, answer)
  }

  sync ({ memberId, groupInstanceId, generationId, assignments }: SyncGroupRequest, answer: (answer: SyncGroupAnswer) => void): void {
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return answer({ errorCode, assignment: NOTHING })
    const member = this.members.get(memberId)!
    this.#renew(member)
    if (this.state === 'PreparingRebalance') return answer({ errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    if (this.state === 'Stable') return answer({ errorCode: CODE.none, assignment: member.assignment })
    this.#answerSync(member, { errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    member.syncing = answer
    if (memberId !== this.#leader) return
    const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    for (const member of this.members.values()) member.assignment = given.get(member.memberId) ?? NOTHING
    this.state = 'Stable'
    this.#persist()
    for (const member of this.members.values()) {
      if (member.syncing !== undefined) this.#renew(member)
      this.#answerSync(member, { errorCode: CODE.none, assignment: member.assignment })
    }
  }

  heartbeat (memberId: string, groupInstanceId: string | null, generationId: number): number {
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return errorCode
    this.#renew(this.members.get(memberId)!)
    return this.state === 'PreparingRebalance' ? CODE.rebalanceInProgress : CODE.none
  }

  leave (memberId: string, groupInstanceId: string | null): number {
    if (this.#pending.delete(memberId)) {
      this.#complete()
      return CODE.none
    }
    const member = groupInstanceId === null ? this.members.get(memberId) : this.#static(groupInstanceId)
    if (member === undefined) return CODE.unknownMemberId
    if (groupInstanceId !== null && memberId !== '' && member.memberId !== memberId) return CODE.fencedInstanceId
    this.#remove(member)
    return CODE.none
  }

  /** What Kafka asks of a commit: member and generation, not ownership. */
  checkCommit (memberId: string, groupInstanceId: string | null, generationId: number): number {
    if (memberId === '' && generationId < 0) return this.members.size === 0 ? CODE.none : CODE.unknownMemberId
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return errorCode
    if (this.state === 'CompletingRebalance') return CODE.rebalanceInProgress
    this.#renew(this.members.get(memberId)!)
    return CODE.none
  }

  check (memberId: string, groupInstanceId: string | null, generationId: number): number {
    if (groupInstanceId !== null) {
      const known = this.#static(groupInstanceId)
      if (known !== undefined && known.memberId !== memberId) return CODE.fencedInstanceId
    }
    if (!this.members.has(memberId)) return CODE.unknownMemberId
    return generationId === this.generation ? CODE.none : CODE.illegalGeneration
  }

  #static (groupInstanceId: string): LiveMember | undefined {
    return [...this.members.values()].find((member) => member.groupInstanceId === groupInstanceId)
  }

  #isCompatible ({ protocols }: JoinGroupRequest, replaced: LiveMember | undefined): boolean {
    const others = [...this.members.values()].filter((member) => member !== replaced)
    return protocols.length > 0 && protocols.some(({ name }) => others.every((member) => member.protocols.some((protocol) => protocol.name === name)))
  }

  #add (memberId: string, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const { groupInstanceId, sessionTimeout, rebalanceTimeout, protocols } = request
    const member: LiveMember = { memberId, groupInstanceId, sessionTimeout, rebalanceTimeout, protocols, assignment: NOTHING, joining: answer, syncing: undefined, heard: 0 }
    this.members.set(memberId, member)
    this.#prepare()
  }

  #rejoin (member: LiveMember, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const changed = !sameProtocols(member.protocols, request.protocols)
    const { sessionTimeout, rebalanceTimeout, protocols } = request
    Object.assign(member, { sessionTimeout, rebalanceTimeout, protocols })
    this.#renew(member)
    const isCurrent = !changed && (this.state === 'CompletingRebalance' || (this.state === 'Stable' && member.memberId !== this.#leader))
    if (isCurrent) return answer(this.#joined(member))
    this.#answerJoin(member, failedJoin(CODE.unknownMemberId, member.memberId))
    member.joining = answer
    this.#prepare()
  }

  /** A static member that comes back after a restart has a new id; the old one is fenced. */
  #replace (before: LiveMember, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const { sessionTimeout, rebalanceTimeout, protocols } = request
    const changed = !sameProtocols(before.protocols, protocols)
    this.#answerJoin(before, failedJoin(CODE.fencedInstanceId, before.memberId))
    this.#answerSync(before, { errorCode: CODE.fencedInstanceId, assignment: NOTHING })
    this.members.delete(before.memberId)
    const member: LiveMember = { ...before, memberId: this.#nextId(), sessionTimeout, rebalanceTimeout, protocols, joining: undefined, syncing: undefined, heard: 0 }
    this.members.set(member.memberId, member)
    const leader = this.#leader
    if (leader === before.memberId) this.#leader = member.memberId
    this.#renew(member)
    if (changed || this.state !== 'Stable') {
      member.joining = answer
      return this.#prepare()
    }
    this.#persist()
    // By the old leader's name it takes itself for a follower, and leaves the assignment as it is.
    answer({ ...this.#joined(member), leaderId: leader, members: [] })
  }

  #remove (member: LiveMember): void {
    this.members.delete(member.memberId)
    this.#answerJoin(member, failedJoin(CODE.unknownMemberId, member.memberId))
    this.#answerSync(member, { errorCode: CODE.unknownMemberId, assignment: NOTHING })
    if (this.state === 'PreparingRebalance') this.#complete()
    else this.#prepare()
  }

  #prepare (): void {
    if (this.state === 'PreparingRebalance') return this.#complete()
    for (const member of this.members.values()) this.#answerSync(member, { errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    const wasEmpty = this.state === 'Empty'
    this.state = 'PreparingRebalance'
    const rebalance = ++this.#rebalance
    const timeout = Math.max(...Array.from(this.members.values(), ({ rebalanceTimeout }) => rebalanceTimeout), 0)
    this.#process.schedule(timeout, () => { if (rebalance === this.#rebalance && this.state === 'PreparingRebalance') this.#goOnWithout(({ joining }) => joining === undefined) })
    if (wasEmpty) this.#process.schedule(INITIAL_DELAY, () => { if (rebalance === this.#rebalance) this.#complete() })
    else this.#complete()
  }

  #goOnWithout (isLate: (member: LiveMember) => boolean): void {
    this.#pending.clear()
    for (const member of [...this.members.values()].filter(isLate)) this.members.delete(member.memberId)
    this.#complete(true)
  }

  #complete (late = false): void {
    if (this.#over || this.state !== 'PreparingRebalance') return
    const all = [...this.members.values()]
    if (!late && (this.#pending.size > 0 || all.some(({ joining }) => joining === undefined))) return
    this.generation++
    const rebalance = ++this.#rebalance
    if (all.length === 0) {
      this.state = 'Empty'
      this.#persist()
      return
    }
    this.state = 'CompletingRebalance'
    this.#protocol = all[0]!.protocols.find(({ name }) => all.every(({ protocols }) => protocols.some((protocol) => protocol.name === name)))!.name
    if (!this.members.has(this.#leader)) this.#leader = all[0]!.memberId
    for (const member of all) {
      member.assignment = NOTHING
      this.#renew(member)
      this.#answerJoin(member, this.#joined(member))
    }
    // A leader that never assigns does not hold up the others for ever.
    const timeout = Math.max(...all.map(({ rebalanceTimeout }) => rebalanceTimeout))
    this.#process.schedule(timeout, () => {
      if (rebalance !== this.#rebalance || this.state !== 'CompletingRebalance') return
      for (const member of [...this.members.values()].filter(({ syncing }) => syncing === undefined)) this.members.delete(member.memberId)
      this.#prepare()
    })
  }

  #joined (member: LiveMember): JoinGroupAnswer {
    const isLeader = member.memberId === this.#leader
    const metadataOf = ({ protocols }: LiveMember): Buffer => protocols.find(({ name }) => name === this.#protocol)!.metadata
    const members = isLeader ? Array.from(this.members.values(), (member) => ({ memberId: member.memberId, metadata: metadataOf(member) })) : []
    return { errorCode: CODE.none, generationId: this.generation, protocol: this.#protocol, leaderId: this.#leader, memberId: member.memberId, members }
  }

  /** A member whose JoinGroup or SyncGroup waits is there; of any other its session ends when nothing is heard. */
  #renew (member: LiveMember): void {
    const heard = ++member.heard
    this.#process.schedule(member.sessionTimeout, () => {
      if (this.#over || heard !== member.heard || this.members.get(member.memberId) !== member) return
      if (member.joining === undefined && member.syncing === undefined) this.#remove(member)
    })
  }

  #answerJoin (member: LiveMember, answer: JoinGroupAnswer): void {
    member.joining?.(answer)
    member.joining = undefined
  }

  #answerSync (member: LiveMember, answer: SyncGroupAnswer): void {
    member.syncing?.(answer)
    member.syncing = undefined
  }

  #persist (): void {
    const members = Array.from(this.members.values(), ({ joining: _joining, syncing: _syncing, heard: _heard, ...member }) => member)
    this.#save({ generation: this.generation, protocol: this.#protocol, leader: this.#leader, members })
  }
}

function sameProtocols (a: JoinGroupRequest['protocols'], b: JoinGroupRequest['protocols']): boolean {
  return a.length === b.length && a.every(({ name, metadata }, i) => name === b[i]!.name && metadata.equals(b[i]!.metadata))
}

function failedJoin (errorCode: number, memberId: string): JoinGroupAnswer {
  return { errorCode, generationId: -1, protocol: '', leaderId: '', memberId, members: [] }
}
