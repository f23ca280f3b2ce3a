import { within } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import { toError } from '../../to-error.js'
import { GenerationLostError, type StoredOffset } from '../../transport/transport.js'
import type { GroupParts } from './parts.js'

/**
 * Commits watermarks and what is settled behind them: after `interval` ms or `count` messages, one commit in flight
 * at a time. A failed commit is repeated.
 */
export class Committer {
  readonly #parts: GroupParts
  #settled = 0
  #cancel: (() => void) | undefined
  #inFlight: Promise<void> | undefined
  #stopped = false

  constructor (parts: GroupParts) {
    this.#parts = parts
  }

  /** Notes that a message was settled or a position moved, and schedules a commit. */
  moved (): void {
    if (this.#stopped) return
    if (++this.#settled >= this.#parts.environment.settings.commit.count && this.#inFlight === undefined) {
      this.#run()
    } else if (this.#cancel === undefined) {
      this.#schedule()
    }
  }

  /** Apart from `moved`, which is called for each message: a function that has a closure takes memory for each call. */
  #schedule (): void {
    const { clock, settings: { commit } } = this.#parts.environment
    this.#cancel = clock.schedule(commit.interval, () => {
      this.#cancel = undefined
      this.#run()
    })
  }

  /** Starts a commit at once. */
  now (): void {
    this.#unschedule()
    this.#run()
  }

  /** Commits what can be committed, and waits for it for `ms` at most. */
  async flush (ms: number): Promise<void> {
    this.#unschedule()
    const { clock, log } = this.#parts.environment
    const inTime = await within(clock, ms, this.#run())
    if (!inTime) {
      const details = { groupId: this.#parts.groupId, timeout: ms }
      log.warn(details, 'the last commit did not end in time: its messages will be redelivered')
    }
    this.#unschedule()
  }

  /** Commits nothing more. */
  stop (): void {
    this.#stopped = true
    this.#unschedule()
  }

  #unschedule (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** One commit; if another is in flight, after that one, which does not contain what has moved since. */
  async #run (): Promise<void> {
    while (this.#inFlight !== undefined) await this.#inFlight
    this.#settled = 0
    // A commit belongs to no message, whichever was the last to be settled.
    this.#inFlight = inOwnContext(() => this.#send()).finally(() => { this.#inFlight = undefined })
    await this.#inFlight
  }

  async #send (): Promise<void> {
    const { owned, consumer, environment: { clock } } = this.#parts
    const succeed: Array<() => void> = []
    const offsets: StoredOffset[] = []
    for (const each of owned.values()) {
      const { topic, partition, tracker } = each
      const { committable: offset, ahead } = tracker
      if (offset === undefined) continue
      succeed.push(() => { tracker.commitSucceeded(offset, ahead) })
      offsets.push({ topic, partition, offset, metadata: each.metadata })
    }
    if (offsets.length === 0) return
    const since = clock.elapsed()
    try {
      await consumer.commit(offsets)
    } catch (err) {
      return this.#failed(toError(err), offsets, since)
    }
    this.#parts.report.committed(offsets, since)
    for (const each of succeed) each()
  }

  #failed (error: Error, offsets: readonly StoredOffset[], since: number): void {
    const { groupId, state, report, environment: { log } } = this.#parts
    report.committed(offsets, since, error)
    // The next generation starts from what was committed, and commits for itself.
    if (error instanceof GenerationLostError) {
      return log.debug({ err: error, groupId }, 'commit refused: the group has a new generation')
    }
    state.noted(error)
    log.warn({ err: error, groupId }, 'commit failed, it will be tried again')
    this.moved()
  }
}
