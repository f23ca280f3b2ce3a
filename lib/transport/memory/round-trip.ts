import { setImmediate } from 'node:timers/promises'

/**
 * The way to the broker or back, in a turn of the event loop of its own: nothing is answered inside the caller's
 * stack, and HTTP gets its turns. Trips end in the order in which they began, as requests on one connection do:
 * a commit that was sent before its member leaves arrives before.
 */
export function roundTrip (): Promise<void> {
  return setImmediate()
}
