import { sleep, within, type Clock } from '../clock.js'
import type { LastError } from '../consume/group/group-state.js'
import { backoff } from '../consume/pipeline/backoff.js'
import { FASTSTREAM_ERR_START_TIMEOUT } from '../errors.js'
import { toError } from '../to-error.js'
import type { BrokerReport } from './report.js'
import type { BrokerRuntime } from './runtime.js'

/** Waits between tries to reach the cluster, with `startup: 'background'`. */
const RECONNECT = { delay: 500, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/** Parts of the broker that a start needs. */
export interface Startup {
  readonly clock: Clock
  readonly report: BrokerReport
  /** ms */
  readonly connectTimeout: number
  /** Aborts when the broker is drained. */
  readonly ended: AbortSignal
}

/** Further parts that a start in the background needs. */
export interface BackgroundStartup extends Startup {
  /** Makes a new connection after one that has failed. */
  readonly connect: () => Promise<BrokerRuntime>
  readonly failed: (error: LastError) => void
}

/** `began`: when Fastify's time-out of the hook began, ms by the clock's `elapsed`. */
export async function startInTime (connection: BrokerRuntime, began: number, startup: Startup): Promise<void> {
  const { clock, report, connectTimeout } = startup
  // The transport's error knows why no broker answers, so it comes before ours.
  const starting = connection.start(began + connectTimeout * 0.9, (error) => { report.connectFailed(error) })
  const started = await within(clock, began + connectTimeout - clock.elapsed(), starting)
  if (!started) goOnLate(connection, starting, startup)
}

/**
 * Lets a start that joins groups go on in the background; a start in any other step has failed, and so has one that
 * does not reach a group's coordinator, as where brokers advertise addresses that lead nowhere. After a crash, a join
 * lasts until the sessions of the dead members have timed out, which may take longer than a boot: the app serves HTTP
 * meanwhile, and reads once it has joined.
 */
function goOnLate ({ step, unreached }: BrokerRuntime, starting: Promise<void>, startup: Startup): void {
  const { report, connectTimeout, ended } = startup
  if (unreached !== undefined) {
    throw new FASTSTREAM_ERR_START_TIMEOUT(connectTimeout, `${step}: ${unreached.message}`, { cause: unreached })
  }
  if (step !== 'joining groups') throw new FASTSTREAM_ERR_START_TIMEOUT(connectTimeout, step)
  report.joinsLate()
  starting.catch((err) => { if (!ended.aborted) report.joinFailed(err) })
}

/** Tries until the broker is drained. Resolves to whether it is connected; never rejects. */
export async function startInBackground (connection: BrokerRuntime, startup: BackgroundStartup): Promise<boolean> {
  const { clock, report, ended, connect, failed } = startup
  for (let attempt = 1; !ended.aborted; attempt++) {
    const err = await connection.start(undefined, (error) => {
      report.connectFailed(error)
    }).then(() => undefined, toError)
    if (ended.aborted) break
    if (err === undefined) return true
    failed({ error: err, at: clock.now() })
    await connection.close()
    const wait = backoff(RECONNECT, attempt)
    report.startFailed(err, attempt, wait)
    if (await sleep(clock, wait, ended)) connection = await connect()
  }
  return false
}
