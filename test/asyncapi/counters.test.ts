import t, { type Test } from 'tap'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { faststreamPlugin, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { build as buildApp } from '../support/plugin-app.js'
import { withoutProgress } from '../support/with-progress.js'

const IDLE = { handled: 0, failed: 0, lag: 0, inFlight: 0 }

async function build (t: Test, authorize: () => unknown = () => true, options: FaststreamOptions = {}) {
  const health = { details: '/health', authorize: authorize as () => boolean }
  const app = await buildApp(t, { groupId: 'shop', health, asyncapi: {}, ...options })
  const read = async () => (await app.inject('/asyncapi/counters')).json() as Record<string, object>
  return { app, read }
}

t.test('the counters tell what each subscriber has handled, what failed, its lag and what is in flight', async (t) => {
  const { app, read } = await build(t, undefined, { retry: { retries: 1, delay: 1 } })
  const [began, ended] = [gate(), gate()]
  app.broker.publisher('invoices')
  app.broker.subscriber('orders', async function takeOrder (value) {
    if (value === 'bad') throw new Error('no stock')
    if (value !== 'slow') return
    began.open()
    await ended.opened
  })
  app.broker.subscriber('orders', { groupId: 'audit' }, function audit () {})
  const tests = await testBroker(app, { allowFailures: true })
  t.same(await read(), { takeOrder: IDLE, audit: IDLE })
  for (const value of ['a', 'b', 'bad']) await tests.publish('orders', value, { partition: 0 })
  await tests.settled()
  t.same(await read(), { takeOrder: { ...IDLE, handled: 2, failed: 2 }, audit: { ...IDLE, handled: 3 } })
  await tests.publish('orders', 'slow', { partition: 0 })
  await began.opened
  t.match(await read(), { takeOrder: { handled: 2, lag: 1, inFlight: 1 } })
  ended.open()
  await tests.settled()
  t.match(await read(), { takeOrder: { handled: 3, lag: 0, inFlight: 0 } })
})

t.test('a message that the policy acknowledges in spite of its failure is not handled', async (t) => {
  const { app, read } = await build(t, undefined, { ackPolicy: 'ACK' })
  app.broker.subscriber('orders', function takeOrder () { throw new Error('no') })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1)
  await tests.settled()
  t.same(await read(), { takeOrder: { ...IDLE, failed: 1 } })
})

t.test('a subscriber of several topics has figures for each, and one of a pattern for all that it finds', async (t) => {
  const { app, read } = await build(t)
  app.broker.subscriber(['one', 'two'], () => {})
  app.broker.subscriber(/^orders\./, function takeAll () {})
  const cluster = createMemoryCluster()
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  const names = ['orders.eu', 'orders.us']
  cluster.createTopics(names.map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  await app.ready()
  for (const topic of ['one', ...names]) await app.broker.publish(topic, 1)
  const handled = async (): Promise<unknown> => {
    return Object.fromEntries(Object.entries(await read()).map(([id, counts]) => [id, Reflect.get(counts, 'handled')]))
  }
  await eventually(async () => Reflect.get(await handled() as object, 'takeAll') === 2)
  const counts = await read()
  t.equal(Object.keys(counts).length, 3)
  t.same(Object.values(await handled() as object).sort(), [0, 1, 2])
  t.match(counts.takeAll, { lag: 0 })
})

t.test('cases of a topic count for themselves, and share its lag', async (t) => {
  const { app, read } = await build(t)
  app.broker.subscriber('orders', {
    by: ({ value }) => String(Reflect.get(Object(value), 'type')),
    cases: {
      placed: { handler: function takePlaced () {} }, paid: { handler: function takePaid () {} }
    }
  })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', { type: 'paid' })
  await tests.settled()
  t.same(await read(), { 'orders.placed': IDLE, 'orders.paid': { ...IDLE, handled: 1 } })
})

t.test('a lag that the cluster has not told yet has no value', async (t) => {
  const { app, read } = await build(t)
  useEnvironment(app, { createTransport: async () => withoutProgress() })
  app.broker.subscriber('orders', function takeOrder () {})
  await app.ready()
  t.same(await read(), { takeOrder: { handled: 0, failed: 0, inFlight: 0 } })
})

t.test('a subscriber that starts and stops by itself is not counted', async (t) => {
  const { app, read } = await build(t, undefined, { retry: { retries: 0 } })
  app.broker.subscriber('orders', function takeOrder () {})
  const tests = await testBroker(app, { allowFailures: true })
  const live = app.broker.subscriber('orders', { groupId: 'live', deadLetter: false }, (value) => {
    if (value === 'bad') throw new Error('no')
  })
  await live.start()
  for (const value of ['good', 'bad']) await tests.publish('orders', value)
  await tests.settled()
  t.same(await read(), { takeOrder: { ...IDLE, handled: 2 } })
})

t.test('each broker of the app counts its own', async (t) => {
  const { app, read } = await build(t)
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'shop' })
  const { billing } = app.brokers as unknown as Record<string, typeof app.broker>
  app.broker.subscriber('orders', function takeOrder () {})
  billing!.subscriber('orders', function bill () {})
  const tests = await testBroker(app, { allowFailures: true })
  await billing!.publish('orders', 1)
  await tests.settled()
  const { takeOrder, ...others } = await read()
  t.same([takeOrder, ...Object.values(others)], [IDLE, { ...IDLE, handled: 1 }])
})

t.test('the answer is not to be kept, and only requests that authorize allows get it', async (t) => {
  let answer: unknown = true
  const { app } = await build(t, () => {
    if (answer instanceof Error) throw answer
    return answer
  })
  app.broker.subscriber('orders', function takeOrder () {})
  await testBroker(app)
  const counters = async () => await app.inject('/asyncapi/counters')
  const page = async (): Promise<boolean> => (await app.inject('/asyncapi')).body.includes(' data-counters="')
  const allowed = await counters()
  t.equal(allowed.statusCode, 200)
  t.equal(allowed.headers['cache-control'], 'no-store')
  t.equal(await page(), true)
  for (answer of [false, 'yes', undefined]) {
    t.match((await counters()).json(), { statusCode: 403, code: 'FASTSTREAM_ERR_HEALTH_FORBIDDEN' })
    t.equal(await page(), false)
  }
  answer = Object.assign(new Error('log in first'), { statusCode: 401 })
  t.equal((await counters()).statusCode, 401)
  t.equal((await app.inject('/asyncapi')).statusCode, 200)
  t.equal(await page(), false, 'a fault of authorize hides the figures, and not the page')
})

t.test('without details there are no counters, and no event has a listener', async (t) => {
  for (const health of [undefined, { live: '/live' }]) {
    const app = await buildApp(t, { groupId: 'shop', asyncapi: {}, ...health && { health } })
    app.broker.subscriber('orders', () => {})
    await app.ready()
    t.equal((await app.inject('/asyncapi/counters')).statusCode, 404)
    t.notMatch((await app.inject('/asyncapi')).body, ' data-counters="')
    const { identity, around, ...sources } = brokersOf(app).byName.get('default')!.events
    t.same(Object.values(sources).filter(({ active }) => active), [])
  }
})

t.test('details without a page count nothing', async (t) => {
  const { app } = await build(t, undefined, { asyncapi: false })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.equal((await app.inject('/asyncapi/counters')).statusCode, 404)
  t.equal(brokersOf(app).byName.get('default')!.events.completed.active, false)
})
