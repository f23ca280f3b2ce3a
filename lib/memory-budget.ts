/** A few kilobytes can inflate to gigabytes: this is what all that is decompressed may hold in memory at once. */
export const MAX_DECOMPRESSED = 64 * 1024 * 1024

/** Decompression needs more room than it was given. */
export class NeedsRoomError extends Error {
  override readonly name = 'NeedsRoomError'
}

/** Bytes that a piece of work needs, at least. */
export interface Need {
  bytes: number
}

/**
 * The memory of all partitions of one broker: `size` bytes for messages that wait or are handled, and
 * {@link MAX_DECOMPRESSED} for what is decompressed.
 */
export class MemoryBudget {
  readonly #size: number
  #taken = 0
  #partitions = 0
  #turn: Promise<unknown> = Promise.resolve()
  #waiting: Array<{ readonly need: Need, readonly resolve: () => void }> = []

  constructor (size: number) {
    this.#size = size
  }

  /** Bytes that are in memory. */
  get taken (): number {
    return this.#taken
  }

  take (bytes: number): void {
    this.#taken += bytes
  }

  give (bytes: number): void {
    this.#taken -= bytes
    if (this.#waiting.length === 0) return
    const ready = this.#waiting.filter(({ need }) => need.bytes <= this.#room)
    this.#waiting = this.#waiting.filter(({ need }) => need.bytes > this.#room)
    for (const { resolve } of ready) resolve()
  }

  /** A partition shares the budget, until it calls the function that is returned. */
  join (): () => void {
    this.#partitions++
    return () => { this.#partitions-- }
  }

  /**
   * How full the memory is for a partition that holds `bytes`; 1: full. A partition that holds less than its equal
   * share finds room, whatever the others hold.
   */
  fill (bytes: number): number {
    return Math.min(this.#taken, bytes * this.#partitions) / this.#size
  }

  /**
   * Decompresses, one piece of work at a time. `work` gets the bytes that it may take, and throws `NeedsRoomError` when
   * it needs more. Undefined when there is no room now: then `need` tells how much there must be.
   */
  decompress<T> (need: Need, work: (room: number) => Promise<T>): Promise<T | undefined> {
    const turn = this.#turn.then(async () => {
      const room = this.#room
      if (room < need.bytes) return undefined
      try {
        return await work(room)
      } catch (err) {
        if (!(err instanceof NeedsRoomError)) throw err
        need.bytes = Math.min(MAX_DECOMPRESSED, room * 2)
        return undefined
      }
    })
    this.#turn = turn.catch(() => {})
    return turn
  }

  /** Resolves when there is as much room as `need` tells. */
  room (need: Need): Promise<void> {
    if (need.bytes <= this.#room) return Promise.resolve()
    return new Promise((resolve) => { this.#waiting.push({ need, resolve }) })
  }

  get #room (): number {
    return Math.min(MAX_DECOMPRESSED, this.#size + MAX_DECOMPRESSED - this.#taken)
  }
}
