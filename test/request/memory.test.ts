import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import { faststreamPlugin } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'

/* What requests hold that wait for a reply. */

const COUNT = 10_000
const MiB = 1024 * 1024

setFlagsFromString('--expose-gc')
const collect: () => void = runInNewContext('gc')

t.test('10 000 open requests hold less than 20 MB, and nothing once they are answered', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const holding = gate()
  app.broker.subscriber('slow', { schema: { reply: Type.Any() } }, async () => { await holding.opened; return 1 })
  const broker = await testBroker(app)
  const nothing = app.broker.request('slow', -1, { timeout: 600_000 })
  while (broker.published('slow').length < 1) await new Promise(setImmediate)
  collect()
  const before = process.memoryUsage().heapUsed
  const asked = Array.from({ length: COUNT }, (_, i) => app.broker.request('slow', i, { timeout: 600_000 }))
  while (broker.published('slow').length < COUNT + 1) await new Promise(setImmediate)
  t.equal(app.broker.health().requests.open, COUNT + 1)
  collect()
  const whole = process.memoryUsage().heapUsed - before
  // The in-memory cluster keeps the records, and the subscriber has read some: neither is memory of the one who asks.
  const app2 = Fastify()
  t.teardown(() => app2.close())
  await app2.register(faststreamPlugin)
  app2.broker.subscriber('slow', { schema: { reply: Type.Any() } }, async () => { await holding.opened })
  const other = await testBroker(app2)
  collect()
  const start = process.memoryUsage().heapUsed
  const headers = { reply_to: 'replies.fastify-faststream', reply_partition: '1' }
  for (let i = 0; i < COUNT; i++) await app2.broker.publish('slow', i, { headers })
  while (other.published('slow').length < COUNT) await new Promise(setImmediate)
  collect()
  const records = process.memoryUsage().heapUsed - start
  t.comment(`${((whole - records) / MiB).toFixed(1)} MiB for ${COUNT} open requests`)
  t.ok(whole - records < 20_000_000, `${whole - records} bytes`)
  holding.open()
  t.equal((await Promise.all([nothing, ...asked])).length, COUNT + 1)
  t.same(app.broker.health().requests, { open: 0, late: 0 })
})
