import type { Worker } from 'node:cluster'
import { once } from 'node:events'

/**
 * Leaves the supervisor of a worker in order. The supervisor accepts all connections and hands them to its workers: one
 * that a worker has not taken when its process exits is lost, and its client waits for ever. A worker that disconnects
 * gives back what it did not take.
 */
export async function leaveCluster (worker: Worker | undefined): Promise<void> {
  if (worker?.isConnected() !== true) return
  const disconnected = once(worker, 'disconnect')
  worker.disconnect()
  await disconnected
}
