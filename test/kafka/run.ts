import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { startCluster } from '../../tools/kafka/cluster.js'

// npm run test:kafka [-- <test files and options of tap>]: the tests that need a real Kafka, on one that is started for
// them, or on the one that KAFKA_BROKERS names; and the other tests of the client, whose coverage counts with theirs.

const args = process.argv.slice(2)
const namesFiles = args.some((arg) => !arg.startsWith('-'))
const files = namesFiles ? [] : testFiles()

const cluster = process.env.KAFKA_BROKERS ? undefined : await startCluster({ nodes: 1 })
const tap = spawn('node', ['test/unit/run.js', '--timeout=300', ...files, ...args], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, KAFKA_BROKERS: cluster?.brokers.join() ?? process.env.KAFKA_BROKERS },
  // A process group of its own: a signal must reach every test file, because tap alone would wait for them.
  detached: true
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => { process.kill(-tap.pid!, signal) })
}

const [code] = await once(tap, 'exit') as [number | null]
await cluster?.stop()
process.exitCode = code ?? 1

function testFiles (): readonly string[] {
  return [
    'test/kafka', 'test/transport/kafka', 'test/transport/kafkajs'
  ].flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.test.ts'))
    .map((file) => `${folder}/${file}`))
}
