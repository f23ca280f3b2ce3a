import type { FastifyInstance } from 'fastify'
import type { BackgroundHealth } from '../../types/index.js'
import { within, type Clock } from '../clock.js'
import type { LastError } from '../consume/group/group-state.js'
import { healthError } from '../consume/group/health.js'
import { inOwnContext } from '../context.js'
import type { Log } from '../log.js'
import { toError } from '../to-error.js'

export type Task = (this: FastifyInstance, signal: AbortSignal) => unknown

interface Background {
  readonly name: string
  readonly scope: FastifyInstance
  readonly task: Task
  state: BackgroundHealth['state']
  lastError: LastError | undefined
}

/** Tasks that run beside the messages of one broker, from when messages flow until they end or the app closes. */
export class BackgroundTasks {
  readonly #log: Log
  readonly #all: Background[] = []
  readonly #closing = new AbortController()
  #running: ReadonlyArray<Promise<void>> = []

  constructor (log: Log) {
    this.#log = log
  }

  has (name: string): boolean {
    return this.#all.some((background) => background.name === name)
  }

  add (name: string, scope: FastifyInstance, task: Task): void {
    this.#all.push({ name, scope, task, state: 'waiting', lastError: undefined })
  }

  /** Starts them all. */
  start (clock: Clock): void {
    this.#running = this.#all.map((background) => inOwnContext(() => this.#run(background, clock)))
  }

  /** Aborts them all, and waits until they have ended, at most `ms`. */
  async end (clock: Clock, ms: number): Promise<void> {
    this.#closing.abort(new DOMException('the app closes', 'AbortError'))
    if (await within(clock, ms, Promise.all(this.#running))) return
    const tasks = this.#all.filter(({ state }) => state === 'running').map(({ name }) => name)
    this.#log.warn({ tasks, timeout: ms }, 'background tasks did not end in time, and are left running')
  }

  get health (): readonly BackgroundHealth[] {
    return this.#all.map(({ name, state, lastError }) => ({
      name, state, lastError: lastError && healthError(lastError)
    }))
  }

  async #run (background: Background, clock: Clock): Promise<void> {
    const { name: task, scope } = background
    const { signal } = this.#closing
    background.state = 'running'
    try {
      await background.task.call(scope, signal)
      background.state = 'ended'
    } catch (thrown) {
      const err = toError(thrown)
      if (signal.aborted && (thrown === signal.reason || err.name === 'AbortError')) {
        background.state = 'ended'
        return
      }
      background.state = 'failed'
      background.lastError = { error: err, at: clock.now() }
      this.#log.error({ err, task }, 'a background task failed: it is not run again')
    }
  }
}
