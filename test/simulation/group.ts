import type { JoinGroupAnswer, JoinGroupRequest, SyncGroupRequest, Requests } from '../../lib/transport/kafka/wire.js'
import { CODE } from './codes.js'
import { Generations } from './generations.js'
import { failedJoin, isCompatible, LiveMember, NOTHING } from './group-member.js'

/** One group in the memory of its coordinator, and what it answers to its members. */
export class Group extends Generations {
  join (request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const { memberId, groupInstanceId } = request
    const before = groupInstanceId === null ? undefined : this.#static(groupInstanceId)
    if (!isCompatible(request, [...this.members.values()].filter((member) => member !== before))) {
      return answer(failedJoin(CODE.inconsistentGroupProtocol, memberId))
    }
    if (memberId === '') {
      if (before !== undefined) return this.#replace(before, request, answer)
      const id = this.nextId()
      if (groupInstanceId !== null) return this.#add(id, request, answer)
      this.pending.add(id)
      this.process.schedule(request.sessionTimeout, () => { if (this.pending.delete(id)) this.complete() })
      return answer(failedJoin(CODE.memberIdRequired, id))
    }
    if (before !== undefined && before.memberId !== memberId) return answer(failedJoin(CODE.fencedInstanceId, memberId))
    if (this.pending.delete(memberId)) return this.#add(memberId, request, answer)
    const member = this.members.get(memberId)
    if (member === undefined) return answer(failedJoin(CODE.unknownMemberId, memberId))
    this.#rejoin(member, request, answer)
  }

  sync (
    { memberId, groupInstanceId, generationId, assignments }: SyncGroupRequest,
    answer: (answer: Requests['SyncGroup']['answer']) => void
  ): void {
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return answer({ errorCode, assignment: NOTHING })
    const member = this.members.get(memberId)!
    this.renew(member)
    if (this.state === 'PreparingRebalance') return answer({ errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    if (this.state === 'Stable') return answer({ errorCode: CODE.none, assignment: member.assignment })
    member.answerSync({ errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    member.syncing = answer
    if (memberId !== this.leader) return
    const given = new Map(assignments.map(({ memberId, assignment }) => [memberId, assignment]))
    for (const member of this.members.values()) member.assignment = given.get(member.memberId) ?? NOTHING
    // What is not stored would be forgotten with this coordinator: so no member is told of it.
    if (!this.persist()) return this.end()
    this.state = 'Stable'
    for (const member of this.members.values()) {
      if (member.syncing !== undefined) this.renew(member)
      member.answerSync({ errorCode: CODE.none, assignment: member.assignment })
    }
  }

  heartbeat (memberId: string, groupInstanceId: string | null, generationId: number): number {
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return errorCode
    this.renew(this.members.get(memberId)!)
    return this.state === 'PreparingRebalance' ? CODE.rebalanceInProgress : CODE.none
  }

  leave (memberId: string, groupInstanceId: string | null): number {
    if (this.pending.delete(memberId)) {
      this.complete()
      return CODE.none
    }
    const member = groupInstanceId === null ? this.members.get(memberId) : this.#static(groupInstanceId)
    if (member === undefined) return CODE.unknownMemberId
    if (groupInstanceId !== null && memberId !== '' && member.memberId !== memberId) return CODE.fencedInstanceId
    this.remove(member)
    return CODE.none
  }

  /** What Kafka asks of a commit: member and generation, not ownership. */
  checkCommit (memberId: string, groupInstanceId: string | null, generationId: number): number {
    if (memberId === '' && generationId < 0) return this.members.size === 0 ? CODE.none : CODE.unknownMemberId
    const errorCode = this.check(memberId, groupInstanceId, generationId)
    if (errorCode !== CODE.none) return errorCode
    if (this.state === 'CompletingRebalance') return CODE.rebalanceInProgress
    this.renew(this.members.get(memberId)!)
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

  #add (memberId: string, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const member = new LiveMember(memberId, request)
    member.joining = answer
    this.members.set(memberId, member)
    this.prepare()
  }

  #rejoin (member: LiveMember, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    const changed = member.update(request)
    this.renew(member)
    const isCurrent = !changed && (this.state === 'CompletingRebalance' || (
      this.state === 'Stable' && member.memberId !== this.leader
    ))
    if (isCurrent) return answer(this.joined(member))
    member.answerJoin(failedJoin(CODE.unknownMemberId, member.memberId))
    member.joining = answer
    this.prepare()
  }

  /** A static member that comes back after a restart has a new id; the old one is fenced. */
  #replace (before: LiveMember, request: JoinGroupRequest, answer: (answer: JoinGroupAnswer) => void): void {
    before.fail(CODE.fencedInstanceId)
    this.members.delete(before.memberId)
    const member = new LiveMember(this.nextId(), before, before.assignment)
    const changed = member.update(request)
    this.members.set(member.memberId, member)
    const leader = this.leader
    if (leader === before.memberId) this.leader = member.memberId
    this.renew(member)
    if (changed || this.state !== 'Stable') {
      member.joining = answer
      return this.prepare()
    }
    if (!this.persist()) return answer(failedJoin(CODE.notCoordinator, member.memberId))
    // By the old leader's name it takes itself for a follower, and leaves the assignment as it is.
    answer({ ...this.joined(member), leaderId: leader, members: [] })
  }
}
