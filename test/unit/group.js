import { AsyncLocalStorage } from 'node:async_hooks'
import { pathToFileURL } from 'node:url'
import tap from 'tap'
import { compiledOf } from './compiled.js'

/* Runs test files in one process, and stands for `tap` in them: what a file declares belongs to a test named for it. */

/** Test that a file declares its tests in. A binding of ES modules is live, and only one file runs at a time. */
export let current = tap

/** ms; ends a file that hangs. The process has the time of all its files. */
const TIMEOUT = 240_000

/**
 * Storages that a file has used. Up to Node.js 22 each makes all promises of its process cost several times as much,
 * also those of the files after it.
 */
const storages = new Set()

for (const name of ['run', 'enterWith']) {
  const original = AsyncLocalStorage.prototype[name]
  AsyncLocalStorage.prototype[name] = function (...args) {
    storages.add(this)
    return original.apply(this, args)
  }
}

/** Runs test files one after the other. What one of them did to the environment does not reach the next. */
export async function runGroup (files) {
  process.on('uncaughtException', failFile)
  tap.setTimeout(TIMEOUT * files.length)
  const environment = { ...process.env }
  for (const file of files) {
    await tap.test(file, { timeout: TIMEOUT }, async (test) => {
      current = test
      await import(pathToFileURL(compiledOf(file)).href)
    })
    for (const storage of storages) storage.disable()
    storages.clear()
    for (const name of Object.keys(process.env)) if (!Object.hasOwn(environment, name)) delete process.env[name]
    Object.assign(process.env, environment)
  }
}

/** Fails the file that runs, unless it listens itself. */
function failFile (error) {
  if (process.listenerCount('uncaughtException') === 1) current.threw(error)
}
