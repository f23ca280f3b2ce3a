import type { Clock } from '../../clock.js'
import type { ReadingCode } from '../pipeline/subscriber-plan.js'

/** A message that can be handed to the code that asks for it. */
export interface Readable<M> {
  readonly message: M
  /** True when it is settled before it is handed over. */
  readonly isSettled: boolean
  /** Resolves when its reader has decided; rejects when its attempt is aborted. */
  decided (): Promise<unknown>
  /** Aborts its attempt, because this process does not read on: the message is redelivered. */
  giveUp (reason: string): void
}

/** Code that waits for a message; undefined: none comes. */
type Taker<M> = (readable: Readable<M> | undefined, error?: Error) => void

/** A message that is decoded, and for which no code waits any more. */
interface Offer<M> {
  readonly readable: Readable<M>
  readonly taken: () => void
}

/**
 * Hands the messages of one subscriber to code that asks for them. An attempt begins when its message is asked for, and
 * ends with the decision of the reader. A message that is not decided stays unsettled, and others are handed over
 * meanwhile.
 */
export class Reader<M> implements ReadingCode {
  readonly #clock: Clock
  #takers: ReadonlyArray<Taker<M>> = []
  #offers: ReadonlyArray<Offer<M>> = []
  /** Messages that are handed over and not decided. */
  readonly #open = new Set<Readable<M>>()
  /** Those of them with which a loop is busy. */
  readonly #busy = new Set<Readable<M>>()
  #resize: (places: number) => void = () => {}
  /** Why unsettled messages are given up that no loop is busy with; undefined: none is. */
  #draining: string | undefined
  #ended = false
  #error: Error | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** `resize`: told how many attempts may run at once. Called for each new queue of the subscriber. */
  connect (resize: (places: number) => void): void {
    this.#resize = resize
    this.#ended = false
    this.#error = undefined
    this.#draining = undefined
    this.#update()
  }

  /** Takes the next message. Resolves to undefined after `timeout` ms, and when the subscriber has stopped. */
  async take (timeout?: number): Promise<M | undefined> {
    return (await this.#take(timeout))?.message
  }

  async #take (timeout?: number): Promise<Readable<M> | undefined> {
    if (this.#error !== undefined) throw this.#error
    const [offer] = this.#offers
    if (offer !== undefined) {
      this.#offers = this.#offers.slice(1)
      this.#open.add(offer.readable)
      offer.taken()
      return offer.readable
    }
    if (this.#ended) return undefined
    return await new Promise((resolve, reject) => {
      let cancel = (): void => {}
      const taker: Taker<M> = (readable, error) => {
        cancel()
        if (error === undefined) resolve(readable)
        else reject(error)
      }
      if (timeout !== undefined) cancel = this.#clock.schedule(timeout, () => { this.#answer(taker, undefined) })
      this.#takers = [...this.#takers, taker]
      this.#update()
    })
  }

  /** Takes messages until the subscriber stops. While the loop is busy with one, a drain waits for its decision. */
  async * messages (): AsyncGenerator<M, void, undefined> {
    for (let readable = await this.#take(); readable !== undefined; readable = await this.#take()) {
      this.#busy.add(readable)
      try {
        yield readable.message
      } finally {
        this.#busy.delete(readable)
        if (this.#draining !== undefined && this.#open.has(readable)) readable.giveUp(this.#draining)
      }
    }
  }

  /** Hands a message over, as a handler would handle it: resolves when its reader has decided. */
  async hand (readable: Readable<M>): Promise<void> {
    const taken = this.#offer(readable)
    try {
      await (readable.isSettled ? taken : readable.decided())
    } finally {
      this.#open.delete(readable)
      this.#offers = this.#offers.filter((offer) => offer.readable !== readable)
      this.#update()
    }
  }

  #offer (readable: Readable<M>): Promise<void> {
    const [taker] = this.#takers
    if (taker === undefined) {
      return new Promise((resolve) => { this.#offers = [...this.#offers, { readable, taken: resolve }] })
    }
    this.#open.add(readable)
    this.#answer(taker, readable)
    return Promise.resolve()
  }

  #answer (taker: Taker<M>, readable: Readable<M> | undefined): void {
    this.#takers = this.#takers.filter((other) => other !== taker)
    taker(readable)
    this.#update()
  }

  #update (): void {
    this.#resize(this.#open.size + this.#takers.length)
  }

  /** Gives up what is not settled, but for the messages that a loop is busy with, until {@link resume}. */
  drain (reason: string): void {
    this.#draining = reason
    this.#giveUp(reason, this.#busy)
  }

  /** Ends a drain: messages are handed over again. */
  resume (): void {
    this.#draining = undefined
  }

  /** Gives up all that is not settled. */
  giveUp (reason: string): void {
    this.#giveUp(reason, new Set())
  }

  #giveUp (reason: string, spared: ReadonlySet<Readable<M>>): void {
    for (const readable of this.#open) if (!spared.has(readable)) readable.giveUp(reason)
    for (const { readable, taken } of this.#offers) {
      // One that is settled was to be handed over at most once.
      if (readable.isSettled) taken()
      else readable.giveUp(reason)
    }
  }

  /** Hands over nothing more: what waits for a message gets none, or the error. */
  end (error?: Error): void {
    this.#ended = true
    this.#error = error
    const takers = this.#takers
    this.#takers = []
    for (const taker of takers) taker(undefined, error)
    this.#update()
  }
}
