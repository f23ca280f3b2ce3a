import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import { Stryker } from '@stryker-mutator/core'
import { EQUIVALENTS } from '../test/mutation/equivalents.js'
import { compile } from '../test/unit/compile.js'

/*
 * Mutation tests: `npm run mutate -- lib/codec` puts small faults into a folder or file of lib/, one at a time, and
 * runs the tests that reach them. A fault that no test sees is printed with its place: a test is missing there, or it
 * belongs into test/mutation/equivalents.ts. Results are kept in .stryker/, so that the next run tests only what has
 * changed.
 */

/** Batches, subscribers that share a topic, middlewares and replies are tested with an app around them. */
const AROUND_CONSUME = [
  'consume', 'middleware', 'broker/batch.test.ts', 'broker/batch-errors.test.ts', 'broker/batch-results.test.ts',
  'broker/batch-surroundings.test.ts', 'broker/filter.test.ts', 'broker/cases.test.ts', 'faststream/reading.test.ts',
  'request/requests.test.ts'
]

/** The breaker is a part of lib/consume/, and what reaches the wire takes seconds: both are left out. */
const BROKER = [
  'broker', '!broker/breaker.test.ts', '!broker/breaker-batch.test.ts', '!broker/consumer-options.test.ts',
  // Routes, codecs, middlewares, replies, dead letters, pressure, explain() and tasks are tested where they belong.
  'deps/http.test.ts', 'message/encode-by-codec.test.ts', 'middleware', 'request/requests.test.ts',
  'request/refusals.test.ts', 'request/routes.test.ts', 'dead-letters/redrive.test.ts',
  'dead-letters/redrive-order.test.ts', 'dead-letters/routes.test.ts', 'dead-letters/routes-report.test.ts',
  'faststream/reading.test.ts', 'observe/health', 'observe/pressure', 'observe/story/stories.test.ts',
  'testing/background.test.ts'
]

const KAFKA = 'transport/kafka'
const RECORDS = [
  `${KAFKA}/records`, `${KAFKA}/consumer/fetcher.test.ts`, `${KAFKA}/transport.test.ts`, 'transport/compression.test.ts'
]
const PRODUCER = [
  `${KAFKA}/producer`, `${KAFKA}/cluster/refused-credentials.test.ts`, `${KAFKA}/transport.test.ts`
]
const CLUSTER = [...PRODUCER, `${KAFKA}/cluster`]
/** Records and cluster are tested where they belong. */
const CONSUMER = [
  KAFKA, `!${KAFKA}/records/decoder.test.ts`, `!${KAFKA}/records/decoder-damage.test.ts`,
  `!${KAFKA}/cluster/session.test.ts`, `!${KAFKA}/cluster/describe-cluster.test.ts`
]

/**
 * The tests of each folder, with `!` before a file that is left out, and the least percentage of its mutants that they
 * find, equivalent ones left out.
 */
const FOLDERS: Readonly<Record<string, { readonly tests: readonly string[], readonly least: number }>> = {
  'consume/group': { tests: ['consume'], least: 99 },
  'consume/partition': { tests: ['consume'], least: 97 },
  'consume/pipeline': { tests: AROUND_CONSUME, least: 99 },
  broker: { tests: BROKER, least: 97 },
  codec: { tests: ['codec', 'message'], least: 95 },
  consume: { tests: AROUND_CONSUME, least: 97 },
  deps: { tests: ['deps'], least: 99 },
  message: { tests: ['message'], least: 99 },
  options: { tests: ['options', 'docs/generated.test.ts'], least: 99 },
  produce: { tests: ['produce'], least: 95 },
  schema: { tests: ['schema'], least: 99 },
  'transport/kafka/cluster': { tests: CLUSTER, least: 98 },
  'transport/kafka/consumer': { tests: CONSUMER, least: 92 },
  'transport/kafka/producer': { tests: PRODUCER, least: 98 },
  'transport/kafka/records': { tests: RECORDS, least: 98 },
  'transport/kafka': { tests: [KAFKA], least: 95 },
  'transport/memory': { tests: ['transport/memory'], least: 99 }
}

const [target = ''] = process.argv.slice(2)
const path = target.replace(/^lib\//, '').replace(/\/$/, '')
const [folder, row] = Object.entries(FOLDERS).find(([name]) => path === name || path.startsWith(`${name}/`)) ?? []
if (folder === undefined || row === undefined) {
  throw new Error(`npm run mutate -- <folder or file>, of lib/${Object.keys(FOLDERS).join(', lib/')}`)
}

const incrementalFile = `.stryker/${path.replaceAll('/', '-')}.json`
forgetSurvivors(incrementalFile)

const from = Date.now()
await compile()
const mutants = await new Stryker({
  mutate: [path.endsWith('.ts') ? `lib/${path}` : `lib/${path}/**/*.ts`],
  testRunner: 'compiled',
  plugins: ['./test/mutation/plugin.js'],
  ignorers: ['prose'],
  compiled: { folders: row.tests },
  buildCommand: 'node test/mutation/build.js',
  coverageAnalysis: 'perTest',
  incremental: true,
  incrementalFile,
  tempDirName: '.stryker/sandbox',
  ignorePatterns: ['.stryker', '.tap', 'tools/kafka/.cache', 'test/browser/screenshots'],
  disableTypeChecks: false,
  reporters: ['progress-append-only', 'unseen'],
  concurrency: 1,
  // The runner itself ends a test that is late.
  timeoutMS: 600_000,
  dryRunTimeoutMinutes: 60,
  packageManager: 'npm'
}).runMutationTest()

/** What is known of a mutant, as a row of equivalents.ts has it. */
const rows = mutants.filter(({ status }) => status !== 'Ignored').map((mutant) => {
  const file = relative(process.cwd(), mutant.fileName)
  const { line, column } = mutant.location.start
  return {
    file: file.replace(/^lib\//, ''),
    line: readFileSync(file, 'utf8').split('\n')[line - 1]?.trim() ?? '',
    to: mutant.replacement?.replace(/\s+/g, ' ').slice(0, 60) ?? '',
    place: `${file}:${line}:${column}`,
    isFound: mutant.status === 'Killed' || mutant.status === 'Timeout'
  }
})
type Row = typeof rows[number]

const equivalents = EQUIVALENTS.filter(({ file }) => file === path || file.startsWith(`${path}/`))
const isEquivalent = (row: Row): boolean => {
  return equivalents.some(({ file, line, to }) => file === row.file && line === row.line && to === row.to)
}
const real = rows.filter((row) => row.isFound || !isEquivalent(row))
const unseen = real.filter(({ isFound }) => !isFound)
for (const { place, line, to } of unseen) console.log(`${place}\n  line: ${line}\n  to: ${to}`)
const stale = equivalents.filter(({ file, line, to }) => {
  return !rows.some((row) => !row.isFound && file === row.file && line === row.line && to === row.to)
})
for (const { file, line, to } of stale) console.log(`no equivalent any more: ${file}\n  line: ${line}\n  to: ${to}`)
const found = real.length - unseen.length
const score = found / real.length * 100
console.log(`lib/${path}: ${rows.length} mutants, ${found} found, ${rows.length - real.length} equivalent, ` +
  `${unseen.length} not seen by a test: ${score.toFixed(1)} % in ${((Date.now() - from) / 60_000).toFixed(1)} minutes`)
// Without mutants the score is no number.
if (!(score >= row.least) || stale.length > 0) process.exitCode = 1

/**
 * Forgets results that say of a mutant which acts while files are loaded that no test saw it. Stryker does not know
 * which tests reach such a mutant, and would keep the result whatever tests are new.
 */
function forgetSurvivors (file: string): void {
  if (!existsSync(file)) return
  interface Results { files: Record<string, { mutants: Array<{ static?: boolean, status: string }> }> }
  const results = JSON.parse(readFileSync(file, 'utf8')) as Results
  for (const each of Object.values(results.files)) {
    each.mutants = each.mutants.filter((mutant) => mutant.static !== true || mutant.status !== 'Survived')
  }
  writeFileSync(file, JSON.stringify(results))
}
