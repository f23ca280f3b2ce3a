import { execFile } from 'node:child_process'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { promisify } from 'node:util'
import t from 'tap'

const FILE = 'test/testing/vitest/fake-timers.spec.ts'
const VITEST = join(createRequire(import.meta.url).resolve('vitest/package.json'), '../vitest.mjs')

interface Report { readonly testResults: ReadonlyArray<{ readonly assertionResults: readonly Result[] }> }
interface Result { readonly title: string, readonly status: string, readonly failureMessages: readonly string[] }

t.test('the test broker works under the fake timers of vitest', async (t) => {
  // What an interrupted mutation run leaves behind has a copy of the file.
  const args = [VITEST, 'run', '--reporter=json', '--testTimeout=20000', '--dir=test', FILE]
  const env = { ...process.env, NODE_OPTIONS: '' }
  // vitest exits with 1 when a test fails: its report says which.
  const run = promisify(execFile)(process.execPath, args, { env, timeout: 200_000 })
  const { stdout } = await run.catch((error: { stdout: string }) => error)
  const { testResults } = JSON.parse(stdout) as Report
  const results = testResults.flatMap(({ assertionResults }) => assertionResults)
  t.equal(results.length, 2)
  for (const { title, status, failureMessages } of results) t.equal(status, 'passed', title, { failureMessages })
})
