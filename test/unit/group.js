import { pathToFileURL } from 'node:url'
import tap from 'tap'
import { compiledOf } from './compiled.js'

/* Runs test files in one process, and stands for `tap` in them: what a file declares belongs to a test named for it. */

/** Test that a file declares its tests in. A binding of ES modules is live, and only one file runs at a time. */
export let current = tap

/** ms; ends a file that hangs. The process has the time of all its files. */
const TIMEOUT = 240_000

/** Runs test files one after the other. An error that nothing catches fails the file that runs. */
export async function runGroup (files) {
  process.on('uncaughtException', (error) => current.threw(error))
  tap.setTimeout(TIMEOUT * files.length)
  for (const file of files) {
    await tap.test(file, { timeout: TIMEOUT }, async (test) => {
      current = test
      await import(pathToFileURL(compiledOf(file)).href)
    })
  }
}
