import type { PartitionTracker } from './tracker.js'
import type { TrackedRecord } from './tracked-record.js'

/** A watermark that does not move. */
export interface Standstill {
  readonly watermark: bigint
  /** ms by the clock's `elapsed` */
  readonly since: number
}

/** The time since the watermark of a partition moved. All times: ms by the clock's `elapsed`. */
export class StandstillTimer {
  readonly #tracker: PartitionTracker<TrackedRecord>
  /** That of the last generation: a message that is redelivered in each generation makes no progress. */
  readonly #inherited: Standstill | undefined
  #oldest: TrackedRecord | undefined
  #movedAt = 0
  #restartedAt = 0

  constructor (tracker: PartitionTracker<TrackedRecord>, inherited: Standstill | undefined) {
    this.#tracker = tracker
    this.#inherited = inherited
  }

  /** Notes that records were received or settled. */
  changed (now: number): void {
    // Compared by identity: each message comes here, and an offset has to be read out of its record.
    const { oldest } = this.#tracker
    if (oldest !== undefined && oldest === this.#oldest) return
    this.#oldest = oldest
    this.#movedAt = now
  }

  /** Counts from `now` on: nothing moved before, because the subscriber was paused. */
  restart (now: number): void {
    this.#restartedAt = now
  }

  /**
   * Since when the watermark has not moved although messages wait behind it. `behindSince`: since when there are
   * messages that were not received.
   */
  since (behindSince?: number): number | undefined {
    const waitingSince = this.#tracker.oldest?.receivedAt ?? behindSince
    if (waitingSince === undefined) return undefined
    const inherited = this.#inherited
    const still = inherited !== undefined && inherited.watermark === this.#tracker.watermark
      ? inherited.since
      : Math.max(waitingSince, this.#movedAt)
    return Math.max(still, this.#restartedAt)
  }

  /** For the next generation. */
  get current (): Standstill | undefined {
    const { oldest } = this.#tracker
    return oldest && { watermark: oldest.offset, since: this.since() as number }
  }
}
