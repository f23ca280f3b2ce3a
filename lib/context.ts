import { AsyncResource } from 'node:async_hooks'

/** Made while modules load. Nothing but the making of resources runs in it: Node 20's `enterWith` would change what it holds. */
const ROOT = new AsyncResource('FASTSTREAM')

/**
 * Runs `work` in an empty async context of its own, and returns what it returns: whatever the caller's `AsyncLocalStorage` holds is not seen in it,
 * and what `enterWith` sets in it is not seen outside. For work that a shared loop starts: the loop itself has the context of the request
 * or message that happened to start it.
 */
export function inOwnContext<Result> (work: () => Result): Result {
  return ROOT.runInAsyncScope(newResource).runInAsyncScope(work)
}

function newResource (): AsyncResource {
  return new AsyncResource('FASTSTREAM')
}
