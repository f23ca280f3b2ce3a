import type { Api } from '../../lib/transport/kafka/wire.js'
import type { Random } from './judge.js'

/** What the network does with one request and its answer. */
export type Fate =
  | 'delivered'
  /** The request never arrives, and nothing more on this connection: it is half-open. */
  | 'request-lost'
  /** The request is worked on; its answer never arrives, nor does any other. */
  | 'answer-lost'
  /** The connection breaks before the request arrives. */
  | 'cut-before'
  /** The connection breaks in the middle of the answer. */
  | 'cut-within'
  | 'request-late'
  | 'answer-late'
  /** The request is worked on a second time, later: by then its sender may have gone on. */
  | 'doubled'

const BAD: readonly Fate[] = [
  'request-lost', 'answer-lost', 'cut-before', 'cut-within', 'request-late', 'answer-late', 'doubled'
]

/** How bad the network is, by chance. */
export class Weather {
  /** How many of a hundred requests meet with something. */
  badness = 0
  /** How many of a hundred steps of requests are accompanied by a move of a leader or the coordinator. */
  restlessness = 0
  /** Connections whose machines have vanished end in nothing, not in an error. */
  silence = 0
  readonly #random: Random
  readonly #move: () => void

  constructor (random: Random, move: () => void) {
    this.#random = random
    this.#move = move
  }

  /** At every step of a request: it leaves, it arrives, it is answered, the answer arrives. */
  step (): void {
    if (this.restlessness > 0 && this.#random.next() * 100 < this.restlessness) this.#move()
  }

  fateOf (api: Api): Fate {
    if (this.badness === 0 || this.#random.next() * 100 >= this.badness) return 'delivered'
    const fate = this.#random.pick(BAD)
    // See `outlivesConnection`.
    return fate === 'doubled' && isOnce(api) ? 'answer-lost' : fate
  }

  /** One way, ms. */
  latency (): number {
    return 0.2 + this.#random.next() * 2
  }

  /** ms */
  delay (): number {
    return this.#random.next() < 0.5 ? this.#random.integer(20, 2000) : this.#random.integer(2000, 20_000)
  }

  isSilent (): boolean {
    return this.silence > 0 && this.#random.next() < this.silence
  }

  /**
   * Whether what arrives on a connection that its sender has closed is still worked on. Commits are not: one that comes
   * behind a later one takes that back, and no client can keep it from doing so. Nor are joins: that of a static member
   * which is gone would fence the one that has taken its place.
   */
  outlivesConnection (api: Api): boolean {
    return !isOnce(api) && this.#random.next() < 0.5
  }
}

function isOnce (api: Api): boolean {
  return api === 'OffsetCommit' || api === 'JoinGroup'
}
