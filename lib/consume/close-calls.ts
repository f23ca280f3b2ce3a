import { waitingFunctions } from '../call-stack.js'
import type { Events } from '../events.js'

/* Which handlers call `app.close()`: the close waits for running handlers, so it must not wait for these. */

/** A name that no other function has: a call of `app.close()` finds it among the functions that wait for the call. */
export interface CloseWatcher {
  readonly name: string
  /** Called when a function of this name waits for `close()` of its app. Undefined while the function does not run. */
  onClose: (() => void) | undefined
}

/** The watchers of each broker, by their names. The events tell the brokers of several apps apart. */
const watchersOf = new WeakMap<Events, Map<string, CloseWatcher>>()
let count = 0

/** Creates a watcher for a function that runs the work for one message of this broker at a time. */
export function watchClose (broker: Events): CloseWatcher {
  const watcher: CloseWatcher = { name: `faststream message ${++count}`, onClose: undefined }
  const watchers = watchersOf.get(broker) ?? new Map<string, CloseWatcher>()
  watchersOf.set(broker, watchers.set(watcher.name, watcher))
  return watcher
}

/** `app.close()` is being called, in an app with these brokers. */
export function closeCalled (brokers: readonly Events[]): void {
  const watched = brokers.flatMap((broker) => watchersOf.get(broker) ?? [])
  if (watched.length === 0) return
  for (const name of waitingFunctions()) {
    for (const watchers of watched) watchers.get(name ?? '')?.onClose?.()
  }
}
