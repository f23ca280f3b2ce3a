/** A queue: `Array.shift` would copy what is left of a long one. */
export class Fifo<T> {
  #items: Array<T | undefined> = []
  #head = 0

  get size (): number {
    return this.#items.length - this.#head
  }

  push (item: T): void {
    this.#items.push(item)
  }

  shift (): T | undefined {
    if (this.size === 0) return undefined
    const item = this.#items[this.#head]
    // Let go of at once: it may be large.
    this.#items[this.#head++] = undefined
    if (this.#head > 1024 && this.#head > this.size) this.#compact()
    return item
  }

  clear (): void {
    this.#items = []
    this.#head = 0
  }

  #compact (): void {
    this.#items = this.#items.slice(this.#head)
    this.#head = 0
  }
}
