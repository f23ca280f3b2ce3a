import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

// What is compiled by tsx has other line numbers: it must not count for the coverage.
const env = { ...process.env, _TAPJS_PROCESSINFO_COVERAGE_: '0' }
const run = (...argv: string[]) => promisify(execFile)(process.execPath, ['--import', 'tsx', ...argv], { env })
const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')

t.test('the command of the package writes its help, and its exit code is that of what it found', async (t) => {
  const { bin } = JSON.parse(await readFile('package.json', 'utf8')) as { bin: Record<string, string> }
  t.same(bin, { faststream: 'dist/lib/cli/main.js' })
  t.match(await readFile(MAIN, 'utf8'), /^#!\/usr\/bin\/env node\n/)
  const { stdout } = await run(MAIN, '--help')
  t.match(stdout, /faststream dlq redrive/)
  const app = join(import.meta.dirname, 'apps/built.ts')
  const described = await run(MAIN, 'describe', app, '--json')
  t.match(JSON.parse(described.stdout), { subscribers: [{ name: 'count' }] })
  await t.rejects(run(MAIN, 'fly'), { code: 2, stderr: /no command 'fly'/ })
})
