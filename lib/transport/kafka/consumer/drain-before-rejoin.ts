import { sleep } from '../../../clock.js'
import type { Environment } from '../environment.js'

export interface DrainOptions {
  /** Resolves to false when the coordinator has given up the member. No answer is no "no". */
  readonly isAlive: () => Promise<boolean>
  /** Resolves when the work of the generation is done. */
  readonly drain: () => Promise<void>
  /** ms between heartbeats */
  readonly interval: number
  /** ms; then the coordinator goes on without the member */
  readonly limit: number
  readonly signal: AbortSignal
}

/**
 * What happens between the news of a rebalance and the rejoin: the work is drained, and heartbeats keep the
 * membership, so that its last commits are taken. Resolves to whether the generation was held until the drain was
 * done.
 */
export async function drainBeforeRejoin (
  { isAlive, drain, interval, limit, signal }: DrainOptions, { clock }: Environment
): Promise<boolean> {
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const timeUp = sleep(clock, limit, ended).then(() => false)
  try {
    // A coordinator that does not answer is no reason to wait with the drain.
    const alive = await Promise.race([isAlive(), sleep(clock, interval, ended)])
    return alive && await Promise.race([drain().then(() => true), evicted(), timeUp])
  } finally {
    over.abort()
  }

  async function evicted (): Promise<false> {
    do if (!await sleep(clock, interval, ended)) return false
    while (await isAlive())
    return false
  }
}
