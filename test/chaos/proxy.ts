import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/**
 * What a proxy does to its connections. `swallow`: they stay open and carry nothing any more. `cut`: the next bytes are
 * sent by half, then the connection ends. `delay`: all bytes arrive 2 s later. `half-open`: the node's side ends, and
 * the client is not told.
 */
export type Trouble = 'swallow' | 'cut' | 'delay' | 'half-open'

interface Address {
  /** Of the node. */
  readonly port: number
  readonly proxyPort: number
}

interface Pair {
  readonly client: Socket
  readonly node: Socket
  /** Carries nothing any more, in either direction. */
  dead: boolean
}

const HOST = '127.0.0.1'
/** ms */
const DELAY = 2000

/** Stands between the processes and one node. */
export class Proxy {
  readonly #address: Address
  readonly #server: Server
  readonly #pairs = new Set<Pair>()
  #trouble: Trouble | undefined

  constructor (address: Address) {
    this.#address = address
    this.#server = createServer((client) => { this.#accept(client) })
  }

  async listen (): Promise<void> {
    this.#server.listen(this.#address.proxyPort, HOST)
    await once(this.#server, 'listening')
  }

  /** From now on, for the connections that there are; all but `half-open` also for new ones. */
  begin (trouble: Trouble): void {
    this.#trouble = trouble
    for (const pair of this.#pairs) {
      if (trouble === 'swallow' || trouble === 'half-open') pair.dead = true
      if (trouble === 'half-open') pair.node.destroy()
    }
  }

  /** Connections that carry nothing stay so until one of their ends gives up. */
  end (): void {
    this.#trouble = undefined
  }

  close (): void {
    this.#server.close()
    for (const { client, node } of this.#pairs) {
      client.destroy()
      node.destroy()
    }
  }

  #accept (client: Socket): void {
    const pair: Pair = { client, node: connect(this.#address.port, HOST), dead: this.#trouble === 'swallow' }
    this.#pairs.add(pair)
    for (const [from, to] of [[pair.client, pair.node], [pair.node, pair.client]] as const) {
      from.setNoDelay()
      this.#carry(pair, from, to)
      from.on('error', () => {})
      from.once('close', () => {
        // A client that is not told finds out by itself.
        if (pair.dead && from === pair.node) return
        to.destroy()
        this.#pairs.delete(pair)
      })
    }
  }

  #carry (pair: Pair, from: Socket, to: Socket): void {
    let due = 0
    let waiting = 0
    from.on('data', (bytes) => {
      if (pair.dead) return
      if (this.#trouble === 'cut') {
        pair.dead = true
        to.write(bytes.subarray(0, bytes.length / 2), () => {
          to.destroy()
          from.destroy()
        })
        return
      }
      due = Math.max(due, performance.now() + (this.#trouble === 'delay' ? DELAY : 0))
      if (waiting === 0 && this.#trouble !== 'delay') return write(from, to, bytes)
      waiting++
      setTimeout(() => {
        waiting--
        if (!pair.dead) write(from, to, bytes)
      }, due - performance.now())
    })
  }
}

function write (from: Socket, to: Socket, bytes: Buffer): void {
  if (to.destroyed || to.write(bytes)) return
  from.pause()
  to.once('drain', () => { from.resume() })
}
