import { Fifo } from './fifo.js'

/** A received record, from its arrival to its outcome. Its offset is read only where it is needed. */
export interface Tracked {
  readonly offset: bigint
  settled: boolean
  /** Drops all but the offset: the record is settled, and one before it is not. */
  forget (): void
}

/**
 * Settled offsets of one partition during one generation, from which follows the offset that may be committed. Pure:
 * no timers, no I/O.
 *
 * The watermark is the lowest unsettled offset. It moves over received records only, never by arithmetic: compaction
 * and transactions leave gaps, and "highest seen" would commit past work that still runs. Each generation gets a
 * tracker of its own, so a late result of a revoked partition meets a revoked tracker and changes nothing.
 */
export class PartitionTracker<Entry extends Tracked = Tracked> {
  /** Unsettled records, and those settled behind one of them. */
  readonly #entries = new Fifo<Entry>()
  /** How many of them are settled. */
  #settled = 0
  #position: bigint | undefined
  #committed: bigint | undefined
  /** Number of records that were ever settled behind an unsettled one. */
  #ahead = 0
  #committedAhead = 0
  #revoked = false

  /**
   * Adds records in the order of their offsets. `position` is the offset to read next: beyond the last record and
   * beyond what is never handed over (control records, compaction).
   */
  receive (records: readonly Entry[], position: bigint): void {
    const [first] = records
    if (first !== undefined) {
      // A generation begins at the committed offset.
      if (this.#position === undefined) this.#committed = first.offset
      else if (first.offset < this.#position) {
        throw new RangeError(`offset ${first.offset} after position ${this.#position}`)
      }
      for (const record of records) this.#entries.push(record)
    }
    if (this.#position === undefined || position > this.#position) this.#position = position
  }

  /** Settles a record. False when it was settled before, or when the partition was revoked. */
  settle (tracked: Entry): boolean {
    if (tracked.settled) return false
    tracked.settled = true
    if (this.#revoked) return false
    const entries = this.#entries
    if (entries.peek() !== tracked) {
      tracked.forget()
      this.#ahead++
    }
    this.#settled++
    for (; entries.peek()?.settled === true; this.#settled--) entries.shift()
    return true
  }

  /** Number of records that are unsettled, or settled behind an unsettled one. */
  get pending (): number {
    return this.#entries.size
  }

  /** The unsettled record with the lowest offset. */
  get oldest (): Entry | undefined {
    return this.#entries.peek()
  }

  get revoked (): boolean {
    return this.#revoked
  }

  /** Ends the generation: from now on nothing is settled and nothing committed. */
  revoke (): void {
    this.#revoked = true
    this.#entries.clear()
    this.#settled = 0
  }

  /** The offset that a commit would store now; undefined when there is nothing new. */
  get committable (): bigint | undefined {
    if (this.#revoked) return undefined
    const { watermark } = this
    return watermark === this.#committed && this.#ahead === this.#committedAhead ? undefined : watermark
  }

  /** The offsets settled behind the watermark, in order. */
  get settledAhead (): bigint[] {
    const settled: bigint[] = []
    // Read at each commit: most often there are none, and thousands of records are not.
    if (this.#settled === 0) return settled
    for (const entry of this.#entries) {
      if (entry.settled && settled.push(entry.offset) === this.#settled) break
    }
    return settled
  }

  /** A count for {@link commitSucceeded}: more records may be settled while the commit is in flight. */
  get ahead (): number {
    return this.#ahead
  }

  /** The lowest unsettled offset; undefined before anything was received. */
  get watermark (): bigint | undefined {
    return this.oldest?.offset ?? this.#position
  }

  /** The offset to read next; undefined before anything was received. */
  get position (): bigint | undefined {
    return this.#position
  }

  commitSucceeded (offset: bigint, ahead = 0): void {
    if (this.#committed === undefined || offset > this.#committed) this.#committed = offset
    if (ahead > this.#committedAhead) this.#committedAhead = ahead
  }
}
