/** Room of a new queue, items. Rooms are powers of two. */
const ROOM = 8

/** A queue in a ring: `Array.shift` copies what is left of a long array, and a queue in use takes no new memory. */
export class Fifo<T> implements Iterable<T> {
  #ring = new Array<T | undefined>(ROOM)
  #head = 0
  #size = 0

  get size (): number {
    return this.#size
  }

  push (item: T): void {
    if (this.#size === this.#ring.length) this.#grow()
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = item
  }

  /** The item that {@link shift} would remove. */
  peek (): T | undefined {
    return this.#ring[this.#head]
  }

  shift (): T | undefined {
    if (this.#size === 0) return undefined
    const item = this.#ring[this.#head]
    // Released at once: it may be large.
    this.#ring[this.#head] = undefined
    this.#head = (this.#head + 1) & (this.#ring.length - 1)
    this.#size--
    return item
  }

  clear (): void {
    this.#ring = new Array<T | undefined>(ROOM)
    this.#head = 0
    this.#size = 0
  }

  /** The items, oldest first; the queue must not change meanwhile. */
  * [Symbol.iterator] (): Iterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#ring[(this.#head + i) & (this.#ring.length - 1)] as T
  }

  #grow (): void {
    const ring = [...this]
    ring.length = this.#size * 2
    this.#ring = ring
    this.#head = 0
  }
}
