import t, { type Test } from 'tap'
import type { RawHeader } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

/** An app that reads `topic`, whose letters a test writes. */
async function shop (t: Test, topic: string) {
  const cluster = createMemoryCluster()
  const app = await build(t, { groupId: 'shop', topicConfig: { partitions: 1 }, deadLetters: {} })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  const schema = { value: { type: 'object', required: ['id'] } }
  app.broker.subscriber(topic, { schema }, function take () {})
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  async function write (value: string, facts: Record<string, string> = {}): Promise<void> {
    const all = { topic, partition: '0', offset: '0', group: 'shop', stage: 'rejected', ...facts }
    const headers = Object.entries(all).map(([name, fact]): RawHeader => [`x-dlq-${name}`, Buffer.from(fact)])
    const record = { topic: `${topic}.dlq`, partition: 0, key: null, value: Buffer.from(value), headers }
    await producer.send([{ ...record, timestamp: Date.now() }], Infinity)
  }
  return { app, write }
}

t.test('a report names the letters of a dry run, and those that stay, with offsets as text', async (t) => {
  const { app, write } = await shop(t, 'orders')
  await write('{"id":1}')
  await write('{}')
  await write('{"id":3}', { trips: '3' })
  const url = '/dead-letters/redrive'
  const dryRun = await app.inject({ method: 'POST', url, payload: { dryRun: true } })
  const place = { topic: 'orders.dlq', partition: 0 }
  const refused = [{ ...place, offset: '2', reason: 'trips' }]
  t.same(dryRun.json(), {
    dryRun: true,
    stopped: false,
    looked: 3,
    redriven: 2,
    refused,
    verdicts: [
      { ...place, offset: '0', valid: true },
      { ...place, offset: '1', valid: false, violation: "value must have required property 'id'" }
    ]
  })
  const letters = [{ ...place, offset: '0' }, { ...place, offset: '2' }]
  const redriven = await app.inject({ method: 'POST', url, payload: { letters } })
  t.match(redriven.json(), { redriven: 1, refused, verdicts: [] })
})

t.test('a letter of a topic with the longest name is shown', async (t) => {
  const topic = 'o'.repeat(245)
  const { app, write } = await shop(t, topic)
  await write('{"id":1}')
  const shown = await app.inject(`/dead-letters/${topic}.dlq/0/0`)
  t.match(shown.json(), { topic: `${topic}.dlq`, offset: '0' })
  for (const path of ['orders.dlq', 'orders.dlq/0', `${topic}.dlq/0/0/0`]) {
    t.match((await app.inject(`/dead-letters/${path}`)).json(), { code: 'FASTSTREAM_ERR_DEAD_LETTER_INPUT' }, path)
  }
})
