import { waitingFunctions } from '../call-stack.js'
import type { Events } from '../events.js'

/* Which handlers call `app.close()`: the close waits for running handlers, so it must not wait for these. */

interface Running {
  /** The events of its broker, which tell the brokers of several apps apart. */
  readonly broker: Events
  readonly onClose: () => void
}

const running = new Map<string, Running>()
let count = 0

/** The work for one message, known by the name of the function that does it. */
export interface WatchedWork {
  /** Found among the names of the functions that wait for a call of `app.close()`. */
  readonly name: string
  readonly end: () => void
}

/**
 * Watches the work for one message until its `end`. `onClose` is called when a function of this name, or what it
 * awaits, calls `app.close()` of the app to which `broker` belongs.
 */
export function watchClose (broker: Events, onClose: () => void): WatchedWork {
  const name = `faststream message ${++count}`
  running.set(name, { broker, onClose })
  return { name, end: () => { running.delete(name) } }
}

/** `app.close()` is being called, in an app with these brokers. */
export function closeCalled (brokers: readonly Events[]): void {
  if (running.size === 0) return
  for (const name of waitingFunctions()) {
    const found = name === null ? undefined : running.get(name)
    if (found !== undefined && brokers.includes(found.broker)) found.onClose()
  }
}
