import { AsyncLocalStorage } from 'node:async_hooks'
import { tracingChannel } from 'node:diagnostics_channel'
import t from 'tap'
import Fastify from 'fastify'
import { faststreamPlugin } from '../lib/plugin.js'
import { Events } from '../lib/events.js'
import { testBroker } from '../lib/testing/index.js'
import type { MessageProcessContext, MessagePublishContext } from '../types/index.js'
import { hear, hearTrace } from './support/hear.js'
import { logLines } from './support/log-lines.js'

const event = {
  broker: 'default',
  brokerId: 'b1',
  groupId: 'shop',
  subscriber: 'take',
  topic: 'orders',
  partition: 0,
  offset: 7n,
  attempt: 1
}

t.test('an event goes to the listeners of its broker, and to the channel that all brokers share', async (t) => {
  const [one, other] = [new Events('one', logLines()), new Events('other', logLines())]
  const seen: unknown[] = []
  const off = one.started.on((event) => { seen.push(event) })
  t.same([one.started.active, other.started.active], [true, false])
  one.started.emit(event)
  other.started.emit(event)
  t.same(seen, [event])

  await t.test('while the channel has subscribers', async (t) => {
    const heard = hear(t, 'faststream.message.started')
    t.same([one.started.active, other.started.active, one.failed.active], [true, true, false])
    one.started.emit(event)
    other.started.emit(event)
    t.same(heard, [event, event])
  })
  off()
  t.equal(one.started.active, false)
  one.started.emit(event)
  t.equal(seen.length, 2)
})

t.test('a listener that throws is logged, and the others are called', async (t) => {
  const log = logLines()
  const { started } = new Events('default', log)
  const seen: unknown[] = []
  started.on(() => { throw new Error('bug') })
  started.on((event) => { seen.push(event) })
  started.emit(event)
  t.same(seen, [event])
  t.same(log.lines, ['error a listener of an event failed'])
  t.match(log.details, [{ err: { message: 'bug' }, event: 'faststream.message.started' }])
})

t.test('the way of a message is told: published, received, started, settled, and its result', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { name: 'main', transport: 'memory', groupId: 'shop' })
  const broker = app.brokers as unknown as Record<string, typeof app.broker>
  const invoices = broker.main!.publisher('invoices')
  broker.main!.subscriber('orders', { publish: invoices }, function take () { return 'invoice' })
  const [published, received, started, settled] = [
    hear(t, 'faststream.message.published'), hear(t, 'faststream.message.received'),
    hear(t, 'faststream.message.started'), hear(t, 'faststream.message.settled')
  ]
  const tests = await testBroker(app)
  await tests.publish('orders', { id: '1' }, { partition: 2 })
  await tests.settled()

  const { id: brokerId } = broker.main!
  const place = {
    broker: 'main', brokerId, groupId: 'shop', subscriber: 'take', topic: 'orders', partition: 2, offset: 0n
  }
  t.match(published, [
    { broker: 'main', topic: 'orders', partition: 2, offset: 0n, duration: Number },
    { broker: 'main', topic: 'invoices', offset: 0n }
  ])
  t.same(received.filter(({ count }) => count > 0), [{
    broker: 'main', brokerId, groupId: 'shop', topic: 'orders', partition: 2, count: 1, position: 1n
  }])
  t.same(started, [{ ...place, attempt: 1 }])
  t.match(settled, [{ ...place, outcome: 'acknowledged', duration: Number }])
})

t.test('a store that is bound to the start of a trace reaches the handler and its publishes', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { transport: 'memory', groupId: 'shop' })
  app.broker.publisher('invoices')
  const storage = new AsyncLocalStorage<string>()
  const stores: unknown[] = []
  app.broker.subscriber('orders', async (_, { broker }) => {
    stores.push(storage.getStore())
    await new Promise((resolve) => { setImmediate(resolve) })
    stores.push(storage.getStore())
    await broker.publish('invoices', {})
  })
  const { start } = tracingChannel<string, MessageProcessContext>('faststream.message.process')
  start.bindStore(
    storage, (context) => `${context.topic} ${context.offset} ${context.header('tenant')} ${context.header('none')}`
  )
  t.teardown(() => { start.unbindStore(storage) })
  const trace = hearTrace<MessagePublishContext>(t, 'faststream.message.publish')
  const publishing = tracingChannel('faststream.message.publish')
  const listen = (context: unknown): void => {
    const { topic, headers } = context as MessagePublishContext
    stores.push(`publish ${topic} in ${storage.getStore()}`)
    headers.push(['traceparent', Buffer.from('00-1')])
  }
  publishing.start.subscribe(listen)
  t.teardown(() => { publishing.start.unsubscribe(listen) })

  const tests = await testBroker(app)
  await tests.publish('orders', {}, { headers: { tenant: 'a' } })
  await tests.settled()
  const store = 'orders 0 a undefined'
  t.same(stores, ['publish orders in undefined', store, store, `publish invoices in ${store}`])
  t.match(tests.published('invoices'), [{ headers: { traceparent: '00-1' } }], 'a tracer may add headers')
  t.match(
    trace.filter(({ context }) => context.topic === 'invoices').map(({ phase }) => phase),
    ['start', 'end', 'asyncStart', 'asyncEnd']
  )
})
