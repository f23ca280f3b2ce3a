import { sleep } from '../../../clock.js'
import { toError } from '../../../to-error.js'
import { addressOf, type Cluster } from '../cluster/cluster.js'
import type { Connections } from '../cluster/connections.js'
import { throwIfFailed } from '../cluster/denied.js'
import { CODE, isFinal, ProtocolError } from '../cluster/protocol-errors.js'
import { jittered } from '../cluster/retry-until.js'
import type { Api, ErrorAnswer, Requests } from '../wire.js'

export interface CoordinatorRequestOptions {
  /** ms that the coordinator may take to answer */
  readonly timeout?: number
  /** ms between a failed try and the next one */
  readonly patience?: number
  /** Over a connection that is not held up by a join which waits for other members. */
  readonly aside?: boolean
  readonly signal?: AbortSignal
  /** Signal that ends the wait for an answer, which costs the connection. */
  readonly abandon?: AbortSignal
}

/** ms */
const PATIENCE = 10_000
const SHORTEST_PAUSE = 50
const LONGEST_PAUSE = 1000
const NEVER = new AbortController().signal

/** The coordinator is another node now, or this one has lost what it knew about the group and reads it again. */
const ELSEWHERE: ReadonlySet<number> = new Set([
  CODE.coordinatorLoadInProgress, CODE.coordinatorNotAvailable, CODE.notCoordinator
])

/** The node that keeps a group, wherever it is. Members and generation survive a move, so requests follow it. */
export class Coordinator {
  readonly #groupId: string
  readonly #cluster: Cluster
  readonly #connections: Connections
  #address: string | undefined
  #lastFailure: unknown

  constructor (groupId: string, cluster: Cluster, connections: Connections) {
    this.#groupId = groupId
    this.#cluster = cluster
    this.#connections = connections
  }

  /** Why there is no connection to the coordinator; undefined while there is one. */
  get unreached (): Error | undefined {
    if (this.#address !== undefined && this.#connections.to(this.#address).connected) return undefined
    const known = this.#address === undefined ? 'its brokers name none' : `${this.#address} takes no connection`
    const reason = this.#lastFailure === undefined ? known : toError(this.#lastFailure).message
    return new Error(`the coordinator of group '${this.#groupId}' is not reached: ${reason}`)
  }

  /**
   * Rejects when the coordinator cannot be reached within `patience`, and when asking again would be answered alike.
   */
  async request<Kind extends Api> (
    api: Kind,
    parameters: Requests[Kind]['parameters'],
    errorCodeOf: (answer: Requests[Kind]['answer']) => number,
    options: CoordinatorRequestOptions = {}
  ): Promise<Requests[Kind]['answer']> {
    const { timeout, patience = PATIENCE, aside = false, signal = NEVER, abandon } = options
    const { environment } = this.#cluster
    const giveUp = environment.clock.elapsed() + patience
    let pause = SHORTEST_PAUSE
    let answer: Requests[Kind]['answer'] | undefined
    while (answer === undefined) {
      try {
        const address = await this.#find(patience, signal)
        const node = aside ? this.#cluster.at(address) : this.#connections.to(address)
        const candidate = await node.request(api, parameters, { timeout, signal: abandon })
        const errorCode = errorCodeOf(candidate)
        if (ELSEWHERE.has(errorCode)) throw new ProtocolError(errorCode)
        answer = candidate
      } catch (err) {
        this.#address = undefined
        if (abandon?.aborted === true) throw err
        this.#lastFailure = err
        if (isFinal(err) || environment.clock.elapsed() + pause > giveUp) throw err
        await sleep(environment.clock, jittered(pause, environment), signal)
        signal.throwIfAborted()
        pause = Math.min(pause * 2, LONGEST_PAUSE)
      }
    }
    return answer
  }

  async #find (patience: number, signal: AbortSignal): Promise<string> {
    if (this.#address !== undefined) return this.#address
    const groupId = this.#groupId
    const check = ({ errorCode }: ErrorAnswer): void => throwIfFailed(errorCode, 'FindCoordinator', { groupId })
    const found = await this.#cluster.until(patience, (operation) => operation.repeat(() => (
      this.#cluster.ask(operation, 'FindCoordinator', { groupId }, check))), signal)
    this.#address = addressOf(found)
    return this.#address
  }
}
