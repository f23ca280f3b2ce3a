import { API_KEYS, WireError, type Api, type Requests, type VersionRange, type Wire, type WireConnection } from '../../lib/transport/kafka/wire.js'
import { createBroker } from './broker.js'
import type { Cluster } from './cluster.js'
import type { Node } from './node.js'
import type { Process } from './process.js'
import type { Scheduler } from './scheduler.js'
import { inWords, type Trace } from './trace.js'
import type { Fate, Weather } from './weather.js'

const RANGE: VersionRange = { min: 0, max: 99 }
const VERSIONS = new Map(Object.keys(API_KEYS).map((api) => [api as Api, RANGE]))
const API_VERSIONS = new Map(Object.values(API_KEYS).map((key) => [key, RANGE]))
/** How long a message waits at a link that is down before it is sent again, ms. */
const RESEND = 400

interface Pending {
  readonly api: Api
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
}

/** The connections between the processes and the nodes, and what becomes of what is sent over them. */
export class Network {
  readonly scheduler: Scheduler
  readonly weather: Weather
  readonly trace: Trace
  readonly broker: ReturnType<typeof createBroker>
  readonly #cluster: Cluster
  readonly #connections = new Set<Connection>()
  /** Links that are down: process and node. */
  readonly #down = new Set<string>()

  constructor (cluster: Cluster, weather: Weather, trace: Trace) {
    this.scheduler = cluster.scheduler
    this.weather = weather
    this.trace = trace
    this.broker = createBroker(cluster)
    this.#cluster = cluster
  }

  /** The port for one process. */
  wire (process: Process): Wire {
    return { versions: VERSIONS, connect: (address, signal) => this.#connect(process, address, signal) }
  }

  unplug (process: Process, node: Node): void {
    this.#down.add(`${process.name} ${node.host}`)
  }

  plug (process: Process, node: Node): void {
    this.#down.delete(`${process.name} ${node.host}`)
  }

  isDown (process: Process, node: Node): boolean {
    return this.#down.has(`${process.name} ${node.host}`)
  }

  /** A node is gone. Its kernel says so to those who are connected, unless the machine has vanished. */
  reset (node: Node, isSilent: boolean): void {
    for (const connection of this.#connections) if (connection.node === node && !isSilent) connection.breakLater('the node is gone')
  }

  forget (connection: Connection): void {
    this.#connections.delete(connection)
  }

  #connect (process: Process, address: string, signal: AbortSignal): Promise<WireConnection> {
    const node = this.#cluster.nodeAt(address)
    return new Promise((resolve, reject) => {
      const refuse = (reason: string): void => {
        process.schedule(this.weather.latency(), () => { reject(new WireError(`${address}: ${reason}`, 'connection')) })
      }
      signal.addEventListener('abort', () => { reject(new WireError(`${address}: given up`, 'connection')) }, { once: true })
      if (signal.aborted) return reject(new WireError(`${address}: given up`, 'connection'))
      if (node === undefined) return refuse('no such host')
      const arrive = (): void => {
        if (signal.aborted) return
        if (this.isDown(process, node)) return void this.scheduler.schedule(RESEND, arrive)
        if (!node.process.isAlive) return this.weather.isSilent() ? undefined : refuse('refused')
        node.process.schedule(0, () => {
          process.schedule(this.weather.latency(), () => {
            if (signal.aborted) return
            const connection = new Connection(this, process, node)
            this.#connections.add(connection)
            this.trace.note(`${process.name} connects to ${node.host}`)
            resolve(connection)
          })
        })
      }
      this.scheduler.schedule(this.weather.latency(), arrive)
    })
  }
}

/** One connection: what is sent is worked on one after the other, and answered in order. */
export class Connection implements WireConnection {
  readonly apiVersions = API_VERSIONS
  readonly node: Node
  readonly #network: Network
  readonly #client: Process
  /** The process that accepted it; another one, after a restart, knows nothing of it. */
  readonly #server: Process
  readonly #pending = new Set<Pending>()
  #open = true
  /** Half-open: nothing arrives any more. */
  #lostUp = false
  #lostDown = false
  #nextUp = 0
  #nextDown = 0
  #queue: Promise<void> = Promise.resolve()

  constructor (network: Network, client: Process, node: Node) {
    this.#network = network
    this.#client = client
    this.node = node
    this.#server = node.process
  }

  get open (): boolean {
    return this.#open
  }

  send<Kind extends Api> (api: Kind, parameters: Requests[Kind]['parameters']): Promise<Requests[Kind]['answer']> {
    return new Promise((resolve, reject) => {
      const { weather } = this.#network
      if (!this.#open || !this.#client.isAlive) return reject(new WireError('the connection is closed', 'connection'))
      weather.step()
      const pending: Pending = { api, resolve: (answer) => { resolve(answer as Requests[Kind]['answer']) }, reject }
      this.#pending.add(pending)
      const fate = weather.fateOf(api)
      this.#note(`-> ${fate === 'delivered' ? '' : `${fate} `}`, api, parameters)
      if (fate === 'request-lost') this.#lostUp = true
      if (fate === 'cut-before') return this.breakLater('cut')
      this.#nextUp = Math.max(this.#nextUp, this.#now + weather.latency() + (fate === 'request-late' ? weather.delay() : 0))
      const work = (): void => { this.#queue = this.#queue.then(() => this.#work(api, parameters, pending, fate)) }
      this.#carry(this.#nextUp, () => this.#lostUp, () => { this.#server.schedule(0, work) })
      if (fate === 'doubled') this.#carry(this.#nextUp + weather.delay(), () => false, () => { this.#server.schedule(0, () => { this.#answer(api, parameters).catch(() => {}) }) })
    })
  }

  close (): void {
    this.#end('closed')
  }

  /** The client's kernel hears that the connection is over. */
  breakLater (reason: string): void {
    this.#lostUp = this.#lostDown = true
    this.#client.schedule(this.#network.weather.latency(), () => { this.#end(reason) })
  }

  get #now (): number {
    return this.#network.scheduler.now
  }

  /** Over the link, once it is up, unless the connection has died. */
  #carry (at: number, isLost: () => boolean, arrive: () => void): void {
    const { scheduler } = this.#network
    scheduler.schedule(at - this.#now, () => {
      if (isLost()) return
      // The new process of a node knows no connection of the old one.
      if (!this.#server.isAlive && this.node.process.isAlive) return this.breakLater('reset')
      if (this.#network.isDown(this.#client, this.node)) return this.#carry(this.#now + RESEND, isLost, arrive)
      arrive()
    })
  }

  async #work (api: Api, parameters: unknown, pending: Pending, fate: Fate): Promise<void> {
    const { weather } = this.#network
    if (!this.#open && !weather.outlivesConnection()) return
    weather.step()
    const answer = await this.#answer(api, parameters)
    weather.step()
    if (fate === 'answer-lost') this.#lostDown = true
    this.#nextDown = Math.max(this.#nextDown, this.#now + weather.latency() + (fate === 'answer-late' ? weather.delay() : 0))
    if (fate === 'cut-within') return this.breakLater('cut within an answer')
    this.#carry(this.#nextDown, () => this.#lostDown || !this.#server.isAlive, () => {
      this.#client.schedule(0, () => {
        if (!this.#pending.delete(pending)) return
        weather.step()
        this.#note('<-', api, answer)
        pending.resolve(answer)
      })
    })
  }

  async #answer (api: Api, parameters: unknown): Promise<unknown> {
    const handle = this.#network.broker[api] as (node: Node, parameters: unknown, client: object) => unknown
    return await handle(this.node, parameters, { name: this.#client.name, isOpen: () => this.#open })
  }

  #end (reason: string): void {
    if (!this.#open) return
    this.#open = false
    this.#network.forget(this)
    this.#network.trace.note(`${this.#client.name} and ${this.node.host}: ${reason}`)
    const error = new WireError(`the connection to ${this.node.address} ended: ${reason}`, 'connection')
    for (const { reject } of this.#pending) reject(error)
    this.#pending.clear()
  }

  #note (arrow: string, api: Api, content: unknown): void {
    const { trace } = this.#network
    trace.note(`${this.#client.name} ${arrow} ${this.node.host} ${api}${trace.isPrinted ? ` ${inWords(content)}` : ''}`)
  }
}
