import { within } from '../../clock.js'
import { FASTSTREAM_ERR_CLOSE_IN_HANDLER } from '../../errors.js'
import type { Environment } from '../environment.js'
import type { ListenerCalls } from '../group/listener-calls.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'
import type { Lanes } from './lanes.js'
import type { LaneItem } from './tracked-batch.js'

/** How long a drain waits for a handler that has called `app.close()`, ms. */
const CLOSER_GRACE = 250
/** The part of a drain's time that is kept for the rebalance listener. */
const LISTENER_PART = 1 / 4

/** Parts of a subscriber's queue. */
interface QueueParts {
  readonly lanes: Lanes<LaneItem>
  readonly pipeline: ErasedPipeline
  /** undefined: the subscriber has no rebalance listener. */
  readonly listener: ListenerCalls | undefined
  readonly environment: Pick<Environment, 'clock' | 'log'>
}

/** The end of what runs in the lanes of one subscriber: what a drain waits for. */
export class Ending {
  readonly #parts: QueueParts
  /** The records whose handlers have called `app.close()` and run. */
  readonly #closers = new Set<LaneItem>()
  /** The records whose handlers have ended, and that wait for a decision. */
  readonly #undecided = new Set<LaneItem>()

  constructor (parts: QueueParts) {
    this.#parts = parts
  }

  /** The handler of a record has called `app.close()`. */
  closes (item: LaneItem): void {
    this.#closers.add(item)
    this.#parts.lanes.checkIdle()
  }

  /** The handler of a record has ended without a decision. */
  awaitsDecision (item: LaneItem): void {
    this.#undecided.add(item)
    this.#parts.lanes.checkIdle()
  }

  ended (item: LaneItem): void {
    this.#closers.delete(item)
    this.#undecided.delete(item)
  }

  /**
   * Resolves to whether all that runs has ended within `ms`. A rebalance listener is told when no handler runs: what
   * waits for a decision may get it from the listener.
   */
  async drain (ms: number, reason: string): Promise<boolean> {
    const { listener, environment: { clock } } = this.#parts
    if (listener === undefined) return await within(clock, ms, this.#idle(() => 0))
    return await this.#drainAndTell(listener, ms, reason)
  }

  async #drainAndTell (listener: ListenerCalls, ms: number, reason: string): Promise<boolean> {
    const { lanes, pipeline, environment: { clock } } = this.#parts
    const end = clock.elapsed() + ms
    const { assignment } = listener
    const quiet = await within(clock, ms * (1 - LISTENER_PART), this.#idle(() => this.#undecided.size))
    // What they do from now on would come too late for the listener, so it must not count.
    if (!quiet) pipeline.giveUp(reason)
    await listener.revoked(assignment, end - clock.elapsed())
    return quiet && await within(clock, end - clock.elapsed(), lanes.idle(() => this.#closers.size))
  }

  /**
   * Resolves when no more run than `spared` returns. A handler that awaits `app.close()` waits for this: when no other
   * runs, it is given up.
   */
  async #idle (spared: () => number): Promise<void> {
    const { lanes, pipeline, environment: { clock, log } } = this.#parts
    await lanes.idle(() => this.#closers.size + spared())
    if (this.#closers.size === 0) return
    // A handler that does not await the close ends soon.
    if (await within(clock, CLOSER_GRACE, lanes.idle(spared))) return
    for (const { partition: { topic, partition }, offset } of this.#closers) {
      const err = new FASTSTREAM_ERR_CLOSE_IN_HANDLER(pipeline.plan.name)
      log.error({ err, topic, partition, offset: String(offset) }, 'a handler waits for app.close() and is given up')
    }
    pipeline.giveUp('its handler waits for app.close()')
  }
}
