import t from 'tap'
import faststreamPlugin, { type Message } from '../../index.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import { testBroker } from '../../lib/testing/index.js'
import { logLines } from '../support/log-lines.js'
import { build } from '../support/plugin-app.js'
import { record } from '../support/record.js'

const UUID = /^[-\da-f]{36}$/

t.test('a message without a correlation id has one new id, however often and wherever it is read', async (t) => {
  const app = await build(t, { groupId: 'shop', retry: { retries: 1 } })
  const seen: string[] = []
  const invoices = app.broker.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, async (_, message: Message) => {
    const { correlationId } = JSON.parse(JSON.stringify(message))
    const bound = JSON.parse(JSON.stringify(message.broker)).correlationId
    seen.push(message.correlationId, message.correlationId, correlationId, bound)
    await message.broker.publish('invoices', 'by hand')
    if (message.attempt === 1) throw new Error('once more')
    return 'result'
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { headers: { correlation_id: null } })
  await broker.settled()
  const [first = ''] = seen
  t.match(first, UUID)
  t.equal(seen.length, 8)
  const published = broker.published('invoices')
  t.equal(published.length, 3)
  t.same(new Set([...seen, ...published.map(({ headers }) => headers['correlation_id'])]), new Set([first]))
})

t.test('all attempts share the correlation id, whichever reads it first', async (t) => {
  const log = logLines()
  const first = new Delivery('orders', 0, record(0))
  const second = first.next()
  const third = second.next()
  t.match(second.correlationId(log), UUID)
  t.same(new Set([first, second, third].map((each) => each.correlationId(log))).size, 1)
  const other = new Delivery('orders', 0, record(1))
  t.not(other.correlationId(log), first.correlationId(log), 'another message has its own')
})

t.test('the option correlationId is called once per request, for each broker', async (t) => {
  const calls: string[] = []
  const correlationId = (broker: string) => ({ id }: { id: string }) => {
    calls.push(`${broker} ${id}`)
    return `${broker}-${id}-${calls.length}`
  }
  const app = await build(t, { groupId: 'shop', correlationId: correlationId('main') })
  await app.register(faststreamPlugin, { name: 'billing', correlationId: correlationId('billing') })
  app.broker.publisher('orders')
  app.get('/', async ({ broker, brokers }) => {
    await broker.publish('orders', 1)
    await broker.publish('orders', 2)
    await brokers.billing.publish('orders', 3)
    await brokers.billing.publish('orders', 4)
    await broker.publish('orders', 5, { correlationId: 'of its own' })
    return broker
  })
  app.get('/silent', async () => 'publishes nothing')
  const broker = await testBroker(app)
  const { body } = await app.inject('/')
  await app.inject('/')
  await app.inject('/silent')
  t.same(calls, ['main req-1', 'billing req-1', 'main req-2', 'billing req-2'])
  t.equal(JSON.parse(body).correlationId, 'main-req-1-1')
  t.same(broker.published('orders').map(({ headers }) => headers['correlation_id']).slice(0, 5).sort(), [
    'billing-req-1-2', 'billing-req-1-2', 'main-req-1-1', 'main-req-1-1', 'of its own'
  ])
})

t.test('the brokers of a request share its generated id', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  await app.register(faststreamPlugin, { name: 'billing' })
  app.broker.publisher('orders')
  app.get('/', async ({ broker, brokers }) => {
    for (const each of [broker, brokers.billing, broker]) await each.publish('orders', 1)
    return {}
  })
  const broker = await testBroker(app)
  await app.inject('/')
  await app.inject('/')
  const ids = broker.published('orders').map(({ headers }) => headers['correlation_id'])
  t.equal(ids.length, 6)
  t.equal(new Set(ids).size, 2)
  t.equal(new Set(ids.slice(0, 3)).size, 1)
})
