import type { MemoryBudget } from '../../memory-budget.js'

/** Limits of the memory that a partition takes. */
export interface BufferLimits {
  readonly messages: number
  /** Shared with all other partitions. */
  readonly budget: MemoryBudget
}

/** The messages of one partition that are in memory: queued or handled. */
export class PartitionBuffer {
  readonly #limits: BufferLimits
  readonly #leave: () => void
  #messages = 0
  #bytes = 0
  #closed = false

  constructor (limits: BufferLimits) {
    this.#limits = limits
    this.#leave = limits.budget.join()
  }

  add (messages: number, bytes: number): void {
    this.#messages += messages
    this.#bytes += bytes
    this.#limits.budget.take(bytes)
  }

  remove (size: number, messages: number): void {
    if (this.#closed) return
    this.#messages -= messages
    this.#bytes -= size
    this.#limits.budget.give(size)
  }

  /** The messages are dropped, and others find room. */
  close (): void {
    if (this.#closed) return
    this.#closed = true
    this.#leave()
    this.#limits.budget.give(this.#bytes)
  }

  /** The part that is taken; 1: full. */
  get fill (): number {
    return Math.max(this.#messages / this.#limits.messages, this.#limits.budget.fill(this.#bytes))
  }
}
