import '../unit/no-domains.js'
import { once } from 'node:events'
import { pathToFileURL } from 'node:url'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { syncBuiltinESMExports } from 'node:module'
import zlib from 'node:zlib'
import { Test } from 'tap'
import { compiledOf } from '../unit/compiled.js'
import { declare, enter, TESTS } from './declared.js'

/*
 * A process that has loaded the test files of a folder, and runs single tests with one mutant. A test costs its own
 * time only: no process, no loading.
 */

/** How often a test that waits for nothing is asked again before it counts as one that never ends. */
const LOOKS = 4
/** ms */
const BETWEEN_LOOKS = 50
/** ms of CPU time for the loading of all test files: a mutant may make a loop of a module endless. */
const LOAD_CPU = 30_000

/** Timers for which the process does not wait, but a test may do so: Node.js lists them nowhere. */
const unlisted = new Set()
const timer = globalThis.setTimeout(() => {}, 0)
clearTimeout(timer)
const { prototype } = timer.constructor
const { unref } = prototype
prototype.unref = function () {
  unlisted.add(this)
  return unref.call(this)
}

/** Calls of zlib that are under way in other threads: Node.js lists them nowhere, too. */
let compressing = 0
for (const name of ['gzip', 'unzip']) {
  const call = zlib[name]
  zlib[name] = (...parameters) => {
    const done = parameters.pop()
    call(...parameters, (...results) => {
      compressing--
      done(...results)
    })
    compressing++
  }
}
syncBuiltinESMExports()

// Tests replace the global ones.
const eventLoop = performance.eventLoopUtilization.bind(performance)
const now = performance.now.bind(performance)

/** CPU time at which the process is killed, µs: nothing else can end a loop that does nothing but run. */
const cpuLimit = new Float64Array(new SharedArrayBuffer(8)).fill(Infinity)
const watchdog = new Worker(`
  const { workerData: [limit] } = require('node:worker_threads')
  setInterval(() => {
    const { user, system } = process.cpuUsage()
    if (user + system > limit[0]) process.kill(process.pid, 'SIGKILL')
  }, 200)
`, { eval: true, workerData: [cpuLimit] })
await once(watchdog, 'online')
watchdog.unref()

const { __STRYKER_ACTIVE_MUTANT__: loadedWith } = process.env
// Programs that a test starts have no mutant.
delete process.env.__STRYKER_ACTIVE_MUTANT__
const stryker = globalThis.__stryker__ = { activeMutant: loadedWith }

let unhandled
for (const event of ['uncaughtException', 'unhandledRejection']) process.on(event, (error) => { unhandled ??= error })
process.on('disconnect', () => process.exit())
process.on('message', (message) => {
  answer(message).catch((error) => ({ failure: String(error) })).then((reply) => process.send({ reply }))
})

async function answer ({ load, coverage, test, mutant, hitLimit, cpu = Infinity }) {
  if (load !== undefined) {
    cpuLimit[0] = LOAD_CPU * 1000
    const loaded = await loadAll(load)
    cpuLimit[0] = Infinity
    return loaded
  }
  if (coverage !== undefined) return { coverage: stryker.mutantCoverage, isLeaking: false }
  Object.assign(stryker, { activeMutant: mutant, hitLimit, hitCount: 0, currentTestId: test })
  const before = now()
  const { user, system } = process.cpuUsage()
  cpuLimit[0] = user + system + cpu * 1000
  const failure = await run(TESTS.get(test))
  cpuLimit[0] = Infinity
  const time = now() - before
  const isEndless = hitLimit !== undefined && stryker.hitCount > hitLimit
  stryker.activeMutant = loadedWith
  return { failure, isEndless, time, isLeaking: await isLeaking() }
}

async function loadAll (files) {
  for (const file of files) await declare(file, pathToFileURL(compiledOf(file)).href)
  return { tests: [...TESTS.values()].map(({ id, file }) => ({ id, file })), isLeaking: false }
}

/** What failed in a test, or undefined. */
async function run ({ name, options, environment, run }) {
  enter(environment)
  unhandled = undefined
  unlisted.clear()
  const root = new Test({ name, timeout: 0 })
  root.resume()
  root.runMain(() => {})
  let results
  const ended = root.test(name, { ...options, timeout: 0 }, run).then((found) => { results = found })
  const idle = await Promise.race([ended, neverEnds(() => results)])
  if (idle === true) return 'the test never ends'
  root.end()
  await setImmediate()
  if (unhandled !== undefined) return `unhandled: ${unhandled?.message}`
  return root.passing() ? undefined : results?.failures?.[0]?.fullname ?? name
}

/** Ends when a test waits, and nothing is left in the process that could end its wait. */
async function neverEnds (results) {
  for (let looks = 0; looks < LOOKS && results() === undefined; looks++) {
    const before = eventLoop()
    await setTimeout(BETWEEN_LOOKS, undefined, { ref: false })
    // On a busy machine the time may pass before the test has had its turns.
    const { idle } = eventLoop(before)
    if (idle < BETWEEN_LOOKS / 2 || resources() > idleResources || hasUnlisted()) looks = -1
  }
  return results() === undefined
}

function hasUnlisted () {
  for (const timer of unlisted) if (timer._destroyed || timer.hasRef()) unlisted.delete(timer)
  return unlisted.size > 0 || compressing > 0
}

async function isLeaking () {
  for (let turn = 0; turn < 3 && resources() > idleResources; turn++) await setImmediate()
  return resources() > idleResources || unhandled !== undefined
}

function resources () {
  return process.getActiveResourcesInfo().filter((name) => !/^(Immediate|PipeWrap|TTYWrap)$/.test(name)).length
}

const idleResources = resources()
