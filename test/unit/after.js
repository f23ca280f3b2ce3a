import { restore } from './before.js'
import { runsCompiled } from './compiled.js'

/* Runs in each process of a compiled test after tap's own preparation, and before the test. */

if (runsCompiled()) {
  restore()
  // Compiled files have the places of their sources. With source maps, Node would read those of all packages.
  process.setSourceMapsEnabled(false)
  // A program that a test starts compiles the sources in its own way: its coverage would count for other lines.
  process.env._TAPJS_PROCESSINFO_COVERAGE_ = '0'
}
