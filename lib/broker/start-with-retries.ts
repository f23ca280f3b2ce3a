import { sleep, type Clock } from '../clock.js'
import { backoff } from '../consume/pipeline/backoff.js'
import type { Log } from '../log.js'
import { toError } from '../to-error.js'
import type { BrokerRuntime } from './runtime.js'

/** Waits between tries to reach the cluster, with `startup: 'background'`. */
const RECONNECT = { delay: 500, factor: 2, maxDelay: 30_000, jitter: 0.2 }

interface Retries {
  readonly clock: Clock
  readonly log: Log
  /** Aborts when the app closes: no other try follows. */
  readonly ended: AbortSignal
  failed (error: Error): void
}

/** Starts a connection, or after a failure a new one. Resolves with whether one has started before the app closes. */
export async function startWithRetries (connection: BrokerRuntime, reconnect: () => Promise<BrokerRuntime>,
  { clock, log, ended, failed }: Retries): Promise<boolean> {
  for (let attempt = 1; !ended.aborted; attempt++) {
    const err = await connection.start().then(() => undefined, toError)
    if (ended.aborted) return false
    if (err === undefined) return true
    failed(err)
    await connection.close()
    const wait = backoff(RECONNECT, attempt)
    log.error({ err, attempt, retryIn: Math.round(wait) }, 'the cluster cannot be used, it will be tried again')
    if (await sleep(clock, wait, ended)) connection = await reconnect()
  }
  return false
}
