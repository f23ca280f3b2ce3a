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

/**
 * Runs the work for one message. `onClose` is called when the work, or what it awaits, calls `app.close()` of the app
 * to which `broker` belongs.
 */
export function runMessage<Result> (
  broker: Events, onClose: () => void, work: () => Promise<Result>
): Promise<Result> {
  const name = `faststream message ${++count}`
  // Named, so that it is found among the functions that wait for a call of `app.close()`.
  const functions = {
    async [name] () {
      try {
        return await work()
      } finally {
        running.delete(name)
      }
    }
  }
  running.set(name, { broker, onClose })
  return (functions[name] as () => Promise<Result>)()
}

/** `app.close()` is being called, in an app with these brokers. */
export function closeCalled (brokers: readonly Events[]): void {
  if (running.size === 0) return
  for (const name of waitingFunctions()) {
    const found = name === null ? undefined : running.get(name)
    if (found !== undefined && brokers.includes(found.broker)) found.onClose()
  }
}
