import { setTimeout as sleep } from 'node:timers/promises'

export interface Membership {
  isAlive (): Promise<boolean>
}

export interface BarrierOptions {
  /** Resolves when the work of the generation is done. */
  readonly drain: () => Promise<void>
  /** ms between heartbeats */
  readonly interval: number
  /** ms; then the coordinator goes on without us */
  readonly limit: number
  readonly signal: AbortSignal
}

/**
 * What happens between the news of a rebalance and the rejoin: the work is drained, and heartbeats keep the membership, so
 * that its last commits are taken. KafkaJS has no such moment: it says that it rebalances, and rejoins.
 * Resolves to whether the generation was held until the drain was done.
 */
export async function drainBeforeRejoin (membership: Membership, { drain, interval, limit, signal }: BarrierOptions): Promise<boolean> {
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const timeUp = sleep(limit, false, { signal: ended })
  try {
    // A coordinator that does not answer is no reason to wait with the drain.
    const alive = await Promise.race([membership.isAlive(), sleep(interval, true, { signal: ended })])
    return alive && await Promise.race([drain().then(() => true), evicted(membership, interval, ended), timeUp])
  } finally {
    over.abort()
    timeUp.catch(() => {})
  }
}

async function evicted (membership: Membership, interval: number, signal: AbortSignal): Promise<false> {
  do await sleep(interval, undefined, { signal })
  while (await membership.isAlive())
  return false
}
