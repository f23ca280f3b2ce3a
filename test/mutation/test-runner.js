import { fork } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { join } from 'node:path'

/*
 * Stryker's test runner for compiled tests. One process keeps all test files of a folder loaded, and runs of them the
 * tests that reach a mutant, the cheapest first, until one fails. That test is run again without the mutant: when it
 * still fails, the process was spoilt by an earlier mutant, or the machine was too slow, and the mutant is tried again
 * in a new process.
 */

/** ms that a test gets at least, and how often its time without a mutant. */
const LEAST = 10_000
const FACTOR = 5
/**
 * Random runs, and tests that measure the memory of a process, take most of the time, and do not say which test is
 * missing: a fault must be found without them.
 */
const LEFT_OUT = /(chaos|storm|seeds|flat-memory|inflation)\.test\.ts$/
/** ms of CPU time that a test gets at least: on a busy machine it takes no more. Most wait for a state in a loop. */
const LEAST_CPU = 1_000
/** ms for the loading of all test files. */
const LOAD = 120_000

const LATE = 'the test ended too late'
const ENDLESS = 'the test ran on and on'
/** States of a test, of Stryker. */
const [PASSED, FAILED] = [0, 1]

export class TestRunner {
  static inject = ['options']

  /** Stryker's copy of the project. */
  #root = process.cwd()
  #files
  /** All tests. Their times are known only in the process of the dry run. */
  #tests = []
  #times = new Map()
  /** How many mutants of a file a test has found. */
  #found = new Map()
  #worker
  #loadedWith

  constructor ({ compiled: { folders } }) {
    const files = folders.flatMap((path) => {
      if (path.startsWith('!')) return []
      if (path.endsWith('.test.ts')) return path
      return readdirSync(join(this.#root, 'test', path), { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.test(file)).sort()
        .map((file) => join(path, file))
    })
    this.#files = files.filter((path) => !folders.includes(`!${path}`)).map((path) => join('test', path))
  }

  /** Stryker says of a mutant that acts while files are loaded that it needs a new process. */
  capabilities () {
    return { reloadEnvironment: true }
  }

  async dryRun () {
    const { tests, failure } = await this.#start()
    if (tests === undefined) return { status: 'error', errorMessage: failure }
    const results = []
    for (const { id, file } of tests) {
      const { failure, time } = await this.#run({ test: id })
      this.#times.set(id, time)
      const status = failure === undefined ? PASSED : FAILED
      const fileName = join(this.#root, file)
      results.push({ id, name: id, fileName, timeSpentMs: time, status, failureMessage: failure })
    }
    const { coverage } = await this.#ask({ coverage: true })
    return { status: 'complete', tests: results, mutantCoverage: coverage }
  }

  async mutantRun (options) {
    return await this.#try(options) ?? await this.#try(options, true)
  }

  async dispose () {
    await this.#stop()
  }

  /** Runs tests until one fails. Undefined: the test fails without the mutant, too. */
  async #try (options, isLast = false) {
    const { activeMutant: { id: mutant }, sandboxFileName, testFilter, hitLimit, reloadEnvironment } = options
    const killed = (killedBy, failureMessage) => ({ status: 'killed', killedBy, failureMessage, nrOfTests })
    let nrOfTests = 0
    if (reloadEnvironment || this.#loadedWith !== undefined) await this.#stop()
    if (this.#worker === undefined) {
      const { failure } = await this.#start(reloadEnvironment ? mutant : undefined)
      if (failure !== undefined) return killed([], failure)
    }
    const scores = this.#found.get(sandboxFileName) ?? new Map()
    this.#found.set(sandboxFileName, scores)
    const cost = (test) => this.#times.get(test) ?? 0
    const score = (test) => (scores.get(test) ?? 0) / (cost(test) + 5)
    const tests = [...testFilter ?? this.#tests].sort((a, b) => score(b) - score(a) || cost(a) - cost(b))
    for (const test of tests) {
      nrOfTests++
      const { failure, isEndless, isLeaking } = await this.#run({ test, mutant, hitLimit })
      if (failure === undefined && isEndless !== true) continue
      // On a busy machine a test may be late without the fault, too.
      if (failure === LATE && !isLast) {
        await this.#stop()
        return undefined
      }
      if (isEndless || failure === LATE || failure === ENDLESS) return { status: 'timeout', reason: failure }
      const isSure = reloadEnvironment || (await this.#run({ test })).failure === undefined
      if (isLeaking || !isSure) await this.#stop()
      if (!isSure && isLast) continue
      if (!isSure) return undefined
      scores.set(test, (scores.get(test) ?? 0) + 1)
      return killed([test], failure)
    }
    return { status: 'survived', nrOfTests }
  }

  async #start (mutant) {
    const { __STRYKER_ACTIVE_MUTANT__: _, ...env } = process.env
    Object.assign(env, { FASTSTREAM_TEST_ALLOW_FAILURES: '1', TAP_TIMEOUT: '0' })
    if (mutant !== undefined) env.__STRYKER_ACTIVE_MUTANT__ = mutant
    this.#loadedWith = mutant
    this.#worker = fork(join(this.#root, 'test/mutation/worker.js'), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'], env
    })
    const loaded = await this.#ask({ load: this.#files }, LOAD)
    this.#tests = loaded.tests?.map(({ id }) => id) ?? this.#tests
    return loaded
  }

  async #run (message) {
    if (this.#worker === undefined) await this.#start()
    const time = this.#times.get(message.test)
    const cpu = time === undefined ? undefined : LEAST_CPU + FACTOR * time
    return await this.#ask({ ...message, cpu }, LEAST + FACTOR * (time ?? LEAST))
  }

  /** The answer of the process; without one the process has ended. */
  async #ask (message, limit = LEAST) {
    const worker = this.#worker
    const answer = await new Promise((resolve) => {
      const timer = setTimeout(() => settle({ failure: LATE }), limit)
      // tap sends messages of its own.
      const replied = ({ reply }) => { if (reply !== undefined) settle(reply) }
      const ended = (_, signal) => settle({ failure: signal === 'SIGKILL' ? ENDLESS : 'the process ended' })
      const settle = (answer) => {
        clearTimeout(timer)
        worker.off('message', replied).off('exit', ended)
        resolve(answer)
      }
      worker.on('message', replied).on('exit', ended).send(message)
    })
    if (answer.isLeaking === undefined) await this.#stop()
    return answer
  }

  async #stop () {
    const worker = this.#worker
    this.#worker = undefined
    if (worker === undefined) return
    if (worker.exitCode !== null || worker.signalCode !== null) return
    worker.kill('SIGKILL')
    await once(worker, 'exit')
  }
}
