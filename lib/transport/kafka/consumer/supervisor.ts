import { sleep } from '../../../clock.js'
import { jittered } from '../cluster/retry-until.js'
import type { Environment } from '../environment.js'

/** ms */
const SHORTEST_PAUSE = 200
const LONGEST_PAUSE = 30_000

export interface Life {
  /** Resolves with what ended it. Never rejects. */
  live (): Promise<Error>
  /** Resolves to whether there shall be another life. */
  failed (error: Error): boolean
}

/** One life after the other, with growing pauses, until `signal` aborts. */
export async function supervise ({ live, failed }: Life, environment: Environment, signal: AbortSignal): Promise<void> {
  const { clock } = environment
  let pause = SHORTEST_PAUSE
  while (!signal.aborted) {
    const begin = clock.elapsed()
    const error = await live()
    if (signal.aborted || !failed(error)) return
    // A short life is no recovery: each one makes the whole group rebalance.
    pause = clock.elapsed() - begin > LONGEST_PAUSE ? SHORTEST_PAUSE : pause
    await sleep(clock, jittered(pause, environment), signal)
    pause = Math.min(pause * 2, LONGEST_PAUSE)
  }
}
