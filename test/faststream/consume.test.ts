import t from 'tap'
import { Type } from '@sinclair/typebox'
import faststreamPlugin, { type Message } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { gate, Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

/* FastStream's own tests of consuming, as far as no other test here has them: scenarios.ts lists all of them. */

t.test('one function may handle two subscribers, and is called for each', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: string[] = []
  const handler = (value: unknown, { topic }: Message): void => { seen.push(`${topic} ${value}`) }
  app.broker.subscriber('first', handler)
  app.broker.subscriber('second', handler)
  const broker = await testBroker(app)
  await broker.publish('first', 1)
  await broker.publish('second', 2)
  await broker.settled()
  t.same(seen.sort(), ['first 1', 'second 2'])
})

t.test('a value that is published twice is handled twice', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: unknown[] = []
  app.broker.subscriber('orders', (value) => { seen.push(value) })
  const broker = await testBroker(app)
  for (let i = 0; i < 2; i++) await broker.publish('orders', { id: '1' }, { key: '1' })
  await broker.settled()
  t.same(seen, [{ id: '1' }, { id: '1' }])
})

t.test('two at once of five messages: all five are handled, also when the app closes meanwhile', async (t) => {
  const cluster = createMemoryCluster()
  const handled = new Inbox<number>()
  const started = new Inbox<number>()
  const { opened, open } = gate()
  let running = 0
  let most = 0
  async function start () {
    const app = await build(t, {
      groupId: 'shop', transport: createMemoryTransport({ cluster }), concurrency: 2, ordering: 'none'
    })
    app.broker.subscriber('orders', async (value) => {
      most = Math.max(most, ++running)
      started.add(Number(value))
      await opened
      running--
      handled.add(Number(value))
    })
    await app.ready()
    return app
  }
  const first = await start()
  for (let i = 0; i < 5; i++) await first.broker.publish('orders', i)
  await started.count(2)
  const closed = first.close()
  open()
  await closed
  await start()
  t.same([...await handled.count(5)].sort(), [0, 1, 2, 3, 4])
  t.equal(most, 2)
})

t.test('the handlers of two brokers see the app and their own broker', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'billing' })
  app.decorate('currency', 'EUR')
  const seen: string[] = []
  const note = (broker: string, currency: unknown): void => { seen.push(`${broker} ${currency}`) }
  app.broker.subscriber('orders', function (_, message) {
    note(this.broker.name, Reflect.get(this, 'currency'))
    return message.broker.publish('seen', 'orders')
  })
  app.brokers.billing.subscriber('bills', function (_, message) {
    note('billing', Reflect.get(this, 'currency'))
    return message.broker.publish('seen', 'bills')
  })
  app.broker.publisher('seen')
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.publish('bills', 1)
  await broker.settled()
  t.same(seen.sort(), ['billing EUR', 'default EUR'])
  t.same(broker.published('seen').map(({ value }) => value).sort(), ['bills', 'orders'])
})

t.test('several parameters are members of one value', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: string[] = []
  const schema = { value: Type.Object({ name: Type.String(), age: Type.Integer() }) }
  app.broker.subscriber('people', { schema }, (value) => {
    const { name, age } = value as { name: string, age: number }
    seen.push(`${name} ${age}`)
  })
  app.broker.subscriber('pairs', (value) => {
    const [name, age] = value as [string, number]
    seen.push(`${name} ${age}`)
  })
  const broker = await testBroker(app)
  await broker.publish('people', { name: 'John', age: '25' })
  await broker.publish('pairs', ['Jane', 26])
  await broker.settled()
  t.same(seen.sort(), ['Jane 26', 'John 25'])
})
