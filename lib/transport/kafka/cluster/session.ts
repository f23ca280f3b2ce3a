import type { WireConnection } from '../wire.js'

/** Part of a session after which another connection takes its place; chance adds up to `SPREAD`. */
const RENEWAL = 0.7
const SPREAD = 0.1
/** Part of a session for which requests are sent: a node closes the connection over which one comes too late. */
const USE = 0.9

/** The use of one connection, to the end of its session where it has one (KIP-368). */
export class Session {
  readonly connection: WireConnection
  readonly #endsAt: number
  #renewsAt: number
  #pending = 0
  #isReplaced = false

  /** `began`: ms by the clock's `elapsed`, not later than the session. */
  constructor (connection: WireConnection, began: number, random: () => number) {
    const { sessionLifetime } = connection
    this.connection = connection
    this.#endsAt = sessionLifetime === undefined ? Infinity : began + sessionLifetime * USE
    this.#renewsAt = sessionLifetime === undefined ? Infinity : began + sessionLifetime * (RENEWAL + SPREAD * random())
  }

  takesRequests (now: number): boolean {
    return this.connection.open && now < this.#endsAt
  }

  shouldBeReplaced (now: number): boolean {
    return now >= this.#renewsAt
  }

  /** No other connection could be made: the next try comes when half of the rest is over. */
  postponeReplacement (now: number): void {
    this.#renewsAt = now + (this.#endsAt - now) / 2
  }

  async use<Result> (work: (connection: WireConnection) => Promise<Result>): Promise<Result> {
    this.#pending++
    try {
      return await work(this.connection)
    } finally {
      this.#pending--
      this.#closeIfDone()
    }
  }

  /** Another connection takes the requests from now on: this one closes once its own are answered. */
  replaced (): void {
    this.#isReplaced = true
    this.#closeIfDone()
  }

  #closeIfDone (): void {
    if (this.#isReplaced && this.#pending === 0) this.connection.close()
  }
}
