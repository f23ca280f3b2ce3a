import type { FastifyInstance } from 'fastify'
import type { BackgroundHealth } from '../../types/index.js'
import { within, type Clock } from '../clock.js'
import { inOwnContext } from '../context.js'
import type { Log } from '../log.js'
import { BackgroundTask, type Task } from './background-task.js'

/** Tasks that run beside the messages of one broker, from when messages flow until they end or the app closes. */
export class BackgroundTasks {
  readonly #log: Log
  readonly #byName = new Map<string, BackgroundTask>()

  constructor (log: Log) {
    this.#log = log
  }

  get names (): readonly string[] {
    return [...this.#byName.keys()]
  }

  find (name: string): BackgroundTask | undefined {
    return this.#byName.get(name)
  }

  add (name: string, scope: FastifyInstance, task: Task): void {
    this.#byName.set(name, new BackgroundTask(name, scope, { task, log: this.#log }))
  }

  /** Starts them all. */
  start (clock: Clock): void {
    for (const task of this.#byName.values()) inOwnContext(() => { task.start(clock) })
  }

  /** Aborts them all, and waits until they have ended, at most `ms`. */
  async end (clock: Clock, ms: number): Promise<void> {
    const all = [...this.#byName.values()]
    if (await within(clock, ms, Promise.all(all.map((task) => task.end('the app closes'))))) return
    const tasks = all.filter(({ isRunning }) => isRunning).map(({ name }) => name)
    this.#log.warn({ tasks, timeout: ms }, 'background tasks did not end in time, and are left running')
  }

  get health (): readonly BackgroundHealth[] {
    return Array.from(this.#byName.values(), ({ health }) => health)
  }
}
