/** A queue with constant-time `shift`: `Array.shift` copies what is left of a long array. */
export class Fifo<T> implements Iterable<T> {
  #items: Array<T | undefined> = []
  #head = 0

  get size (): number {
    return this.#items.length - this.#head
  }

  push (item: T): void {
    this.#items.push(item)
  }

  /** The item that {@link shift} would remove. */
  peek (): T | undefined {
    return this.#items[this.#head]
  }

  shift (): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    // Released at once: it may be large.
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head > this.size) this.#compact()
    return item
  }

  clear (): void {
    this.#items = []
    this.#head = 0
  }

  /** The items, oldest first; the queue must not change meanwhile. */
  * [Symbol.iterator] (): Iterator<T> {
    for (let i = this.#head; i < this.#items.length; i++) yield this.#items[i] as T
  }

  #compact (): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
