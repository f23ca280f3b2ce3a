import { sleep } from '../../../clock.js'
import type { Environment } from '../environment.js'

/** Ends the wait of one loop before its time. */
export class Trigger {
  #fired = false
  #wake = (): void => {}

  fire (): void {
    this.#fired = true
    this.#wake()
  }

  /** Waits `ms`, or until `fire`, which may have come before; not at all once `signal` has aborted. */
  async wait (ms: number, { clock }: Environment, signal: AbortSignal): Promise<void> {
    const woken = new AbortController()
    this.#wake = () => { woken.abort() }
    const abort = this.#wake
    signal.addEventListener('abort', abort)
    if (this.#fired || signal.aborted) woken.abort()
    await sleep(clock, ms, woken.signal)
    signal.removeEventListener('abort', abort)
    this.#fired = false
  }
}
