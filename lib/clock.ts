import { inOwnContext } from './context.js'

/** What Node's timers hold, ms: above it they fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** Every timer of the core goes through here, so that tests can own time. */
export interface Clock {
  /** ms since the epoch */
  now (): number
  /** Runs `callback` once, in `ms`; the function that it returns takes that back. */
  schedule (ms: number, callback: () => void): () => void
}

export const systemClock: Clock = {
  now: Date.now,
  schedule (ms, callback) {
    const timer = inOwnContext(() => setTimeout(callback, ms))
    return () => { clearTimeout(timer) }
  }
}

/** Waits; ends early, with `false`, when `signal` aborts. */
export function sleep (clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return Promise.resolve(false)
  return new Promise((resolve) => {
    const cancel = clock.schedule(ms, () => {
      signal.removeEventListener('abort', onAbort)
      resolve(true)
    })
    function onAbort () {
      cancel()
      resolve(false)
    }
    signal.addEventListener('abort', onAbort, { once: true })
  })
}

/** Waits for `work`, but no longer than `ms`: resolves to whether it ended in time. Never rejects for the time-out, but with what `work` rejects. */
export function within (clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const cancel = clock.schedule(ms, () => { resolve(false) })
    work.then(() => { cancel(); resolve(true) }, (error) => { cancel(); reject(error) })
  })
}
