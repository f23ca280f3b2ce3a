import { openSync, readFileSync, writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Effect, Place } from './history.js'
import { now } from './time.js'
import { ERRORS, type Order } from './workload.js'

/** What a handler does: some work, and a line that is in the file when it returns, whatever becomes of the process. */
export function createHandler (path: string, by: string): (
  order: Order, place: Place, attempt: number
) => Promise<void> {
  const file = openSync(path, 'a')

  return async function handle ({ key, seq, work, failures, error }, place, attempt) {
    const start = now()
    if (work > 0) await sleep(work)
    const done = attempt > failures
    const effect: Effect = {
      id: `${key}:${seq}`, partition: place.partition, offset: place.offset, by, done, start, end: now()
    }
    writeSync(file, `${JSON.stringify(effect)}\n`)
    if (!done) throw ERRORS[error]?.()
  }
}

export function readEffects (path: string): Effect[] {
  return readFileSync(path, 'utf8').split('\n').filter((line) => line !== '').map((line) => JSON.parse(line) as Effect)
}
