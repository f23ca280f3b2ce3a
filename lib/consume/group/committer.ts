import { within } from '../../clock.js'
import { GenerationLostError, type StoredOffset, type TopicPartition } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { PartitionTracker } from '../partition/tracker.js'

/** What is committed of an assigned partition. */
export interface Committable extends TopicPartition {
  readonly tracker: PartitionTracker
  /** Committed with the watermark. */
  readonly metadata: string
}

export interface CommitSettings {
  /** ms */
  readonly interval: number
  readonly count: number
}

/**
 * Commits watermarks and what is settled behind them: after `interval` ms or `count` messages, one commit in flight at a time.
 * A failed commit is repeated.
 */
export class Committer {
  readonly #owned: () => Iterable<Committable>
  readonly #commit: (offsets: readonly StoredOffset[]) => Promise<void>
  readonly #settings: CommitSettings
  readonly #environment: Environment
  #settled = 0
  #cancel: (() => void) | undefined
  #inFlight: Promise<void> | undefined
  #stopped = false

  constructor (owned: () => Iterable<Committable>, commit: (offsets: readonly StoredOffset[]) => Promise<void>, settings: CommitSettings, environment: Environment) {
    this.#owned = owned
    this.#commit = commit
    this.#settings = settings
    this.#environment = environment
  }

  /** Notes that a message was settled or a position moved, and schedules a commit. */
  moved (): void {
    if (this.#stopped) return
    if (++this.#settled >= this.#settings.count && this.#inFlight === undefined) {
      this.#run()
      return
    }
    this.#cancel ??= this.#environment.clock.schedule(this.#settings.interval, () => {
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
    const { clock, log } = this.#environment
    const inTime = await within(clock, ms, this.#run())
    if (!inTime) log.warn({ timeout: ms }, 'the last commit did not end in time: its messages will come again')
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
    const { log } = this.#environment
    const succeed: Array<() => void> = []
    const offsets: StoredOffset[] = []
    for (const owned of this.#owned()) {
      const { topic, partition, tracker } = owned
      const { committable: offset, ahead } = tracker
      if (offset === undefined) continue
      succeed.push(() => { tracker.commitSucceeded(offset, ahead) })
      offsets.push({ topic, partition, offset, metadata: owned.metadata })
    }
    if (offsets.length === 0) return
    try {
      await this.#commit(offsets)
    } catch (err) {
      // The next generation starts from what was committed, and commits for itself.
      if (err instanceof GenerationLostError) return log.debug({ err }, 'commit refused: the group has a new generation')
      log.warn({ err }, 'commit failed, it will be tried again')
      return this.moved()
    }
    for (const each of succeed) each()
  }
}
