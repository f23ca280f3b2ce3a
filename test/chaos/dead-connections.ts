import type { FaultRecord } from './history.js'
import { isNetworkFault } from './plan.js'

/** ms that the client waits for an answer, before it takes a connection for dead */
export const REQUEST_TIMEOUT = 5000

/**
 * Whether a process may wait, at `time`, for an answer over a connection that carries nothing any more: those of the
 * proxies stay so when the trouble is over. The process learns of it when a request that is under way times out, or the
 * next one.
 */
export function mayWaitInVain (faults: readonly FaultRecord[], time: number): boolean {
  return faults.some(({ kind, start, end }) => {
    return isNetworkFault(kind) && start <= time && time - end < 2 * REQUEST_TIMEOUT
  })
}
