import module, { syncBuiltinESMExports } from 'node:module'
import { runsCompiled } from './compiled.js'

/*
 * Runs in each process of a compiled test before tap's own preparation. tap registers three loaders there (TypeScript,
 * mocks, a list of what was loaded), whose thread costs more CPU than most test files. A compiled test is JavaScript
 * and mocks no module: it needs none of them.
 */

const registered = Object.fromEntries(['register', 'registerHooks'].filter((name) => name in module)
  .map((name) => [name, module[name]]))

if (runsCompiled()) {
  process.env.TAP_TYPE_STRIP_ONLY = '1'
  for (const name of Object.keys(registered)) module[name] = () => {}
  syncBuiltinESMExports()
}

/** Gives Node's functions back, see `after.js`. */
export function restore () {
  delete process.env.TAP_TYPE_STRIP_ONLY
  Object.assign(module, registered)
  syncBuiltinESMExports()
}
