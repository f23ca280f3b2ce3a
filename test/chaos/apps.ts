import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { openSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { GUARD } from '../../lib/testing/local-kafka/guard.js'
import { now } from './time.js'

/** An orchestrator's patience with a process that was told to stop, ms */
const TERM_TIMEOUT = 30_000
/** Before a process that could not start is started again, ms */
const RESTART = 1000

export interface App {
  readonly name: string
  readonly child: ChildProcess
  readonly exited: Promise<unknown>
  /** Only what lives and is left alone can be hit. */
  state: 'starting' | 'live' | 'hit' | 'gone'
}

/** The processes under test, and what an orchestrator does for them. They end with this process at the latest. */
export class Apps {
  readonly #directory: string
  readonly #program: URL
  readonly #args: readonly string[]
  readonly #apps: App[] = []
  readonly #guard: ChildProcess
  readonly died: string[] = []
  largest = 0
  #closing = false

  /**
   * `directory` is removed with the processes. `program` is started with a file for its effects, its name, and `args`.
   */
  constructor (directory: string, program: URL, args: readonly string[]) {
    this.#directory = directory
    this.#program = program
    this.#args = args
    // As tools/kafka/cluster.ts does: a frozen process would outlive its parent.
    this.#guard = spawn('sh', ['-c', GUARD, 'sh', directory], { stdio: ['pipe', 'ignore', 'inherit'], detached: true })
  }

  get live (): App[] {
    return this.#apps.filter(({ state }) => state === 'live')
  }

  get alive (): App[] {
    return this.#apps.filter(({ state }) => state !== 'gone')
  }

  /** Of all that ever ran. */
  get effectFiles (): string[] {
    return this.#apps.map(({ name }) => this.#effectsOf(name))
  }

  /** Resolves once it serves; one that cannot start is started again. */
  async start (): Promise<void> {
    const name = `app-${this.#apps.length + 1}`
    const log = openSync(`${this.#directory}/${name}.log`, 'a')
    const child = fork(
      this.#program, [this.#effectsOf(name), name, ...this.#args], { stdio: ['ignore', log, log, 'ipc'] }
    )
    this.#guard.stdin?.write(`${child.pid}\n`)
    const app: App = { name, child, exited: once(child, 'exit'), state: 'starting' }
    this.#apps.push(app)
    const ready = await Promise.race([once(child, 'message').then(() => true), app.exited.then(() => false)])
    if (ready) {
      app.state = 'live'
      child.once('exit', () => { this.#exited(app) })
      return
    }
    app.state = 'gone'
    await sleep(RESTART)
    if (!this.#closing) await this.start()
  }

  /** SIGKILL */
  async kill (app: App): Promise<void> {
    app.state = 'gone'
    app.child.kill('SIGKILL')
    await app.exited
  }

  /** SIGTERM; resolves with how long it took to end, ms. */
  async term (app: App): Promise<number> {
    const start = now()
    app.state = 'gone'
    app.child.kill('SIGTERM')
    const timer = setTimeout(() => app.child.kill('SIGKILL'), TERM_TIMEOUT)
    await app.exited
    clearTimeout(timer)
    return now() - start
  }

  freeze (app: App): void {
    app.state = 'hit'
    app.child.kill('SIGSTOP')
  }

  thaw (app: App): void {
    app.child.kill('SIGCONT')
    if (app.state === 'hit') app.state = 'live'
  }

  /** Its event loop does nothing else for `ms`. */
  async block (app: App, ms: number): Promise<void> {
    app.state = 'hit'
    app.child.send({ block: ms })
    await sleep(ms)
    if (app.state === 'hit') app.state = 'live'
  }

  /** Notes how much memory the largest of them has, MiB. */
  measure (): void {
    for (const { child } of this.live) {
      try {
        const pages = Number(readFileSync(`/proc/${child.pid}/statm`, 'utf8').split(' ')[1])
        this.largest = Math.max(this.largest, pages * 4096 / 2 ** 20)
      } catch {
        // Gone, or there is no /proc.
      }
    }
  }

  /** Ends what is left, without ceremony, and removes the directory. */
  async close (): Promise<void> {
    this.#closing = true
    const ended = once(this.#guard, 'exit')
    this.#guard.stdin?.end()
    await ended
  }

  #exited (app: App): void {
    if (app.state === 'gone' || this.#closing) return
    app.state = 'gone'
    this.died.push(app.name)
    this.start()
  }

  #effectsOf (name: string): string {
    return `${this.#directory}/${name}.effects`
  }
}
