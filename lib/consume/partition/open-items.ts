import type { SendOrder } from '../../message/outgoing.js'

/**
 * The items of one lane whose results are being stored while the next item is handled. They end in the order in which
 * they began: an item that ended before an earlier one would be settled, and a crash would have the earlier one handled
 * again, behind it. When one fails, its lane begins nothing until all have ended.
 */
export class OpenItems<T> implements SendOrder {
  broken = false
  last: SendOrder['last']
  readonly #open = new Set<T>()
  readonly #waiting = new Map<T, (goesOn: boolean) => void>()
  /** False: one was left unsettled. */
  #goesOn = true

  get size (): number {
    return this.#open.size
  }

  add (item: T): void {
    this.#open.add(item)
  }

  /** Waits for those before `item`. Undefined where there are none; else resolves to whether they have been settled. */
  before (item: T): Promise<boolean> | undefined {
    if (!this.#goesOn) return Promise.resolve(false)
    const first = this.#first
    if (first === undefined || first === item) return undefined
    return new Promise((resolve) => { this.#waiting.set(item, resolve) })
  }

  /** Takes out an item that has ended; `goesOn`: those behind it may end, too. False when it was none of these. */
  ended (item: T, goesOn: boolean): boolean {
    if (!this.#open.delete(item)) return false
    if (goesOn) this.#letEnd()
    else this.#leaveUnsettled()
    return true
  }

  get #first (): T | undefined {
    return this.#open.values().next().value
  }

  #letEnd (): void {
    // Without a first one only the item waits that is being handled.
    const next = this.#first ?? this.#waiting.keys().next().value
    if (next === undefined) return
    this.#waiting.get(next)?.(true)
    this.#waiting.delete(next)
  }

  #leaveUnsettled (): void {
    this.#goesOn = false
    this.broken = true
    for (const resolve of this.#waiting.values()) resolve(false)
    this.#waiting.clear()
  }
}
