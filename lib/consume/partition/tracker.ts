/** One received record, from its arrival to its outcome. Its offset is read only where it is needed. */
export interface Tracked {
  readonly offset: bigint
  settled: boolean
  /** Lets its record go: one before it is not settled, so it is kept, for its offset alone. */
  forget (): void
}

/**
 * What is settled in one partition during one generation, and so what may be committed. Pure: no timers, no I/O.
 *
 * The watermark is the lowest unsettled offset. It moves over received records only, never by arithmetic: compaction and
 * transactions leave gaps, and "highest seen" would commit past work that still runs. A new generation makes a new tracker,
 * so a late result of a lost one finds its own, revoked tracker and moves nothing.
 */
export class PartitionTracker<Entry extends Tracked = Tracked> {
  #entries: Array<Entry | undefined> = []
  #head = 0
  #position: bigint | undefined
  #committed: bigint | undefined
  /** Counts what was settled behind something that was not. */
  #ahead = 0
  #committedAhead = 0
  #revoked = false

  /**
   * Takes in records in the order of their offsets. `position` is the offset to read next: beyond the last record and
   * beyond what is never handed over (control records, compaction).
   */
  receive (records: readonly Entry[], position: bigint): void {
    const [first] = records
    if (first !== undefined) {
      if (this.#position === undefined) this.#committed = first.offset // Where a generation begins there is nothing to commit yet.
      else if (first.offset < this.#position) throw new RangeError(`offset ${first.offset} after position ${this.#position}`)
      for (const record of records) this.#entries.push(record)
    }
    if (this.#position === undefined || position > this.#position) this.#position = position
  }

  /** False when nothing moves any more: settled before, or the generation is over. */
  settle (tracked: Entry): boolean {
    if (tracked.settled) return false
    tracked.settled = true
    if (this.#revoked) return false
    const entries = this.#entries
    if (entries[this.#head] !== tracked) {
      tracked.forget()
      this.#ahead++
    }
    // Let go of at once: a settled record may be large.
    while (entries[this.#head]?.settled === true) entries[this.#head++] = undefined
    this.#compact()
    return true
  }

  /** Received and not yet settled, or settled behind one that is not. */
  get pending (): number {
    return this.#entries.length - this.#head
  }

  get oldest (): Entry | undefined {
    return this.#entries[this.#head]
  }

  get revoked (): boolean {
    return this.#revoked
  }

  /** The generation is over: from now on nothing is settled and nothing committed. */
  revoke (): void {
    this.#revoked = true
    this.#entries = []
    this.#head = 0
  }

  /** The offset that a commit would store now; undefined when there is nothing new. */
  get committable (): bigint | undefined {
    if (this.#revoked) return undefined
    const { watermark } = this
    return watermark === this.#committed && this.#ahead === this.#committedAhead ? undefined : watermark
  }

  /** What is settled behind the watermark, in order. */
  get settledAhead (): bigint[] {
    const settled: bigint[] = []
    for (let i = this.#head; i < this.#entries.length; i++) {
      const entry = this.#entries[i]
      if (entry?.settled === true) settled.push(entry.offset)
    }
    return settled
  }

  /** To be given back to {@link commitSucceeded}: more may be settled until then. */
  get ahead (): number {
    return this.#ahead
  }

  /** The lowest offset that is not settled; undefined before anything is known. */
  get watermark (): bigint | undefined {
    return this.oldest?.offset ?? this.#position
  }

  /** The offset to read next; undefined before anything is known. */
  get position (): bigint | undefined {
    return this.#position
  }

  commitSucceeded (offset: bigint, ahead = 0): void {
    if (this.#committed === undefined || offset > this.#committed) this.#committed = offset
    if (ahead > this.#committedAhead) this.#committedAhead = ahead
  }

  #compact (): void {
    if (this.#head < 1024 || this.#head * 2 < this.#entries.length) return
    this.#entries = this.#entries.slice(this.#head)
    this.#head = 0
  }
}
