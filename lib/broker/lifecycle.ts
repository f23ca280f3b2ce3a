import type { FastifyInstance } from 'fastify'
import type { Clock } from '../clock.js'
import { inOwnContext } from '../context.js'
import {
  FASTSTREAM_ERR_ALREADY_STARTED, FASTSTREAM_ERR_HOOK_TIMEOUT, FASTSTREAM_ERR_INVALID_OPTION
} from '../errors.js'
import type { Log } from '../log.js'
import { callable, text } from '../options/assert.js'
import { addReadyHook } from '../scope.js'
import { toError } from '../to-error.js'
import type { Task } from './background-task.js'
import { BackgroundTasks } from './background-tasks.js'

export type Hook = (this: FastifyInstance) => unknown

/** The broker whose life it is. */
export interface Living {
  readonly name: string
  readonly loading: boolean
  readonly isConnected: boolean
  /** True: nothing of the app is to run. */
  readonly isInspected: boolean
  /** False: background tasks are started by a test, or not at all. */
  readonly startsTasks: boolean
  readonly clock: Clock
}

interface Scoped {
  readonly scope: FastifyInstance
  readonly run: Hook
}

/** Functions of users that run when a broker has started and before it stops, and tasks that run meanwhile. */
export class Lifecycle {
  readonly background: BackgroundTasks
  readonly #broker: Living
  readonly #log: Log
  /** They came to their turn before the cluster did. */
  readonly #postponed: Scoped[] = []
  readonly #stopping: Scoped[] = []

  constructor (broker: Living, log: Log) {
    this.#broker = broker
    this.#log = log
    this.background = new BackgroundTasks(log)
  }

  onStarted (scope: FastifyInstance, run: Hook): void {
    this.#check('onStarted', run)
    try {
      addReadyHook(scope, async () => {
        if (this.#broker.isInspected) return
        if (this.#broker.isConnected) await run.call(scope)
        else this.#postponed.push({ scope, run })
      })
    } catch (cause) {
      throw this.#tooLate('onStarted', { cause })
    }
  }

  onStopping (scope: FastifyInstance, run: Hook): void {
    this.#check('onStopping', run)
    this.#stopping.push({ scope, run })
  }

  addBackground (scope: FastifyInstance, name: string, run: Task): void {
    text('name', name)
    this.#check('background', run)
    if (this.background.find(name) !== undefined) {
      throw new FASTSTREAM_ERR_INVALID_OPTION('name', `'${name}' is taken by another background task`)
    }
    this.background.add(name, scope, run)
  }

  /** Starts the background tasks. */
  startTasks (): void {
    if (this.#broker.startsTasks) this.background.start(this.#broker.clock)
  }

  /** Whether functions of `onStarted` have not run yet because the cluster was not there. */
  get isWaiting (): boolean {
    return this.#postponed.length > 0
  }

  get stops (): boolean {
    return this.#stopping.length > 0 && !this.#broker.isInspected
  }

  /** Runs what came too early, each for `ms` at most; 0: without a limit. `failed`: told of each error. */
  async runPostponed (ms: number, failed: (error: Error) => void): Promise<void> {
    for (let [next] = this.#postponed; next !== undefined; [next] = this.#postponed) {
      await this.#run('onStarted', next, ms).catch((error) => { failed(error) })
      this.#postponed.shift()
    }
  }

  /**
   * Runs the functions of `onStopping`, for half of `drainTimeout` ms together at most. Resolves to what is left of
   * that time, ms. Never rejects.
   */
  async stop (drainTimeout: number): Promise<number> {
    const { clock } = this.#broker
    const began = clock.elapsed()
    for (const each of this.#stopping) {
      const left = began + drainTimeout / 2 - clock.elapsed()
      await this.#run('onStopping', each, Math.max(1, left)).catch(() => {})
    }
    return Math.max(0, Math.floor(began + drainTimeout - clock.elapsed()))
  }

  /** Rejects with the error, which is logged here. */
  async #run (what: string, { scope, run }: Scoped, ms: number): Promise<void> {
    const { clock, name: broker } = this.#broker
    let cancel = (): void => {}
    const late = new Promise<never>((resolve, reject) => {
      if (ms === 0) return
      cancel = clock.schedule(ms, () => { reject(new FASTSTREAM_ERR_HOOK_TIMEOUT(what, broker, Math.round(ms))) })
    })
    try {
      await Promise.race([inOwnContext(async () => { await run.call(scope) }), late])
    } catch (thrown) {
      const err = toError(thrown)
      this.#log.error({ err, broker }, `a function of ${what} failed`)
      throw err
    } finally {
      cancel()
    }
  }

  #check (what: string, run: unknown): void {
    callable(what, run, 'must be given a function')
    if (!this.#broker.loading) throw this.#tooLate(what)
  }

  #tooLate (what: string, options?: ErrorOptions): Error {
    return new FASTSTREAM_ERR_ALREADY_STARTED(`a function of ${what}()`, this.#broker.name, 'ready()', options)
  }
}
