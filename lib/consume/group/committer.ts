import { within, type Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import type { Log } from '../../log.js'
import { GenerationLostError, type StoredOffset, type TopicPartition } from '../../transport/transport.js'
import type { PartitionTracker } from '../partition/tracker.js'

export interface Owned extends TopicPartition {
  readonly tracker: PartitionTracker
  /** Goes with its watermark. */
  readonly metadata: string
}

export interface CommitSettings {
  /** ms */
  readonly interval: number
  readonly count: number
}

/** Commits watermarks, and what is settled behind them: after a while or after so many messages, one commit in flight, and a failed one again later. */
export class Committer {
  readonly #owned: () => Iterable<Owned>
  readonly #commit: (offsets: readonly StoredOffset[]) => Promise<void>
  readonly #settings: CommitSettings
  readonly #clock: Clock
  readonly #log: Log
  #settled = 0
  #cancel: (() => void) | undefined
  #inFlight: Promise<void> | undefined
  #stopped = false

  constructor (owned: () => Iterable<Owned>, commit: (offsets: readonly StoredOffset[]) => Promise<void>, settings: CommitSettings, clock: Clock, log: Log) {
    this.#owned = owned
    this.#commit = commit
    this.#settings = settings
    this.#clock = clock
    this.#log = log
  }

  /** A message was settled, or a position moved. */
  moved (): void {
    if (this.#stopped) return
    if (++this.#settled >= this.#settings.count && this.#inFlight === undefined) {
      this.#run()
      return
    }
    this.#cancel ??= this.#clock.schedule(this.#settings.interval, () => {
      this.#cancel = undefined
      this.#run()
    })
  }

  /** Commits what can be committed, and waits for nothing. */
  now (): void {
    this.#unschedule()
    this.#run()
  }

  /** Commits what can be committed, and waits for it, `ms` at most. */
  async flush (ms: number): Promise<void> {
    this.#unschedule()
    const inTime = await within(this.#clock, ms, this.#run())
    if (!inTime) this.#log.warn({ timeout: ms }, 'the last commit did not end in time: its messages will come again')
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

  /** One commit; while another is in flight, after that one, which does not know what has moved since. */
  async #run (): Promise<void> {
    while (this.#inFlight !== undefined) await this.#inFlight
    this.#settled = 0
    // A commit belongs to no message, whichever was the last to be settled.
    this.#inFlight = inOwnContext(() => this.#send()).finally(() => { this.#inFlight = undefined })
    await this.#inFlight
  }

  async #send (): Promise<void> {
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
      // The new generation starts from what was committed; it commits for itself.
      if (err instanceof GenerationLostError) return this.#log.debug({ err }, 'commit refused: the group has a new generation')
      this.#log.warn({ err }, 'commit failed, it will be tried again')
      return this.moved()
    }
    for (const each of succeed) each()
  }
}
