import t, { type Test } from 'tap'
import type { RawHeader } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

async function shop (t: Test) {
  const cluster = createMemoryCluster()
  const app = await build(t, { groupId: 'shop', topicConfig: { partitions: 1 } })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.subscriber('orders', function take () {})
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  async function write (key: string, value: string): Promise<void> {
    const place = { topic: 'orders', partition: '0', offset: '0', timestamp: '1' }
    const facts = { ...place, group: 'shop', stage: 'rejected' }
    const headers = Object.entries(facts).map(([name, fact]): RawHeader => [`x-dlq-${name}`, Buffer.from(fact)])
    const [rawKey, rawValue] = [Buffer.from(key), Buffer.from(JSON.stringify(value))]
    const record = { topic: 'orders.dlq', partition: 0, key: rawKey, value: rawValue, headers, timestamp: Date.now() }
    await producer.send([record], Infinity)
  }
  const published = (): unknown[] => cluster.records('orders').map(({ value }) => JSON.parse(String(value)))
  return { app, write, published }
}

t.test('behind a letter that cannot be published, those of its key stay, too', async (t) => {
  const { app, write, published } = await shop(t)
  await write('a', 'first of a')
  // As a letter it fits into the topic. As a message it would have more headers, and be too large.
  await write('b', 'x'.repeat(1_048_588 - 171))
  await write('b', 'second of b')
  await write('a', 'second of a')
  await write('b', 'third of b')
  await t.rejects(app.broker.deadLetters.redrive(), { code: /^FASTSTREAM_ERR_PUBLISH/ })
  t.same(published(), ['first of a', 'second of a'])
  const { letters } = await app.broker.deadLetters.list()
  t.same(letters.map(({ offset }) => offset), [1n, 2n, 4n])
  await app.broker.deadLetters.discard({ letters: [letters[0]!], reason: 'it is too large' })
  t.match(await app.broker.deadLetters.redrive(), { redriven: 2 })
  t.same(published().slice(2), ['second of b', 'third of b'])
})
