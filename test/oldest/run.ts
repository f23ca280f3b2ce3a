import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { oldestOf } from './oldest-of.js'

// npm run test:oldest [-- <version> [<test files>]]: the tests that concern Fastify, on the oldest version of the peer
// range. They run in a scratch copy inside this folder, so Node finds all other packages one level up.

/** Folders whose tests meet Fastify: routes, hooks, scopes, schemas, logs and plugins. */
const FOLDERS = ['broker', 'deps', 'examples', 'message', 'observe', 'options', 'schema', 'testing']
const COPIED = [
  '.taprc', 'index.ts', 'package.json', 'tsconfig.json', 'dist', 'docs', 'examples', 'lib', 'scripts', 'test', 'types'
]
const TIMEOUT = 10 * 60_000

const [version = oldestOf(readFileSync('package.json', 'utf8')), ...named] = process.argv.slice(2)
const files = named.length > 0 ? named : testFiles()
const copy = mkdtempSync('.oldest-')
let child: ChildProcess | undefined

const timer = setTimeout(() => { stop(`stopped after ${TIMEOUT / 60_000} minutes`) }, TIMEOUT)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => { stop(signal) })
try {
  await install()
  console.log(`# Fastify ${version}`)
  await run('node', ['test/unit/run.js', '--disable-coverage', '--allow-empty-coverage', ...files])
} catch (error) {
  console.error(error)
  process.exitCode = 1
} finally {
  clearTimeout(timer)
  rmSync(copy, { recursive: true, force: true })
}

/** Installs Fastify with its own dependencies into the copy, and copies what the tests read. */
async function install (): Promise<void> {
  // An empty package, because npm would install all dependencies of ours.
  writeFileSync(join(copy, 'package.json'), '{ "private": true }')
  await run('npm', ['install', '--no-save', '--no-audit', '--no-fund', '--prefix', '.', `fastify@${version}`])
  for (const name of COPIED) cpSync(name, join(copy, name), { recursive: true })
}

function testFiles (): string[] {
  return FOLDERS.flatMap((folder) => readdirSync(join('test', folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => join('test', folder, file)))
}

async function run (command: string, args: readonly string[]): Promise<void> {
  // A process group of its own: `stop` must reach every test file, because tap alone would wait for them.
  child = spawn(command, args, { cwd: copy, stdio: ['ignore', 'inherit', 'inherit'], detached: true })
  const [code] = await once(child, 'exit') as [number | null]
  if (code !== 0) throw new Error(`${command} failed with Fastify ${version}`)
}

function stop (reason: string): void {
  console.error(reason)
  if (child?.pid !== undefined && child.exitCode === null) process.kill(-child.pid, 'SIGKILL')
}
