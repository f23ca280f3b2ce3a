import { waitingFunctions } from '../call-stack.js'
import type { Events } from '../events.js'

/* Which handlers call `app.close()`: the close waits for running handlers, so it must not wait for these. */

/** What to call, by name of the waiting function, of each broker. The events tell the brokers of several apps apart. */
const watchersOf = new WeakMap<Events, Map<string, () => void>>()
let count = 0

/**
 * Returns a name that no other function has, for one that runs the work for one message of this broker at a time.
 * `onClose` is called when a function of this name waits for `close()` of its app.
 */
export function watchClose (broker: Events, onClose: () => void): string {
  const name = `faststream message ${++count}`
  const watchers = watchersOf.get(broker) ?? new Map<string, () => void>()
  watchersOf.set(broker, watchers.set(name, onClose))
  return name
}

/** `app.close()` is being called, in an app with these brokers. */
export function closeCalled (brokers: readonly Events[]): void {
  const watched = brokers.flatMap((broker) => watchersOf.get(broker) ?? [])
  if (watched.length === 0) return
  for (const name of waitingFunctions()) {
    for (const watchers of watched) watchers.get(name ?? '')?.()
  }
}
