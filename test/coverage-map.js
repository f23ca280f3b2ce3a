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

/** The files that a test file gives coverage for. */
export default function coverageMap (file) {
  const testFile = file.replace('.compiled/', '')
  const ofClient = /^(test\/transport\/kafka(js)?\/|together\/client-)/.test(testFile)
  // An empty list would mean all files.
  if (ofClient && process.env.KAFKA_BROKERS === undefined) return ['none']
  const onKafka = ofClient || testFile.startsWith('test/kafka/')
  return sources.filter((file) => kafka.test(file) === onKafka)
}
