import type { Random } from './judge.js'
import { EPOCH } from './process.js'
import type { Scheduler } from './scheduler.js'

/** What code of the library took from the process although the simulation gives it. */
export type Leaks = Set<string>

/**
 * Takes the real clock, timers and chance away while `work` runs. A use of the clock or of a timer is noted in `leaks`:
 * with it a seed does not replay. `Math.random` and `setImmediate` are served by the simulation, because the core may
 * use them.
 */
export async function withoutRealTime<Result> (
  scheduler: Scheduler, random: Random, leaks: Leaks, work: () => Promise<Result>
): Promise<Result> {
  const real = { now: Date.now, random: Math.random, setTimeout, setInterval, setImmediate }
  const leak = (what: string): void => {
    leaks.add(`${what} ${String(new Error('is used').stack).split('\n').slice(3, 5).join(' ')}`)
  }
  Date.now = () => {
    leak('Date.now')
    return EPOCH + Math.floor(scheduler.now)
  }
  Math.random = () => random.next()
  Object.assign(globalThis, {
    setTimeout: Object.assign(
      (callback: () => void, ms = 0) => { leak('setTimeout'); return scheduler.schedule(ms, callback) }, real.setTimeout
    ),
    setInterval: () => { leak('setInterval') },
    setImmediate: (callback: () => void) => scheduler.schedule(0, callback)
  })
  try {
    return await work()
  } finally {
    Date.now = real.now
    Math.random = real.random
    Object.assign(globalThis, {
      setTimeout: real.setTimeout, setInterval: real.setInterval, setImmediate: real.setImmediate
    })
  }
}
