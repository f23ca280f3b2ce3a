import { nextTurn } from '../../clock.js'

/**
 * A request and its answer, in a turn of the event loop of its own: the caller's stack ends first, and HTTP requests
 * get their turns. Round trips end in the order in which they began, as requests on one connection do: the cluster
 * takes a commit that was sent before its member left.
 */
export function roundTrip (): Promise<void> {
  return new Promise((resolve) => { nextTurn(resolve) })
}
