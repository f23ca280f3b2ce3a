import cluster, { type Worker } from 'node:cluster'
import { fileURLToPath } from 'node:url'
import { LONGEST_TIMER, sleep, systemClock } from '../clock.js'
import type { Call, ExitCode } from './command.js'
import { writeLine } from './output.js'
import type { Place } from './run-app.js'
import { watchFiles } from './watch-files.js'

/** What the workers do. */
export interface Supervised {
  /** Words of the command that each of them runs. */
  readonly command: readonly string[]
  readonly file: string
  readonly place: Place
  readonly workers: number
}

/** ms before a worker that died begins anew: doubled up to the longest for one that dies before it listens. */
const PAUSE = 500
const LONGEST_PAUSE = 30_000

/** One worker after the other, under one number. */
interface Slot {
  readonly id: number
  worker: Worker
  /** Whether the current worker listens, once that is known. */
  ready: Promise<boolean>
}

/** The program of this command. */
const MAIN = new URL(`./main.${import.meta.url.slice(-2)}`, import.meta.url)

/** Runs workers in processes of their own, until a signal ends the command. `main`: the program that a worker is. */
export async function supervise (supervised: Supervised, call: Call, main = MAIN): Promise<ExitCode> {
  return await new Supervisor(supervised, call, main).run()
}

class Supervisor {
  readonly #supervised: Supervised
  readonly #call: Call
  readonly #main: URL
  readonly #watches: boolean
  readonly #slots: Slot[] = []
  /** Aborts when no worker is to begin any more. */
  readonly #ending = new AbortController()
  /** Aborts, and is renewed, at each change of a file. */
  #change = new AbortController()
  #code: ExitCode = 0
  /** Workers that a successor replaces: their end is no accident. */
  readonly #replaced = new Set<Worker>()
  #rolling = Promise.resolve()

  constructor (supervised: Supervised, call: Call, main: URL) {
    this.#main = main
    this.#supervised = supervised
    this.#call = call
    this.#watches = call.values.watch === true
  }

  async run (): Promise<ExitCode> {
    const { workers } = this.#supervised
    const { signal } = this.#call
    const end = (): void => { this.#end() }
    const replace = (): void => { this.#replaceAll() }
    signal.addEventListener('abort', end)
    process.on('SIGUSR2', replace)
    const unwatch = this.#watches ? watchFiles(this.#supervised.file, () => { this.#changed() }) : () => {}
    this.#setUp()
    try {
      await Promise.all(Array.from({ length: workers }, (_, at) => this.#keep(at + 1)))
    } finally {
      unwatch()
      process.off('SIGUSR2', replace)
      signal.removeEventListener('abort', end)
    }
    return this.#code
  }

  get #isEnding (): boolean {
    return this.#ending.signal.aborted || this.#call.signal.aborted
  }

  #setUp (): void {
    const { command, file, place: { host, port } } = this.#supervised
    const { rest } = this.#call
    cluster.setupPrimary({
      exec: fileURLToPath(this.#main), args: [...command, file, '--host', host, '--port', String(port), '--', ...rest]
    })
  }

  /** Keeps one worker alive. Resolves when the command ends and the worker has ended. */
  async #keep (id: number): Promise<void> {
    let began = false
    for (let failures = 0; !this.#isEnding;) {
      const slot = this.#fork(id)
      const change = this.#change.signal
      const wasReady = await slot.ready
      began ||= wasReady
      failures = wasReady ? 0 : failures + 1
      const { code, signal } = await exitOf(slot.worker)
      if (this.#isEnding) {
        // One that has not begun yet is killed by the signal.
        if (code !== 0 && signal !== 'SIGTERM') this.#code ||= 1
      } else if (!began && !this.#watches) {
        this.#code = 2
        this.#end()
      } else if (!this.#replaced.delete(slot.worker)) {
        await this.#afterAccident(id, signal ?? `exit code ${code}`, failures, change)
      }
    }
  }

  async #afterAccident (id: number, why: string, failures: number, change: AbortSignal): Promise<void> {
    const memory = why === 'SIGKILL' ? ': perhaps the memory was full' : ''
    // What fails while its files are edited begins anew at the next change.
    if (this.#watches && failures > 0) {
      this.#tell(id, `ended by ${why}${memory}; a change of a file begins it anew`, { event: 'failed', why })
      await sleep(systemClock, LONGEST_TIMER, AbortSignal.any([change, this.#ending.signal]))
      return
    }
    const pause = Math.min(PAUSE * 2 ** failures, LONGEST_PAUSE)
    this.#tell(id, `ended by ${why}${memory}; it begins anew in ${pause} ms`, { event: 'failed', why })
    await sleep(systemClock, pause, this.#ending.signal)
  }

  #fork (id: number): Slot {
    const worker = cluster.fork({ FASTSTREAM_WORKER: String(id) })
    const ready = new Promise<boolean>((resolve) => {
      worker.once('listening', ({ port }) => {
        const address = `http://${this.#supervised.place.host}:${port}`
        const { pid } = worker.process
        this.#tell(id, `listening at ${address} (pid ${pid})`, { event: 'listening', address, pid })
        resolve(true)
      })
      worker.once('exit', () => { resolve(false) })
    })
    const slot = this.#slots.find((each) => each.id === id)
    if (slot !== undefined) return Object.assign(slot, { worker, ready })
    const created = { id, worker, ready }
    this.#slots.push(created)
    return created
  }

  #changed (): void {
    const change = this.#change
    this.#change = new AbortController()
    change.abort()
    this.#replaceAll()
  }

  /** One after the other, so that the others serve meanwhile. It ends at one whose successor does not listen. */
  #replaceAll (): void {
    this.#rolling = this.#rolling.then(async () => {
      for (const slot of this.#slots) {
        if (this.#isEnding || !await this.#replace(slot)) return
      }
    })
  }

  /** Resolves to whether its successor listens. */
  async #replace (slot: Slot): Promise<boolean> {
    const { worker } = slot
    // One that has ended begins anew by itself.
    if (worker.isDead() || !await slot.ready) return true
    this.#replaced.add(worker)
    const exit = exitOf(worker)
    worker.process.kill('SIGTERM')
    await exit
    // The turn in which the successor is forked.
    await new Promise((resolve) => { setImmediate(resolve) })
    return await slot.ready
  }

  #end (): void {
    this.#ending.abort()
    for (const { worker } of this.#slots) worker.process.kill('SIGTERM')
  }

  #tell (worker: number, text: string, facts: object): void {
    const { out, values } = this.#call
    if (values.json === true) writeLine(out, { worker, ...facts })
    else out.write(`worker ${worker}: ${text}\n`)
  }
}

async function exitOf (worker: Worker): Promise<{ code: number | null, signal: string | null }> {
  const { process: child } = worker
  if (child.exitCode === null && child.signalCode === null) {
    await new Promise<void>((resolve) => { child.once('exit', () => { resolve() }) })
  }
  return { code: child.exitCode, signal: child.signalCode }
}
