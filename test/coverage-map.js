import { readdirSync } from 'node:fs'

// `npm test` has to cover all of lib/ but the Kafka client, `npm run test:kafka` that client, with the tests of it that
// need no Kafka: each test file counts for the files of its own run only, so that neither run passes on what it touches
// by the way.

const kafka = /^lib\/(transport\/kafka(js)?|testing\/local-kafka)(\.ts|\/)/
// What runs in a browser, where `npm run test:browser` has to prove it.
const page = 'lib/asyncapi/page/'
// The executable: to load it is to run it, and to end. `test/cli/main.test.ts` runs what is built from it.
const executable = 'lib/cli/main.ts'
const sources = readdirSync('lib', { recursive: true })
  .map((file) => `lib/${file}`)
  .filter((file) => file.endsWith('.ts') && !file.startsWith(page) && file !== executable)

const NONE = ['none']
// Runs on a simulated cluster, and small projects: what they reach by the way has its own test.
const uncounted = /^test\/(conformance\/simulation|docs|package|simulation)\//

/** The files that a test file, or a group of them, gives coverage for. An empty list would mean all files. */
export default function coverageMap (file) {
  const testFile = file.replace('.compiled/', '')
  if (uncounted.test(testFile)) return NONE
  const ofClient = /^(test\/transport\/kafka(js)?\/|together\/client-)/.test(testFile)
  if (ofClient && process.env.KAFKA_BROKERS === undefined) return NONE
  const onKafka = ofClient || testFile.startsWith('test/kafka/')
  return sources.filter((file) => kafka.test(file) === onKafka)
}

/** Whether a test file gives coverage. To count takes a third more CPU. */
export function givesCoverage (file) {
  return coverageMap(file) !== NONE
}
