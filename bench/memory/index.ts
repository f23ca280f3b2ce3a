import { fork } from 'node:child_process'
import { once } from 'node:events'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { publishMany } from '../../test/support/waiting-messages.js'
import { withKafka } from '../with-kafka.js'

// npm run bench -- memory [messages]
// So many messages of 200 bytes wait in one partition, and are handled slowly: 100 at a time, 1 ms each. What the
// process takes from the machine after each tenth of them, beside what it took after 10 000.

const [messages = 1_000_000] = process.argv.slice(2).map(Number)
const WARM_UP = 10_000
const SAMPLES = 10

await withKafka(async (brokers) => {
  const topic = `waiting-${process.pid}`
  const writer = Fastify()
  await writer.register(faststreamPlugin, { brokers, topicConfig: { partitions: 1 } })
  writer.broker.publisher(topic)
  await writer.ready()
  await publishMany(writer, topic, { messages, bytes: 200 })
  await writer.close()

  const every = Math.floor((messages - WARM_UP) / SAMPLES)
  const reader = fork(
    new URL('./reader.ts', import.meta.url), [brokers.join(), topic, WARM_UP, every, SAMPLES].map(String)
  )
  const [[first = NaN, ...sizes]] = await once(reader, 'message') as [number[]]
  const later = sizes.map((size) => size.toFixed(0)).join(' ')
  const began = `resident MiB after ${WARM_UP}: ${first.toFixed(0)}`
  console.log(`${messages} messages wait; ${began}; then after each ${every}: ${later}`)
  console.log(`growth: ${(Math.max(...sizes) - first).toFixed(0)} MiB`)
  reader.send('close')
  await once(reader, 'exit')
})
