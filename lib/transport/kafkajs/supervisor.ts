import { setTimeout as sleep } from 'node:timers/promises'

const shortestPause = 200
const longestPause = 30_000

export interface Life {
  /** Resolves with what ended it. Never rejects. */
  live (): Promise<Error>
  /** Resolves to whether there shall be another life. */
  failed (error: Error): boolean
}

/** One life after the other, with growing pauses, until `signal` aborts. KafkaJS restarts by itself only after some errors, and also after it was closed. */
export async function supervise ({ live, failed }: Life, signal: AbortSignal): Promise<void> {
  let pause = shortestPause
  while (!signal.aborted) {
    const begin = Date.now()
    const error = await live()
    if (signal.aborted || !failed(error)) return
    // Short lives are no recovery: each of them makes the whole group rebalance.
    pause = Date.now() - begin > longestPause ? shortestPause : pause
    await sleep(pause * (0.8 + 0.4 * Math.random()), undefined, { signal }).catch(() => {})
    pause = Math.min(pause * 2, longestPause)
  }
}
