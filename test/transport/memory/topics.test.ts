import t from 'tap'
import { build } from '../../support/memory-transport.js'

t.test('the topics that exist are described with their partitions, others are left out', async (t) => {
  const { transport } = await build(t, { orders: 2, invoices: 7 })
  t.same(await transport.describeTopics(['invoices', 'nope', 'orders']), new Map([['invoices', 7], ['orders', 2]]))
})

t.test('a topic that exists stays as it is when it is created again', async (t) => {
  const { transport } = await build(t)
  await transport.createTopics([{ topic: 'orders', partitions: 9, replicas: 3 }])
  t.same(await transport.describeTopics(['orders']), new Map([['orders', 2]]))
})

t.test("names and partition counts follow Kafka's rules, and those that do are created all the same", async (t) => {
  const { transport } = await build(t, { 'a.b': 1 })
  const bad = ['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250), 'a_b']
  const good = ['...', 'x'.repeat(249), 'A-z_0.9', 'a-b']
  await t.rejects(
    transport.createTopics([...bad, ...good].map((topic) => ({ topic, partitions: 1, replicas: -1 }))),
    { code: 'FASTSTREAM_ERR_TOPICS', message: /^the topics (?!.*A-z).*the name is invalid.*collides with 'a\.b'/ }
  )
  t.equal((await transport.describeTopics([...bad, ...good])).size, good.length)
  for (const partitions of [0, -1, 1.5]) {
    await t.rejects(
      transport.createTopics([{ topic: 'none', partitions, replicas: -1 }]), { code: 'FASTSTREAM_ERR_TOPICS' }
    )
  }
})
