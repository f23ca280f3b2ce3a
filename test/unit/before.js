import { readFileSync } from 'node:fs'
import module, { syncBuiltinESMExports } from 'node:module'
import { relative } from 'node:path'
import { givesCoverage } from '../coverage-map.js'
import { ROOT, runsCompiled } from './compiled.js'

/*
 * Runs in each process of a compiled test before tap's own preparation. tap registers three loaders there (TypeScript,
 * mocks, a list of what was loaded), whose thread costs more CPU than most test files. A compiled test is JavaScript:
 * it needs none of them, unless it mocks a module.
 */

const registered = Object.fromEntries(['register', 'registerHooks'].filter((name) => name in module)
  .map((name) => [name, module[name]]))

if (runsCompiled()) {
  process.env.TAP_TYPE_STRIP_ONLY = '1'
  if (!givesCoverage(relative(ROOT, process.argv[1]))) process.env._TAPJS_PROCESSINFO_COVERAGE_ = '0'
  await import('./no-domains.js')
  if (!readFileSync(process.argv[1], 'utf8').includes('mockImport')) withhold()
}

function withhold () {
  for (const name of Object.keys(registered)) module[name] = () => {}
  syncBuiltinESMExports()
}

/** Gives Node's functions back, see `after.js`. */
export function restore () {
  delete process.env.TAP_TYPE_STRIP_ONLY
  Object.assign(module, registered)
  syncBuiltinESMExports()
}
