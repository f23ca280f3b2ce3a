import { WireError, type Api, type Requests, type WireConnection } from '../../lib/transport/kafka/wire.js'
import type { Node } from './node.js'
import { API_VERSIONS, RESEND, type Network } from './network.js'
import type { Process } from './process.js'
import { inWords } from './trace.js'
import type { Fate } from './weather.js'

interface Pending {
  readonly api: Api
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: Error) => void
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
      this.#network.sent(this.#client, api)
      this.#note(`-> ${fate === 'delivered' ? '' : `${fate} `}`, api, parameters)
      if (fate === 'request-lost') this.#lostUp = true
      if (fate === 'cut-before') return this.breakLater('cut')
      this.#nextUp = Math.max(this.#nextUp, this.#now + weather.latency() + (
        fate === 'request-late' ? weather.delay() : 0
      ))
      const work = (): void => { this.#queue = this.#queue.then(() => this.#work(api, parameters, pending, fate)) }
      this.#carry(this.#nextUp, () => this.#lostUp, () => { this.#server.schedule(0, work) })
      if (fate === 'doubled') {
        this.#carry(this.#nextUp + weather.delay(), () => false, () => {
          this.#server.schedule(0, () => { this.#answer(api, parameters).catch(() => {}) })
        })
      }
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
    if (!this.#open && !weather.outlivesConnection(api)) return
    weather.step()
    const answer = await this.#answer(api, parameters)
    weather.step()
    if (fate === 'answer-lost') this.#lostDown = true
    this.#nextDown = Math.max(this.#nextDown, this.#now + weather.latency() + (
      fate === 'answer-late' ? weather.delay() : 0
    ))
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
    return await handle(this.node, parameters, { name: this.#client.name })
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
    this.#network.trace.note(`${this.#client.name} ${arrow} ${this.node.host} ${api}`, () => inWords(content))
  }
}
