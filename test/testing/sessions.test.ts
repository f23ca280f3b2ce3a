import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'
import { buildShop } from '../support/shop.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', topicConfig: { partitions: 1 }, ...options })
  return app
}

t.test('a session has the response, and everything that the call has caused, across apps', async (t) => {
  const { app: shop, onOrder, makeInvoice } = await buildShop(t, { topicConfig: { partitions: 1 } })
  const billing = await build(t, { groupId: 'billing' })
  const bills = billing.broker.publisher('bills')
  billing.broker.subscriber('invoices', { publish: bills }, function bill (invoice) { return invoice })
  const broker = await testBroker([shop, billing])
  await broker.publish('orders', { id: '0', total: 1 })
  const payload = { id: '1', total: 9 }
  const session = await broker.track(() => shop.inject({ method: 'POST', url: '/orders', payload }))
  t.equal(session.response.statusCode, 202)
  t.match(session.handled('orders'), [{ value: { id: '1' }, outcome: 'returned' }])
  t.equal(session.handled('orders').length, 1)
  t.same(session.handled(onOrder), session.handled('orders'))
  t.same(session.handled(makeInvoice), session.handled('orders'))
  t.equal(session.handled().length, 2)
  t.match(session.published('invoices'), [{ key: '1', value: { amount: 9 } }])
  t.same(session.published().map(({ topic }) => topic), ['orders', 'invoices', 'bills'])
  t.equal(session.published(bills).length, 1)
  t.same(session.deadLettered(), [])
  t.same(session.failed(), [])
  t.throws(() => session.published('typo' as never), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.equal(session.story(), [
    'the call returned with status 202',
    "  published orders[0] 1, key '1': { id: '1', total: 9 }",
    '    makeInvoice (group shop) handled it, acknowledged',
    "      published invoices[0] 1, key '1': { orderId: '1', amount: 9 }",
    '        bill (group billing) handled it, acknowledged',
    "          published bills[0] 1: { orderId: '1', amount: 9 }"
  ].join('\n'))
})

t.test('retries and dead letters belong to the session, and so does who handles a dead letter', async (t) => {
  const app = await build(t, { retry: { retries: 1, delay: 50 } })
  const alarms = app.broker.publisher('alarms')
  app.broker.subscriber('orders', function onOrder () { throw new Error('no luck') })
  app.broker.subscriber('orders.dlq', { publish: alarms, deadLetter: false }, function alarm () { return 'alarm' })
  const broker = await testBroker(app)
  const session = await broker.track(() => broker.publish('orders', { id: '1' }, { key: '1' }))
  t.match(session.response, { topic: 'orders', offset: 0n })
  t.match(session.failed(), [
    { topic: 'orders', attempt: 1, stage: 'handler', error: { message: 'no luck' } },
    { topic: 'orders', attempt: 2, stage: 'retries-exhausted' }
  ])
  t.match(session.deadLettered(), [{
    topic: 'orders',
    offset: 0n,
    deadLetterTopic: 'orders.dlq',
    groupId: 'shop',
    subscriber: 'onOrder',
    stage: 'retries-exhausted',
    error: { message: 'no luck' },
    value: { id: '1' }
  }])
  t.equal(session.story(), [
    "the call returned RecordMetadata { topic: 'orders', partition: 0, offset: 0n }",
    "  published orders[0] 0, key '1': { id: '1' }",
    "    onOrder (group shop), attempt 1 failed: handler: 'no luck', again after 0 ms",
    "    onOrder (group shop), attempt 2 failed: retries-exhausted: 'no luck', dead-lettered",
    "      published orders.dlq[0] 0, key '1': { id: '1' }",
    '        alarm (group shop) handled it, acknowledged',
    "          published alarms[0] 0: 'alarm'"
  ].join('\n'))
})

t.test('a subscriber without a group is waited for, and its dead letter has a cause, too', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const alone = { groupId: null, offsetReset: 'earliest' } as const
  app.broker.subscriber('orders', alone, function watch () { throw new Error('no') })
  const broker = await testBroker(app)
  const session = await broker.track(() => broker.publish('orders', 1))
  t.equal(session.story(), [
    "the call returned RecordMetadata { topic: 'orders', partition: 0, offset: 0n }",
    '  published orders[0] 0: 1',
    "    watch failed: retries-exhausted: 'no', dead-lettered",
    '      published orders.dlq[0] 0: 1'
  ].join('\n'))
  t.match(session.deadLettered(), [{ groupId: null, subscriber: 'watch' }])
})

t.test('the cases of a subscriber without a group are waited for once', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', {
    groupId: null,
    offsetReset: 'earliest',
    by: ({ headers }) => headers.type,
    cases: { placed: { handler: () => {} }, paid: { handler: () => {} } }
  })
  app.broker.subscriber('archive.{year}', function archive () {})
  const broker = await testBroker(app)
  const session = await broker.track(async () => {
    for (const type of ['paid', 'lost']) await broker.publish('orders', type, { headers: { type } })
  })
  t.match(session.handled(), [{ value: 'paid' }])
  t.match(session.deadLettered(), [{ value: 'lost' }])
})

t.test('a message that an error handler forwards belongs to the session', async (t) => {
  const app = await build(t)
  app.broker.publisher('parked')
  app.broker.setErrorHandler(() => ({ action: 'forward', topic: 'parked' }))
  app.broker.subscriber('orders', () => { throw new Error('later') })
  const broker = await testBroker(app)
  const session = await broker.track(() => broker.publish('orders', 1))
  t.equal(session.published('parked').length, 1)
  t.equal(session.failed().length, 1)
  t.same(session.deadLettered(), [])
})

t.test('parallel sessions do not see, nor wait for, each other\'s messages', async (t) => {
  const { app, onOrder, makeInvoice } = await buildShop(t)
  const broker = await testBroker(app)
  const { opened, open } = gate()
  broker.handler(onOrder).replace(async (order) => {
    if (order.id === 'slow') await opened
    return await makeInvoice(order)
  })
  const track = (id: string, partition: number) => {
    return broker.track(() => broker.publish('orders', { id, total: 1 }, { partition }))
  }
  const slow = track('slow', 0)
  const [one, two] = await Promise.all([track('1', 1), track('2', 2)])
  t.same(one.published('invoices').map(({ key }) => key), ['1'])
  t.same(two.published('invoices').map(({ key }) => key), ['2'])
  open()
  t.same((await slow).handled(onOrder).map(({ value }) => value.id), ['slow'])
})

t.test('a call that throws, and one that causes nothing', async (t) => {
  const app = await build(t)
  const broker = await testBroker(app)
  await t.rejects(broker.track(() => { throw new Error('in the call') }), { message: 'in the call' })
  const session = await broker.track(() => 7)
  t.equal(session.response, 7)
  t.equal(session.story(), 'the call returned 7')
  await t.rejects(broker.track('no function' as never), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await t.rejects(broker.track(() => 1, { timeout: -1 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('the time of a session counts from its call, and its table says what waits for what', async (t) => {
  const app = await build(t, { drainTimeout: 50 })
  const { opened, open } = gate()
  app.broker.subscriber('orders', async function onOrder (value) { if (value === 'slow') await opened })
  const paused = app.broker.subscriber('returns', function onReturn () {})
  app.broker.subscriber('manual', { ackPolicy: 'MANUAL' }, function onManual () {})
  paused.pause()
  const broker = await testBroker(app)
  t.equal(await broker.track(() => opened, { timeout: 5 }).catch(({ message }: Error) => message.split(' (raise')[0]), [
    'still not settled after 5 ms: ', 'message   state  waits for', 'the call  runs   its end', ''
  ].join('\n'))
  const text = await broker.track(async () => {
    await broker.publish('orders', 'slow', { key: 'k' })
    await broker.publish('orders', 'behind it')
    await broker.publish('returns', 1)
    await broker.publish('manual', 1)
  }, { timeout: 1500 }).catch(({ message }: Error) => message)
  t.match(text, /^orders\[0\] 0, key 'k' +runs in onOrder, attempt 1 +the handler$/m)
  t.match(text, /^orders\[0\] 1 +is not handled yet +onOrder of group shop$/m)
  t.match(text, /^returns\[0\] 0 +is not handled yet +onReturn of group shop, which is paused$/m)
  t.match(text, /^manual\[0\] 0 +runs in onManual, attempt 1 +the handler$/m)
  open()
})

t.test('a table shows so many rows, what waits first', async (t) => {
  const app = await build(t, { drainTimeout: 10 })
  app.broker.publisher('done')
  app.broker.subscriber('orders', () => new Promise(() => {}))
  const broker = await testBroker(app)
  const text = await broker.track(async () => {
    await Promise.all(Array.from({ length: 40 }, (_, i) => broker.publish('done', i)))
    await broker.publish('orders', 1)
  }, { timeout: 1500 }).catch(({ message }: Error) => message)
  t.match(text, /waits for\norders\[0\] 0 /)
  t.match(text, /\n… and 11 more\n/)
})

t.test('nothing stays behind in the channels of the process, and other apps keep their own', async (t) => {
  const { app } = await buildShop(t)
  const { app: other } = await buildShop(t)
  const [one, two] = [await testBroker(app), await testBroker(other)]
  const [ours, theirs] = await Promise.all([one, two].map((broker) => {
    return broker.track(() => broker.publish('orders', { id: '1', total: 1 }))
  }))
  t.equal(ours?.published().length, 2)
  t.equal(theirs?.published().length, 2)
  await one.close()
  t.equal((await two.track(() => two.publish('orders', { id: '1', total: 1 }))).published().length, 2)
  await two.close()
  const { processing, publishing } = await import('../../lib/events.js')
  t.notOk(processing.hasSubscribers || publishing.hasSubscribers)
})

t.test('a session ends when a batch of several messages was handled', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { batch: true }, () => {})
  const broker = await testBroker(app)
  const entries = [1, 2, 3].map((value) => ({ value }))
  const session = await broker.track(() => app.broker.publishBatch('orders', entries))
  t.match(session.handled('orders'), [{ offset: 0n, outcome: 'returned' }])
  t.equal(session.published('orders').length, 3)
})
