import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { withKafka } from '../with-kafka.js'

// npm run bench -- keys [messages]
// One partition, work of 0 to 5 ms per message, 100 at the same time: how far keys carry. parallel-consumer (16
// threads, its own table): 26.7, 3.31, 2.18, 2.13 s.

const [messages = 10_000] = process.argv.slice(2).map(Number)

async function measure (brokers: string[], keys: number): Promise<{ seconds: number, disorder: number }> {
  const topic = `bench-keys-${randomUUID()}`
  const app = Fastify()
  await app.register(faststreamPlugin, {
    brokers, groupId: topic, topicConfig: { partitions: 1 }, producer: { queue: { messages: messages + 1 } }
  })
  const last = new Map<string, number>()
  let [seen, disorder, began] = [0, 0, 0]
  let done = (): void => {}
  const all = new Promise<void>((resolve) => { done = resolve })
  app.broker.subscriber(topic, { ordering: 'key', concurrency: 100, deadLetter: false }, async (value, { key }) => {
    if (seen === 0 && began === 0) began = performance.now()
    await sleep(Math.random() * 5)
    const name = String(key)
    if ((last.get(name) ?? -1) >= (value as number)) disorder++
    last.set(name, value as number)
    if (++seen === messages) done()
  })
  const writer = Fastify()
  await writer.register(faststreamPlugin, {
    brokers, topicConfig: { partitions: 1 }, producer: { queue: { messages: messages + 1 } }
  })
  writer.broker.publisher(topic)
  await writer.ready()
  await Promise.all(Array.from(
    { length: messages }, (_, n) => writer.broker.publish(topic, n, { key: String(n % keys) })
  ))
  await writer.close()
  await app.ready()
  await all
  const seconds = (performance.now() - began) / 1000
  await app.close()
  return { seconds, disorder }
}

await withKafka(async (brokers) => {
  console.log(`${messages} messages in one partition, 0 to 5 ms of work each, 100 at the same time\n`)
  console.log('  keys   seconds   out of order')
  for (const keys of [1, 10, 100, 10_000]) {
    const { seconds, disorder } = await measure(brokers, keys)
    console.log(`${String(keys).padStart(6)} ${seconds.toFixed(2).padStart(9)} ${String(disorder).padStart(14)}`)
  }
})
