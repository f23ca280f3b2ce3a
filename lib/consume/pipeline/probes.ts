import type { Clock } from '../../clock.js'
import type { LaneSlot } from '../partition/lanes.js'
import { backoff } from './backoff.js'

/** Pauses between probes, ms. */
const PAUSES = { delay: 1000, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/** Lets a message that is held go on, or says that its lane was halted. */
type End = (goesOn: boolean) => void

/**
 * The messages that are held by an open breaker, by partition. One at a time goes on as a probe; the partitions take
 * turns, and the messages of each one keep their order.
 */
export class Probes {
  readonly #clock: Clock
  readonly #held = new Map<string, Map<LaneSlot, End>>()
  readonly #failuresOf = new WeakMap<LaneSlot, number>()
  #probe: LaneSlot | undefined
  /** Failed probes in a row. */
  #failures = 0
  #cancel: (() => void) | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  isProbe (slot: LaneSlot): boolean {
    return this.#probe === slot
  }

  /** Holds a message until it is the probe, or its partition is let go. False as soon as `signal` aborts. */
  hold (partition: string, slot: LaneSlot, signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return Promise.resolve(false)
    const held = this.#held.get(partition) ?? new Map<LaneSlot, End>()
    this.#held.set(partition, held)
    return new Promise((resolve) => {
      const end: End = (goesOn) => {
        signal.removeEventListener('abort', onAbort)
        held.delete(slot)
        if (held.size === 0) this.#held.delete(partition)
        resolve(goesOn)
      }
      const onAbort = (): void => {
        end(false)
        if (this.#held.size === 0) this.#stop()
      }
      held.set(slot, end)
      signal.addEventListener('abort', onAbort)
      this.#schedule()
    })
  }

  /** Ends the probe, if the message is that; the next one follows after a pause. Returns how often it has failed. */
  failed (slot: LaneSlot): number {
    if (!this.#ends(slot)) return 0
    const failures = (this.#failuresOf.get(slot) ?? 0) + 1
    this.#failuresOf.set(slot, failures)
    this.#failures++
    this.#schedule()
    return failures
  }

  /** Ends the probe, if the message is that; the next one follows at once. */
  succeeded (slot: LaneSlot): void {
    if (this.#ends(slot)) this.#next()
  }

  /** Lets all messages of a partition go. */
  letGo (partition: string): void {
    for (const end of this.#held.get(partition)?.values() ?? []) end(true)
  }

  /** The storm is over: the next one begins with short pauses. */
  calm (): void {
    this.#failures = 0
  }

  #ends (slot: LaneSlot): boolean {
    if (this.#probe !== slot) return false
    this.#probe = undefined
    return true
  }

  #schedule (): void {
    if (this.#cancel !== undefined || this.#probe !== undefined || this.#held.size === 0) return
    this.#cancel = this.#clock.schedule(backoff(PAUSES, this.#failures + 1), () => {
      this.#cancel = undefined
      this.#next()
    })
  }

  #next (): void {
    this.#stop()
    const [next] = this.#held
    if (next === undefined) return
    const [partition, held] = next
    // The partition goes to the end of the line.
    this.#held.delete(partition)
    this.#held.set(partition, held)
    const [first] = held
    const [slot, end] = first!
    this.#probe = slot
    end(true)
  }

  #stop (): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
