import { systemClock } from '../../clock.js'
import type { OffsetFetchAnswer, OffsetFetchRequest } from './starting-offsets.js'

/** What tells KafkaJS's errors apart. They are of the private copy: classified by name and type, never by class. */
export interface KafkajsFailure extends Error {
  readonly type?: string
}

export interface Identity {
  readonly groupId: string
  readonly memberId: string
}

export interface GenerationIdentity extends Identity {
  readonly groupGenerationId: number
}

export interface Commit extends GenerationIdentity {
  readonly topics: ReadonlyArray<{ readonly topic: string, readonly partitions: ReadonlyArray<{ readonly partition: number, readonly offset: string, readonly metadata: string }> }>
}

/** As whom the group knows a consumer that has not left it: empty, if nobody. */
export interface Remembered {
  memberId: string
}

type Lookup = (apiKey: number, definition: unknown) => (parameters: { readonly memberId: string }) => unknown

/** The part of KafkaJS's `Broker` that group members use. */
export interface Broker {
  readonly nodeId: number
  readonly connectionPool: { readonly host: string, readonly port: number }
  lookupRequest: Lookup
  isConnected (): boolean
  connect (): Promise<void>
  disconnect (): Promise<void>
  joinGroup (request: Identity): Promise<{ readonly memberId: string, readonly generationId: number }>
  syncGroup (request: GenerationIdentity): Promise<{ readonly memberAssignment: Buffer }>
  heartbeat (request: GenerationIdentity): Promise<unknown>
  leaveGroup (request: Identity): Promise<unknown>
  offsetFetch (request: OffsetFetchRequest): Promise<OffsetFetchAnswer>
  offsetCommit (request: Commit): Promise<unknown>
}

/** The coordinator is another node now, or this one has lost what it knew about the group and reads it again. */
const elsewhere = new Set(['NOT_COORDINATOR_FOR_GROUP', 'GROUP_COORDINATOR_NOT_AVAILABLE', 'GROUP_LOAD_IN_PROGRESS'])
const unreachable = new Set(['KafkaJSConnectionError', 'KafkaJSConnectionClosedError', 'KafkaJSRequestTimeoutError', 'KafkaJSBrokerNotFound'])

/**
 * What KafkaJS gets as the coordinator when it joins: the node that it found, and where the group goes when that node is gone.
 * Members and generation survive such a move; KafkaJS would try the old node again, crash, and join as somebody else.
 */
export class Coordinator {
  memberId = ''
  generationId = -1
  #broker: Broker
  readonly #find: () => Promise<Broker>
  readonly #closing: AbortSignal
  readonly #contacted: (at: number) => void
  readonly #remembered: Remembered
  #join: Promise<unknown> | undefined

  /** `contacted`: it has answered what it was asked `at`, ms since the epoch. What waited in the socket while the process was frozen is old. */
  constructor (broker: Broker, find: () => Promise<Broker>, closing: AbortSignal, contacted: (at: number) => void, remembered: Remembered) {
    this.#broker = broker
    this.#find = find
    this.#closing = closing
    this.#contacted = contacted
    this.#remembered = remembered
  }

  /** The node where the group is, as far as is known. */
  get broker (): Broker {
    return this.#broker
  }

  /** KafkaJS asks before it commits or fetches offsets: what follows connects by itself. */
  isConnected (): boolean {
    return true
  }

  /**
   * Goes no further once the consumer closes. One that crashed and could not leave comes back as the same member: the group would
   * wait for the other one until its session ends. When the group has forgotten it, KafkaJS joins as a new one.
   */
  async joinGroup (request: Identity): Promise<unknown> {
    const memberId = request.memberId === '' ? this.#remembered.memberId : request.memberId
    const join = this.#overheard().joinGroup({ ...request, memberId })
    this.#join = join
    const joined = await join.catch((err: KafkajsFailure) => {
      if (err.type === 'UNKNOWN_MEMBER_ID') this.#remembered.memberId = ''
      throw joinAgain(err)
    })
    this.#contacted(systemClock.now())
    this.memberId = this.#remembered.memberId = joined.memberId
    this.generationId = joined.generationId
    this.#closing.throwIfAborted()
    return joined
  }

  /** Whom the group has to forget when the join is given up. Empty when it does not know of us. */
  async joiningMember (): Promise<string> {
    // The first answer to a newcomer is its id, at once; the second one waits for the other members.
    if (this.memberId === '') await this.#join?.catch(() => {})
    return this.memberId
  }

  syncGroup (request: GenerationIdentity): Promise<{ readonly memberAssignment: Buffer }> {
    return this.#broker.syncGroup(request).catch((err: KafkajsFailure) => { throw joinAgain(err) })
  }

  /** Where the group has moved meanwhile, it would wait there for who has gone, until the session is over. */
  async leaveGroup (request: Identity): Promise<unknown> {
    const left = await this.#follow((broker) => broker.leaveGroup(request))
    this.#remembered.memberId = ''
    return left
  }

  heartbeat (request: GenerationIdentity): Promise<unknown> {
    return this.#follow((broker) => this.#answered(() => broker.heartbeat(request)))
  }

  /** No contact: it tells that to anybody, also to a member that it has given up. */
  offsetFetch (request: OffsetFetchRequest): Promise<OffsetFetchAnswer> {
    return this.#follow((broker) => broker.offsetFetch(request))
  }

  offsetCommit (request: Commit): Promise<unknown> {
    return this.#follow((broker) => this.#answered(() => broker.offsetCommit(request)))
  }

  /** KafkaJS's broker, but each request to join tells under which id. */
  #overheard (): Broker {
    const broker = this.#broker
    return Object.create(broker, {
      lookupRequest: {
        value: (...args: Parameters<Lookup>) => (parameters: Identity) => {
          this.memberId = parameters.memberId
          this.#closing.throwIfAborted()
          return broker.lookupRequest(...args)(parameters)
        }
      }
    })
  }

  async #follow<Answer> (ask: (broker: Broker) => Promise<Answer>): Promise<Answer> {
    try {
      return await ask(await connected(this.#broker))
    } catch (err) {
      const { name, type = '' } = err as KafkajsFailure
      if (!elsewhere.has(type) && !unreachable.has(name)) throw err
      // The error of a failed search would end the consumer; this one makes KafkaJS try again.
      this.#broker = await this.#find().catch(() => { throw err })
      return await ask(this.#broker)
    }
  }

  async #answered<Answer> (ask: () => Promise<Answer>): Promise<Answer> {
    const at = systemClock.now()
    try {
      const answer = await ask()
      this.#contacted(at)
      return answer
    } catch (err) {
      // It knows us and waits for the rejoin, while the core drains.
      if ((err as KafkajsFailure).type === 'REBALANCE_IN_PROGRESS') this.#contacted(at)
      throw err
    }
  }
}

/** A coordinator that reads the group or moves makes KafkaJS crash while it joins. So it looks for it and joins again, after a pause. */
function joinAgain (err: KafkajsFailure): KafkajsFailure {
  return elsewhere.has(err.type ?? '') ? Object.assign(new Error(err.message, { cause: err }), { type: 'REBALANCE_IN_PROGRESS' }) : err
}

/** Under the lock that KafkaJS's own requests bypass: two that connect at the same time mix up their sockets. */
async function connected (broker: Broker): Promise<Broker> {
  if (!broker.isConnected()) await broker.connect()
  return broker
}
