import type { JoinGroupAnswer } from '../../lib/transport/kafka/wire.js'
import { CODE } from './codes.js'
import { failedJoin, LiveMember, NOTHING } from './group-member.js'
import type { Snapshot } from './group-store.js'
import type { Process } from './process.js'

export type State = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable'

/** The first members of an empty group wait a little for others, ms. */
const INITIAL_DELAY = 100

/** How one generation of a group follows another: Kafka's classic protocol. Timers run in the coordinator's process. */
export class Generations {
  readonly groupId: string
  protected readonly process: Process
  readonly #save: (snapshot: Snapshot) => boolean
  protected readonly nextId: () => string
  readonly members = new Map<string, LiveMember>()
  /** Given to newcomers that have not joined with them yet. */
  protected readonly pending = new Set<string>()
  state: State = 'Empty'
  generation = 0
  #protocol = ''
  protected leader = ''
  /** Virtual time at which the generation began. */
  since = 0
  /** Counts rebalances: a timer of an earlier one does nothing. */
  #rebalance = 0
  /** The coordinator is elsewhere now. */
  #over = false

  constructor (
    groupId: string, process: Process, save: (snapshot: Snapshot) => boolean, nextId: () => string, snapshot?: Snapshot
  ) {
    this.groupId = groupId
    this.process = process
    this.#save = save
    this.nextId = nextId
    if (snapshot === undefined) return
    this.generation = snapshot.generation
    this.since = snapshot.since
    this.#protocol = snapshot.protocol
    this.leader = snapshot.leader
    for (const member of snapshot.members) {
      const live = new LiveMember(member.memberId, member, member.assignment)
      this.members.set(member.memberId, live)
      this.renew(live)
    }
    if (this.members.size > 0) this.state = 'Stable'
  }

  /** Tells each waiting member to look for the coordinator. */
  end (): void {
    this.#over = true
    for (const member of this.members.values()) member.fail(CODE.notCoordinator)
  }

  protected remove (member: LiveMember): void {
    this.members.delete(member.memberId)
    // Kafka answers its JoinGroup, and never its SyncGroup.
    member.answerJoin(failedJoin(CODE.unknownMemberId, member.memberId))
    if (this.state === 'PreparingRebalance') this.complete()
    else this.prepare()
  }

  protected prepare (): void {
    if (this.state === 'PreparingRebalance') return this.complete()
    for (const member of this.members.values()) {
      member.answerSync({ errorCode: CODE.rebalanceInProgress, assignment: NOTHING })
    }
    const wasEmpty = this.state === 'Empty'
    this.state = 'PreparingRebalance'
    const rebalance = ++this.#rebalance
    const timeout = Math.max(...Array.from(this.members.values(), ({ rebalanceTimeout }) => rebalanceTimeout), 0)
    this.process.schedule(timeout, () => {
      if (rebalance === this.#rebalance && this.state === 'PreparingRebalance') {
        this.#goOnWithout(({ joining, groupInstanceId }) => joining === undefined && groupInstanceId === null)
      }
    })
    if (wasEmpty) this.process.schedule(INITIAL_DELAY, () => { if (rebalance === this.#rebalance) this.complete() })
    else this.complete()
  }

  #goOnWithout (isLate: (member: LiveMember) => boolean): void {
    this.pending.clear()
    for (const member of [...this.members.values()].filter(isLate)) this.members.delete(member.memberId)
    this.complete(true)
  }

  protected complete (late = false): void {
    if (this.#over || this.state !== 'PreparingRebalance') return
    const all = [...this.members.values()]
    if (!late && (this.pending.size > 0 || all.some(({ joining }) => joining === undefined))) return
    this.generation++
    this.since = this.process.environment.clock.elapsed()
    const rebalance = ++this.#rebalance
    if (all.length === 0) {
      this.state = 'Empty'
      this.persist()
      return
    }
    this.state = 'CompletingRebalance'
    this.#protocol = all[0]!.protocols.find(({ name }) => all.every(({ protocols }) => protocols.some(
      (protocol) => protocol.name === name
    )))!.name
    if (!this.members.has(this.leader)) this.leader = all[0]!.memberId
    for (const member of all) {
      member.assignment = NOTHING
      this.renew(member)
      member.answerJoin(this.joined(member))
    }
    // A leader that never assigns does not hold up the others for ever.
    const timeout = Math.max(...all.map(({ rebalanceTimeout }) => rebalanceTimeout))
    this.process.schedule(timeout, () => {
      if (rebalance !== this.#rebalance || this.state !== 'CompletingRebalance') return
      for (const member of [...this.members.values()].filter(({ syncing }) => syncing === undefined)) {
        this.members.delete(member.memberId)
      }
      this.prepare()
    })
  }

  protected joined (member: LiveMember): JoinGroupAnswer {
    const isLeader = member.memberId === this.leader
    const metadataOf = ({ protocols }: LiveMember): Buffer => protocols.find(
      ({ name }) => name === this.#protocol
    )!.metadata
    const members = isLeader
      ? Array.from(this.members.values(), (member) => ({
        memberId: member.memberId, metadata: metadataOf(member)
      }))
      : []
    return {
      errorCode: CODE.none,
      generationId: this.generation,
      protocol: this.#protocol,
      leaderId: this.leader,
      memberId: member.memberId,
      members
    }
  }

  protected renew (member: LiveMember): void {
    member.renew(this.process, () => {
      if (!this.#over && this.members.get(member.memberId) === member) this.remove(member)
    })
  }

  /** False: another node has the group, and this one has not heard of it yet. */
  protected persist (): boolean {
    const members = Array.from(this.members.values(), ({ saved }) => saved)
    return this.#save({
      generation: this.generation, since: this.since, protocol: this.#protocol, leader: this.leader, members
    })
  }
}
