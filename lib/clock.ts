import { makeInOwnContext } from './context.js'
import type { Signal } from './light-signal.js'

/** Longest delay that Node's timers take, ms: with a longer one they fire at once. */
export const LONGEST_TIMER = 2 ** 31 - 1

/** The source of time, and of every timer of the core. Tests inject their own. */
export interface Clock {
  /** The time of day, ms since the epoch. Only for what a person or another process reads: it can be set back. */
  now (): number
  /** ms since some moment in the past. Never goes back: all durations and deadlines are measured with it. */
  elapsed (): number
  /** Runs `callback` once, in `ms`. Returns a function that cancels it. */
  schedule (ms: number, callback: () => void): () => void
}

// Taken when the module loads: test runners replace the global timers by fake ones that never fire by themselves.
const { setTimeout, clearTimeout, setImmediate, clearImmediate, performance } = globalThis

export const systemClock: Clock = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  schedule (ms, callback) {
    const timer = makeInOwnContext(() => setTimeout(callback, ms))
    return () => { clearTimeout(timer) }
  }
}

/** Runs `callback` in the next turn of the event loop. Returns a function that cancels it. */
export function nextTurn (callback: () => void): () => void {
  const immediate = setImmediate(callback)
  return () => { clearImmediate(immediate) }
}

/** Waits `ms` and resolves to true; resolves to false as soon as `signal` aborts. */
export function sleep (clock: Clock, ms: number, signal: Signal): Promise<boolean> {
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

/** Waits at most `ms` for `work`, resolves to whether it ended in time. Rejects only when `work` rejects in time. */
export function within (clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  let cancel!: () => void
  const late = new Promise<boolean>((resolve) => { cancel = clock.schedule(ms, () => { resolve(false) }) })
  const inTime = work.then(() => { cancel(); return true }, (error) => { cancel(); throw error })
  // A race, because async stack traces see through it: a clean-up that calls `app.close()` is found in them.
  return Promise.race([inTime, late])
}
