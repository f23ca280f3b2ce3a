import { spawn, spawnSync } from 'node:child_process'
import { existsSync, statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { compile } from './compile.js'
import { ROOT } from './compiled.js'
import { groupsOf } from './groups.js'

/*
 * `npm run test:unit`: compiles the tests, and lets tap run what was compiled. Arguments are those of `tap run`, and
 * folders of test files.
 * `TEST_SEED` sets the order of the test files.
 */

const TAP = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')))
const url = (file) => new URL(file, import.meta.url).href

process.chdir(ROOT)
await compile()
const args = process.argv.slice(2)
const named = args.filter((arg) => !arg.startsWith('-') && existsSync(arg))
const options = args.filter((arg) => !named.includes(arg))
const files = named.length === 0
  ? testFiles()
  : named.flatMap((name) => statSync(name).isDirectory() ? testsIn(name) : relative(ROOT, resolve(name)))

const seed = process.env.TEST_SEED
if (seed !== undefined) console.log(`# TEST_SEED=${seed}`)
// tap shuffles by `Math.random`.
const [nodeArgs, order] = seed === undefined ? [[], []] : [[`--random-seed=${seed}`], ['--shuffle']]
const tap = spawn(process.execPath, [
  ...nodeArgs, TAP, 'run', `--node-arg=--import=${url('after.js')}`, ...order, ...options, ...groupsOf(files, seed)
], {
  stdio: 'inherit',
  env: { ...process.env, NODE_OPTIONS: `${process.env.NODE_OPTIONS ?? ''} --import=${url('before.js')}`.trim() }
})
tap.on('exit', (code, signal) => { process.exitCode = signal === null ? code : 1 })

/** The test files that `.taprc` names. */
function testFiles () {
  const { stdout } = spawnSync(process.execPath, [TAP, 'list'], { encoding: 'utf8' })
  return stdout.split('\n').filter((line) => line.endsWith('.test.ts'))
}

function testsIn (folder) {
  const found = testFiles().filter((file) => !relative(folder, file).startsWith('..'))
  if (found.length === 0) throw new Error(`no test file in ${folder}`)
  return found
}
