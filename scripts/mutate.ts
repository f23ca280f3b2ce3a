import { Stryker } from '@stryker-mutator/core'

/*
 * Mutation tests: `npm run mutate -- lib/codec` puts small faults into a folder or file of lib/, one at a time, and
 * runs the test files that reach them. A fault that no test sees is printed with its place: a test is missing there.
 * Results are kept in .stryker/, so that the next run tests only what has changed.
 */

/** The tests of each folder, and the least percentage of its mutants that they find. */
const FOLDERS: Readonly<Record<string, { readonly tests: readonly string[], readonly least: number }>> = {
  broker: { tests: ['broker', 'testing'], least: 0 },
  codec: { tests: ['codec', 'message'], least: 0 },
  consume: { tests: ['consume'], least: 0 },
  deps: { tests: ['deps'], least: 0 },
  message: { tests: ['message', 'broker'], least: 0 },
  options: { tests: ['options'], least: 0 },
  produce: { tests: ['produce'], least: 0 },
  schema: { tests: ['schema'], least: 0 },
  'transport/kafka': { tests: ['transport/kafka', 'simulation'], least: 0 },
  'transport/memory': { tests: ['transport/memory'], least: 0 }
}

const [target = ''] = process.argv.slice(2)
const path = target.replace(/^lib\//, '').replace(/\/$/, '')
const [folder, row] = Object.entries(FOLDERS).find(([name]) => path === name || path.startsWith(`${name}/`)) ?? []
if (folder === undefined || row === undefined) {
  throw new Error(`npm run mutate -- <folder or file>, of lib/${Object.keys(FOLDERS).join(', lib/')}`)
}

const mutants = await new Stryker({
  mutate: [path.endsWith('.ts') ? `lib/${path}` : `lib/${path}/**/*.ts`],
  testRunner: 'tap',
  plugins: ['@stryker-mutator/tap-runner'],
  tap: { testFiles: row.tests.map((tests) => `test/${tests}/**/*.test.ts`), nodeArgs: ['--import=tsx'] },
  coverageAnalysis: 'perTest',
  incremental: true,
  incrementalFile: `.stryker/${path.replaceAll('/', '-')}.json`,
  tempDirName: '.stryker/sandbox',
  ignorePatterns: ['.tap', '.compiled', 'tools/kafka/.cache', 'test/browser/screenshots'],
  reporters: ['clear-text'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  concurrency: 2,
  thresholds: { high: 100, low: 92, break: row.least },
  packageManager: 'npm'
}).runMutationTest()

const unseen = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage')
console.log(`${mutants.length} mutants of lib/${path}, ${unseen.length} of them not seen by a test`)
