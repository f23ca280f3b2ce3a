import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin from 'fastify-faststream'
import { withKafka } from '../with-kafka.js'

// npm run bench -- start [subscribers] [topics]
// From Fastify() to ready() and to close(), on the memory transport and on Kafka.

const [subscribers = 100, topics = 10] = process.argv.slice(2).map(Number)

async function measure (brokers: string[] | undefined): Promise<void> {
  const began = performance.now()
  const app = Fastify()
  await app.register(faststreamPlugin, brokers === undefined ? {} : { brokers })
  for (let i = 0; i < subscribers; i++) {
    const schema = { value: Type.Object({ [`member${i}`]: Type.String() }) }
    app.broker.subscriber(`topic-${i % topics}`, { groupId: `group-${Math.floor(i / topics)}`, schema }, () => {})
  }
  await app.ready()
  const ready = performance.now()
  await app.close()
  const times = `ready after ${(ready - began).toFixed(0)} ms, closed in ${(performance.now() - ready).toFixed(0)} ms`
  console.log(`${brokers === undefined ? 'memory' : 'Kafka '}: ${times}`)
}

console.log(`${subscribers} subscribers on ${topics} topics`)
for (let round = 0; round < 3; round++) await measure(undefined)
await withKafka(async (brokers) => { for (let round = 0; round < 3; round++) await measure(brokers) })
