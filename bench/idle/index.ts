import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { cpuSince } from '../report.js'
import { withKafka } from '../with-kafka.js'

// npm run bench -- idle [seconds] [subscribers]
// CPU of an app that is connected and reads topics to which no one writes.

const [seconds = 30, subscribers = 10] = process.argv.slice(2).map(Number)

await withKafka(async (brokers) => {
  const app = Fastify()
  await app.register(faststreamPlugin, { brokers, groupId: 'idle' })
  for (let i = 0; i < subscribers; i++) app.broker.subscriber(`idle-${i}`, () => {})
  await app.ready()
  await sleep(5000)
  const cpu = process.cpuUsage()
  await sleep(seconds * 1000)
  const share = cpuSince(cpu) / (seconds * 1e6) * 100
  console.log(`${subscribers} subscribers, ${seconds} s: ${share.toFixed(2)} % of a core`)
  await app.close()
})
