import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compile } from '../unit/compile.js'
import { COMPILED, ROOT } from '../unit/compiled.js'

/*
 * Runs in Stryker's copy of the project: compiles the files with mutants, and puts a package `tap` beside the compiled
 * tests that lists what a test file declares, see `worker.js`.
 */

await compile()
const tap = join(COMPILED, 'node_modules/tap')
mkdirSync(tap, { recursive: true })
writeFileSync(join(tap, 'package.json'), '{ "type": "module", "exports": "./index.js" }\n')
const declared = JSON.stringify(join(ROOT, 'test/mutation/declared.js'))
writeFileSync(join(tap, 'index.js'), `export { declared as default } from ${declared}\n`)
