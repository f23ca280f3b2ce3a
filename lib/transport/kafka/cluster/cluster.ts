import type { Signal } from '../../../light-signal.js'
import type { TransportOptions } from '../../transport.js'
import type { Environment } from '../environment.js'
import { type Api, type MetadataAnswer, pointsAtOption, type Requests, type Wire } from '../wire.js'
import { Connections } from './connections.js'
import { Node, type NodeTimeouts } from './node.js'
import { InterruptedError, isFinal } from './protocol-errors.js'
import { Operation } from './retry-until.js'

export interface ClusterOptions extends Pick<TransportOptions, 'brokers' | 'connectTimeout'> {
  /** ms that a node may take to answer */
  readonly requestTimeout: number
}

/**
 * The nodes of a cluster, as producer, administration and all groups of one app know them. One topic of many that is
 * missing, or one partition without a leader, fails nothing else.
 */
export class Cluster {
  readonly environment: Environment
  /** The bootstrap addresses. */
  readonly brokers: readonly string[]
  readonly #wire: Wire
  readonly #timeouts: NodeTimeouts
  #closed = false
  readonly #operations = new Set<Operation>()
  readonly #pools = new Set<Connections>()
  readonly #shared: Connections
  /** Asked in this order; one that fails goes to the end. */
  #addresses: readonly string[]
  #addressOf = new Map<number, string>()
  #controllerId = -1
  #id: string | undefined

  constructor ({ brokers, connectTimeout, requestTimeout }: ClusterOptions, wire: Wire, environment: Environment) {
    this.environment = environment
    this.brokers = brokers
    this.#wire = wire
    this.#timeouts = { connectTimeout: Math.min(3000, connectTimeout / 3), requestTimeout }
    this.#addresses = [...brokers]
    this.#shared = this.connections()
  }

  /** Id of the cluster, as its metadata tell it; undefined before the first ones. */
  get id (): string | undefined {
    return this.#id
  }

  /** Ids of the nodes that the last metadata have named. */
  get nodeIds (): readonly number[] {
    return [...this.#addressOf.keys()]
  }

  /** Principal of this client on the cluster, where it is known. */
  get principal (): string | undefined {
    return this.#wire.principal
  }

  get requestTimeout (): number {
    return this.#timeouts.requestTimeout
  }

  /** Connections of one user alone, until `release`. */
  connections (): Connections {
    const pool = new Connections((address) => new Node(address, this.#wire, this.environment, this.#timeouts))
    this.#pools.add(pool)
    return pool
  }

  release (pool: Connections): void {
    pool.cut()
    this.#pools.delete(pool)
  }

  /** Runs `work` for `ms`, or until `close` or until `signal` aborts; then nothing of it goes on. */
  async until<Result> (
    ms: number, work: (operation: Operation) => Promise<Result>, signal?: Signal
  ): Promise<Result> {
    if (this.#closed || signal?.aborted === true) throw new InterruptedError('closed')
    const operation = new Operation(ms, this.environment)
    const close = (): void => { operation.interrupt('closed') }
    // A set, and no signal: to listen to one costs 1 µs, and each send of a producer is an operation.
    this.#operations.add(operation)
    signal?.addEventListener('abort', close)
    try {
      return await operation.run(work)
    } finally {
      signal?.removeEventListener('abort', close)
      this.#operations.delete(operation)
    }
  }

  /** Asks for metadata: a broker that wants credentials takes a connection, and refuses the first request. */
  async connect (operation: Operation): Promise<void> {
    await this.describe(operation, [])
  }

  /** Asks one node after the other until one gives an answer at which `check` does not throw. */
  async ask<Kind extends Api> (
    operation: Operation,
    api: Kind,
    parameters: Requests[Kind]['parameters'],
    check = (_answer: Requests[Kind]['answer']): void => {}
  ): Promise<Requests[Kind]['answer']> {
    return await this.#first(operation, async (node) => {
      const answer = await node.request(api, parameters, { signal: operation.signal })
      check(answer)
      return answer
    })
  }

  /** Learns which nodes there are, and about `topics`; null: about all topics. */
  async describe (operation: Operation, topics: readonly string[] | null): Promise<MetadataAnswer['topics']> {
    const { brokers, clusterId, controllerId, topics: described } = await this.ask(operation, 'Metadata', { topics })
    this.#addressOf = new Map(brokers.map(({ nodeId, ...address }) => [nodeId, addressOf(address)]))
    this.#addresses = [...new Set([...this.#addresses, ...this.#addressOf.values()])]
    this.#controllerId = controllerId
    this.#id = clusterId ?? this.#id
    return described
  }

  /** `undefined` when the last `describe` did not name the node. */
  node (id: number, pool = this.#shared): Node | undefined {
    const address = this.#addressOf.get(id)
    return address === undefined ? undefined : pool.to(address)
  }

  at (address: string): Node {
    return this.#shared.to(address)
  }

  controller (): Node | undefined {
    return this.node(this.#controllerId)
  }

  /** A node that did not answer is asked last from now on. */
  demote ({ address }: Node): void {
    this.#addresses = [...this.#addresses.filter((other) => other !== address), address]
  }

  close (): void {
    this.#closed = true
    for (const operation of this.#operations) operation.interrupt('closed')
    for (const pool of this.#pools) pool.cut()
  }

  async #first<Result> (operation: Operation, work: (node: Node) => Promise<Result>): Promise<Result> {
    let failure: unknown
    for (const address of this.#addresses) {
      operation.throwIfInterrupted()
      const node = this.#shared.to(address)
      try {
        return await work(node)
      } catch (err) {
        if (isFinal(err)) throw err
        this.demote(node)
        // What an option may have caused tells more than a node that is down.
        if (!pointsAtOption(failure)) failure = err
      }
    }
    throw failure
  }
}

/** An IPv6 host stands in brackets, as in `brokers`. */
export function addressOf ({ host, port }: { readonly host: string, readonly port: number }): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}
