import type { FastifyInstance } from 'fastify'
import type { BackgroundHealth } from '../../types/index.js'
import type { Clock } from '../clock.js'
import type { LastError } from '../consume/group/group-state.js'
import { healthError } from '../consume/group/health.js'
import type { Log } from '../log.js'
import { toError } from '../to-error.js'

export type Task = (this: FastifyInstance, signal: AbortSignal) => unknown

/** Task that runs beside the messages of one broker. */
export class BackgroundTask {
  readonly name: string
  readonly #scope: FastifyInstance
  readonly #task: Task
  readonly #log: Log
  #state: BackgroundHealth['state'] = 'waiting'
  #lastError: LastError | undefined
  #closing = new AbortController()
  #ended = Promise.resolve()

  constructor (name: string, scope: FastifyInstance, { task, log }: { readonly task: Task, readonly log: Log }) {
    this.name = name
    this.#scope = scope
    this.#task = task
    this.#log = log
  }

  get isRunning (): boolean {
    return this.#state === 'running'
  }

  /** What its last run has thrown, but for the abort. */
  get error (): Error | undefined {
    return this.#lastError?.error
  }

  get health (): BackgroundHealth {
    return { name: this.name, state: this.#state, lastError: this.#lastError && healthError(this.#lastError) }
  }

  /** Runs it, also after it has ended. */
  start (clock: Clock): void {
    this.#closing = new AbortController()
    this.#lastError = undefined
    this.#ended = this.#run(clock)
  }

  /** Aborts it, and resolves once it has ended. Never rejects. */
  end (reason: string): Promise<void> {
    this.#closing.abort(new DOMException(reason, 'AbortError'))
    return this.#ended
  }

  async #run (clock: Clock): Promise<void> {
    const { signal } = this.#closing
    this.#state = 'running'
    try {
      await this.#task.call(this.#scope, signal)
      this.#state = 'ended'
    } catch (thrown) {
      const error = toError(thrown)
      if (signal.aborted && error.name === 'AbortError') {
        this.#state = 'ended'
        return
      }
      this.#state = 'failed'
      this.#lastError = { error, at: clock.now() }
      this.#log.error({ err: error, task: this.name }, 'a background task failed: it is not run again')
    }
  }
}
