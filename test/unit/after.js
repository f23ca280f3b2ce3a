import processOnSpawn from 'process-on-spawn'
import { restore } from './before.js'
import { runsCompiled } from './compiled.js'

/* Runs in each process of a compiled test after tap's own preparation, and before the test. */

if (runsCompiled()) {
  restore()
  // Compiled files have the places of their sources. With source maps, Node would read those of all packages.
  process.setSourceMapsEnabled(false)
  // A program that a test starts compiles the sources in its own way: its coverage would count for other lines. Without
  // coverage the program needs no loader of tap, which takes a fifth of a second of CPU.
  processOnSpawn.removeAllListeners()
  process.env._TAPJS_PROCESSINFO_COVERAGE_ = '0'
  const ours = / *"--import=[^"]*\/(test\/unit|processinfo)\/[^"]*"/g
  process.env.NODE_OPTIONS = process.env.NODE_OPTIONS.replace(ours, '')
}
