import type { Environment } from '../environment.js'
import { type Api, type Requests, type Wire, type WireConnection, WireError } from '../wire.js'
import { checkApiRanges } from './api-ranges.js'

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
  readonly signal?: AbortSignal
}

/**
 * One connection to one node, made when it is needed and replaced when it broke. A request that gets no answer in
 * time, or whose answer is not waited for, costs the connection: later requests would wait behind it.
 */
export class Node {
  readonly address: string
  readonly #wire: Wire
  readonly #environment: Environment
  readonly #timeouts: NodeTimeouts
  #connection: WireConnection | undefined
  #connecting: Promise<WireConnection> | undefined
  #abort = new AbortController()

  constructor (address: string, wire: Wire, environment: Environment, timeouts: NodeTimeouts) {
    this.address = address
    this.#wire = wire
    this.#environment = environment
    this.#timeouts = timeouts
  }

  get connected (): boolean {
    return this.#connection?.open === true
  }

  connect (): Promise<WireConnection> {
    if (this.#connection?.open === true) return Promise.resolve(this.#connection)
    this.#connecting ??= this.#open().finally(() => { this.#connecting = undefined })
    return this.#connecting
  }

  async request<Kind extends Api> (
    api: Kind,
    parameters: Requests[Kind]['parameters'],
    { timeout = this.#timeouts.requestTimeout, signal }: RequestOptions = {}
  ): Promise<Requests[Kind]['answer']> {
    const connection = await this.connect()
    signal?.throwIfAborted()
    return await new Promise((resolve, reject) => {
      const giveUp = (error: unknown): void => {
        reject(error)
        connection.close()
      }
      const onAbort = (): void => { giveUp(signal?.reason) }
      const cancel = this.#environment.clock.schedule(timeout, () => {
        giveUp(new WireError(`${this.address} did not answer ${api} within ${timeout} ms`, 'connection'))
      })
      signal?.addEventListener('abort', onAbort, { once: true })
      connection.send(api, parameters).then(resolve, reject).finally(() => {
        cancel()
        signal?.removeEventListener('abort', onAbort)
      })
    })
  }

  /** Drops the connection at once: requests without an answer reject. */
  cut (): void {
    this.#abort.abort(new WireError('the connection was cut', 'connection'))
    this.#connection?.close()
  }

  async #open (): Promise<WireConnection> {
    const abort = this.#abort = new AbortController()
    const { connectTimeout } = this.#timeouts
    const cancel = this.#environment.clock.schedule(connectTimeout, () => {
      abort.abort(new WireError(`${this.address} took no connection within ${connectTimeout} ms`, 'connection'))
    })
    return await this.#wire.connect(this.address, abort.signal).then((connection) => {
      this.#connection = connection
      abort.signal.throwIfAborted()
      checkApiRanges(this.#wire, connection)
      return connection
    }).catch((err) => {
      this.#connection?.close()
      throw abort.signal.aborted ? abort.signal.reason : err
    }).finally(cancel)
  }
}
