import {
  API_KEYS, WireError, type Api, type VersionRange, type Wire, type WireConnection
} from '../../lib/transport/kafka/wire.js'
import { createBroker } from './broker.js'
import type { Cluster } from './cluster.js'
import { Connection } from './connection.js'
import type { Node } from './node.js'
import type { Process } from './process.js'
import type { Timeline } from './timeline.js'
import type { Trace } from './trace.js'
import type { Weather } from './weather.js'

const RANGE: VersionRange = { min: 0, max: 99 }
const VERSIONS = new Map(Object.keys(API_KEYS).map((api) => [api as Api, RANGE]))
export const API_VERSIONS = new Map(Object.values(API_KEYS).map((key) => [key, RANGE]))
/** How long a message waits at a link that is down before it is sent again, ms. */
export const RESEND = 400

/** The connections between the processes and the nodes, and what becomes of what is sent over them. */
export class Network {
  readonly scheduler: Timeline
  readonly weather: Weather
  readonly trace: Trace
  readonly broker: ReturnType<typeof createBroker>
  readonly #cluster: Cluster
  readonly #connections = new Set<Connection>()
  /** Links that are down: process and node. */
  readonly #down = new Set<string>()
  readonly #awaited = new Map<string, () => void>()

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
    for (const connection of this.#connections) {
      if (connection.node === node && !isSilent) connection.breakLater('the node is gone')
    }
  }

  /** Resolves when the process sends such a request. */
  sends (process: Process, api: Api): Promise<void> {
    return new Promise((resolve) => { this.#awaited.set(`${process.name} ${api}`, resolve) })
  }

  sent (process: Process, api: Api): void {
    if (this.#awaited.size === 0) return
    this.#awaited.get(`${process.name} ${api}`)?.()
    this.#awaited.delete(`${process.name} ${api}`)
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
      signal.addEventListener(
        'abort', () => { reject(new WireError(`${address}: given up`, 'connection')) }, { once: true }
      )
      if (signal.aborted) return reject(new WireError(`${address}: given up`, 'connection'))
      if (node === undefined) return refuse('no such host')
      const arrive = (): void => {
        if (signal.aborted) return
        if (this.isDown(process, node)) {
          this.scheduler.schedule(RESEND, arrive)
          return
        }
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
