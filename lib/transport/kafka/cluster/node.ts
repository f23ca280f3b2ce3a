import type { Signal } from '../../../light-signal.js'
import type { Environment } from '../environment.js'
import { type Api, pointsAtOption, type Requests, type Wire, type WireConnection, WireError } from '../wire.js'
import { checkApiRanges } from './api-ranges.js'
import { Session } from './session.js'

export interface NodeTimeouts {
  /** ms */
  readonly connectTimeout: number
  /** ms that a node may take to answer */
  readonly requestTimeout: number
}

export interface RequestOptions {
  /** ms */
  readonly timeout?: number
  /** Aborts when the caller no longer waits for the answer. */
  readonly signal?: Signal
}

/**
 * One connection to one node, made when it is needed and replaced when it broke, or before its session ends. A request
 * that gets no answer in time, or whose answer is not waited for, costs the connection: later requests would wait
 * behind it.
 */
export class Node {
  readonly address: string
  readonly #wire: Wire
  readonly #environment: Environment
  readonly #timeouts: NodeTimeouts
  #session: Session | undefined
  /** Sessions that were replaced, whose last requests are not answered yet. */
  #replaced: readonly Session[] = []
  #connecting: Promise<Session> | undefined
  #abort = new AbortController()

  constructor (address: string, wire: Wire, environment: Environment, timeouts: NodeTimeouts) {
    this.address = address
    this.#wire = wire
    this.#environment = environment
    this.#timeouts = timeouts
  }

  get connected (): boolean {
    return this.#session?.connection.open === true
  }

  async connect (): Promise<void> {
    await this.#usable()
  }

  async request<Kind extends Api> (
    api: Kind,
    parameters: Requests[Kind]['parameters'],
    { timeout = this.#timeouts.requestTimeout, signal }: RequestOptions = {}
  ): Promise<Requests[Kind]['answer']> {
    const usable = this.#usable()
    // Without a turn in between, in which a session that is replaced could close.
    const session = usable instanceof Session ? usable : await usable
    signal?.throwIfAborted()
    return await session.use((connection) => new Promise((resolve, reject) => {
      const giveUp = (error: unknown): void => {
        reject(error)
        connection.close()
      }
      const onAbort = (): void => { giveUp(signal?.reason) }
      const cancel = this.#environment.clock.schedule(timeout, () => {
        giveUp(new WireError(`${this.address} did not answer ${api} within ${timeout} ms`, 'connection'))
      })
      signal?.addEventListener('abort', onAbort)
      connection.send(api, parameters).then(resolve, reject).finally(() => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
      })
    }))
  }

  /** Drops the connection at once: requests without an answer reject. */
  cut (): void {
    this.#abort.abort(new WireError('the connection was cut', 'connection'))
    for (const session of [this.#session, ...this.#replaced]) session?.connection.close()
  }

  /** The session for the next request. One that is being replaced takes requests meanwhile. */
  #usable (): Session | Promise<Session> {
    const { clock } = this.#environment
    const session = this.#session
    if (session?.takesRequests(clock.elapsed()) !== true) return this.#connect()
    if (session.shouldBeReplaced(clock.elapsed()) && this.#connecting === undefined) {
      this.#connect().catch(() => { session.postponeReplacement(clock.elapsed()) })
    }
    return session
  }

  #connect (): Promise<Session> {
    this.#connecting ??= this.#open().finally(() => { this.#connecting = undefined })
    return this.#connecting
  }

  async #open (): Promise<Session> {
    const { connectTimeout } = this.#timeouts
    const abort = this.#abort = new AbortController()
    const cancel = this.#environment.clock.schedule(connectTimeout, () => {
      abort.abort(new WireError(`${this.address} took no connection within ${connectTimeout} ms`, 'connection'))
    })
    return await this.#begin(abort.signal).finally(cancel)
  }

  async #begin (signal: AbortSignal): Promise<Session> {
    const { clock, random } = this.#environment
    const began = clock.elapsed()
    let connection: WireConnection | undefined
    try {
      connection = await this.#wire.connect(this.address, signal)
      signal.throwIfAborted()
      checkApiRanges(this.#wire, connection)
      return this.#replace(new Session(connection, began, random))
    } catch (err) {
      connection?.close()
      throw signal.aborted && !pointsAtOption(err) ? signal.reason : err
    }
  }

  #replace (session: Session): Session {
    const before = this.#session
    this.#session = session
    before?.replaced()
    this.#replaced = [...this.#replaced, ...before === undefined ? [] : [before]].filter((each) => each.connection.open)
    return session
  }
}
