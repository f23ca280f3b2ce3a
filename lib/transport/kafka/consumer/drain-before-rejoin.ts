import { sleep } from '../../../clock.js'
import type { Environment } from '../environment.js'
import { untilEvicted, type UntilEvictedOptions } from './until-evicted.js'

export interface DrainOptions extends UntilEvictedOptions {
  /** Resolves when the work of the generation is done. */
  readonly drain: () => Promise<void>
  /** ms; then the coordinator goes on without the member */
  readonly limit: number
}

/**
 * Drains the work between the news of a rebalance and the rejoin. Heartbeats keep the membership meanwhile, so that
 * the coordinator accepts the last commits. Resolves to whether the generation was held until the drain was done.
 */
export async function drainBeforeRejoin (
  { isAlive, drain, interval, limit, signal }: DrainOptions, environment: Environment
): Promise<boolean> {
  const { clock } = environment
  const over = new AbortController()
  const ended = AbortSignal.any([signal, over.signal])
  const timeUp = sleep(clock, limit, ended).then(() => false)
  try {
    // A coordinator that does not answer is no reason to wait with the drain.
    const alive = await Promise.race([isAlive(), sleep(clock, interval, ended)])
    if (!alive) return false
    const evicted = untilEvicted({ isAlive, interval, signal: ended }, environment).then(() => false)
    return await Promise.race([drain().then(() => true), evicted, timeUp])
  } finally {
    over.abort()
  }
}
