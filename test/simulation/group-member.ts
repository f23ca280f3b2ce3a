import type { JoinGroupAnswer, JoinGroupRequest, Requests } from '../../lib/transport/kafka/wire.js'
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

type Answer<Content> = (answer: Content) => void

export const NOTHING: Buffer = Buffer.alloc(0)

/** A member while its coordinator has it in memory. */
export class LiveMember implements GroupMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  sessionTimeout: number
  rebalanceTimeout: number
  protocols: JoinGroupRequest['protocols']
  assignment: Buffer
  /** Answers its JoinGroup, which waits for the others. */
  joining: Answer<JoinGroupAnswer> | undefined
  /** Answers its SyncGroup, which waits for the leader. */
  syncing: Answer<Requests['SyncGroup']['answer']> | undefined
  /** Counts what it said: a session that was renewed is not over. */
  #heard = 0

  constructor (
    memberId: string,
    { groupInstanceId, sessionTimeout, rebalanceTimeout, protocols }: Omit<GroupMember, 'memberId' | 'assignment'>,
    assignment = NOTHING
  ) {
    this.memberId = memberId
    this.groupInstanceId = groupInstanceId
    this.sessionTimeout = sessionTimeout
    this.rebalanceTimeout = rebalanceTimeout
    this.protocols = protocols
    this.assignment = assignment
  }

  /** Takes what a new JoinGroup says of it; false when that is what was known. */
  update ({ sessionTimeout, rebalanceTimeout, protocols }: JoinGroupRequest): boolean {
    const changed = !sameProtocols(this.protocols, protocols)
    Object.assign(this, { sessionTimeout, rebalanceTimeout, protocols })
    return changed
  }

  /**
   * Something was heard of it. A member whose JoinGroup or SyncGroup waits is there; of any other the session ends in
   * silence.
   */
  renew (process: Process, end: () => void): void {
    const heard = ++this.#heard
    process.schedule(this.sessionTimeout, () => {
      if (heard === this.#heard && this.joining === undefined && this.syncing === undefined) end()
    })
  }

  answerJoin (answer: JoinGroupAnswer): void {
    this.joining?.(answer)
    this.joining = undefined
  }

  answerSync (answer: Requests['SyncGroup']['answer']): void {
    this.syncing?.(answer)
    this.syncing = undefined
  }

  /** Whatever it waits for has failed. */
  fail (errorCode: number): void {
    this.answerJoin(failedJoin(errorCode, this.memberId))
    this.answerSync({ errorCode, assignment: NOTHING })
  }

  get saved (): GroupMember {
    const { memberId, groupInstanceId, sessionTimeout, rebalanceTimeout, protocols, assignment } = this
    return { memberId, groupInstanceId, sessionTimeout, rebalanceTimeout, protocols, assignment }
  }
}

export function failedJoin (errorCode: number, memberId: string): JoinGroupAnswer {
  return { errorCode, generationId: -1, protocol: '', leaderId: '', memberId, members: [] }
}

/** Whether they can be in one group. */
export function isCompatible ({ protocols }: JoinGroupRequest, others: readonly GroupMember[]): boolean {
  return protocols.some(({ name }) => others.every((member) => member.protocols.some(
    (protocol) => protocol.name === name
  )))
}

function sameProtocols (a: JoinGroupRequest['protocols'], b: JoinGroupRequest['protocols']): boolean {
  return a.length === b.length && a.every(
    ({ name, metadata }, i) => name === b[i]!.name && metadata.equals(b[i]!.metadata)
  )
}
