import { spawn } from 'node:child_process'
import { cpus } from 'node:os'

/*
 * `npm test` after the build: the checks of the code run one after the other beside the test files, which leave a core
 * idle whenever they wait. What a check says is printed at the end, when it has failed.
 */

const CHECKS = ['lint', 'test:types', 'test:package']

interface Result { readonly script: string, readonly ok: boolean, readonly seconds: number, readonly output: string }

async function run (script: string, stdio: 'inherit' | 'pipe'): Promise<Result> {
  const begin = performance.now()
  // dist/ has just been built: nothing may build it again while the tests read it.
  const env = { ...process.env, npm_config_ignore_scripts: 'true' }
  const child = spawn('npm', ['run', '--silent', script], { env, stdio: ['ignore', stdio, stdio] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => { output += text })
  }
  const code = await new Promise((resolve) => { child.on('close', resolve) })
  return { script, ok: code === 0, seconds: (performance.now() - begin) / 1000, output }
}

async function runChecks (): Promise<Result[]> {
  const results: Result[] = []
  for (const script of CHECKS) results.push(await run(script, 'pipe'))
  return results
}

const tests = run('test:unit', 'inherit')
const results = cpus().length === 1 ? [await tests, ...await runChecks()] : [...await runChecks(), await tests]
for (const { script, ok, output } of results) if (!ok) console.log(`# ${script} failed\n${output}`)
for (const { script, ok, seconds } of results) {
  console.log(`# ${ok ? 'passed' : 'failed'} in ${seconds.toFixed(0)} s: npm run ${script}`)
}
if (results.some(({ ok }) => !ok)) process.exitCode = 1
