import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { order, OrderSchema } from '../order.js'
import { cpuSince } from '../report.js'

// npm run bench -- in-memory [messages] [rounds]
// The memory transport, from publish() to a settled message: 1 000 publishes are open at a time, with the schema on
// both sides.

const [messages = 100_000, rounds = 5] = process.argv.slice(2).map(Number)
const OPEN = 1000

for (let round = 0; round <= rounds; round++) {
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, { groupId: 'bench', topicConfig: { partitions: 3 } })
  let seen = 0
  let done = (): void => {}
  const all = new Promise<void>((resolve) => { done = resolve })
  app.broker.subscriber('orders', { schema: { value: OrderSchema } }, async () => { if (++seen === messages) done() })
  const orders = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: ({ id }) => id })
  await app.ready()
  const [began, cpu] = [performance.now(), process.cpuUsage()]
  for (let i = 0; i < messages; i += OPEN) {
    await Promise.all(Array.from({ length: Math.min(OPEN, messages - i) }, (_, j) => orders.publish(order(i + j))))
  }
  await all
  const [ms, used] = [performance.now() - began, cpuSince(cpu)]
  await app.close()
  const figures = `${(messages / ms).toFixed(1)} k messages/s, ${(used / messages).toFixed(1)} µs of CPU each`
  if (round > 0) console.log(`round ${round}: ${figures}`)
}
