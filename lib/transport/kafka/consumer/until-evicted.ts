import { sleep } from '../../../clock.js'
import type { Environment } from '../environment.js'

export interface UntilEvictedOptions {
  /** Resolves to false when the coordinator has given up the member. No answer is no "no". */
  readonly isAlive: () => Promise<boolean>
  /** ms between heartbeats */
  readonly interval: number
  readonly signal: AbortSignal
}

/** Sends heartbeats. Resolves when the coordinator has given up the member, or when `signal` aborts. */
export async function untilEvicted (
  { isAlive, interval, signal }: UntilEvictedOptions, { clock }: Environment
): Promise<void> {
  do if (!await sleep(clock, interval, signal)) return
  while (await isAlive())
}
