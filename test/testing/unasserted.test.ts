import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker, type TestBrokerOptions } from '../../lib/testing/index.js'

// The tests of this project allow failures, see .taprc.
delete process.env.FASTSTREAM_TEST_ALLOW_FAILURES

/** An app whose handler of `orders` fails, and its test broker after one order. */
async function failed (options: TestBrokerOptions = {}) {
  const app = Fastify()
  await app.register(faststreamPlugin, { retry: { retries: 1 } })
  const onOrder = app.broker.subscriber('orders', function onOrder () { throw new Error('no\nluck') })
  app.broker.subscriber('returns', { deadLetter: false }, (_, { reject }) => { reject() })
  app.broker.subscriber('late', { ackPolicy: 'ACK' }, () => { throw new Error('acknowledged') })
  const broker = await testBroker(app, options)
  await broker.publish('orders', { id: '1' }, { partition: 0 })
  await broker.settled()
  return { app, broker, onOrder }
}

t.test('an app does not close when its test has not read what failed, and says so once', async (t) => {
  const { app } = await failed()
  await t.rejects(app.close(), {
    code: 'FASTSTREAM_ERR_ASSERTION',
    message: [
      'a message has failed, and the test does not say so:',
      "  orders[0] 0, onOrder: retries-exhausted after 2 attempts: no luck, moved to 'orders.dlq'",
      'read broker.errors or the dead letter in the test, or write allowFailures: true if that does not matter'
    ].join('\n')
  })
  await app.close()
})

t.test('a message that is discarded, or acknowledged all the same, has failed, too', async (t) => {
  const { app, broker } = await failed()
  await broker.publish('returns', {}, { partition: 0 })
  await broker.publish('late', {}, { partition: 0 })
  await broker.settled()
  const text = await app.close().catch(({ message }: Error) => message)
  t.match(text, /^3 messages have failed/)
  t.match(text, /returns\[0\] 0, .*: rejected: /)
  t.match(text, /late\[0\] 0, .*: retries-exhausted: acknowledged\n/)
})

t.test('what a test has read is asserted', async (t) => {
  for (const read of [
    ({ broker }) => broker.errors,
    ({ broker }) => broker.published('orders.dlq'),
    ({ broker }) => broker.assertPublished('orders.dlq'),
    ({ broker, onOrder }) => broker.assertHandled(onOrder, { outcome: 'threw' })
  ] satisfies Array<(made: Awaited<ReturnType<typeof failed>>) => unknown>) {
    const made = await failed()
    read(made)
    await made.app.close()
  }
  await t.rejects(failed().then(async ({ app, broker, onOrder }) => {
    broker.assertHandled(onOrder)
    await app.close()
  }), { code: 'FASTSTREAM_ERR_ASSERTION' })
})

t.test('a list of failures has 40 lines at most', async (t) => {
  const { app, broker } = await failed()
  for (let i = 0; i < 60; i++) await broker.publish('late', i)
  await broker.settled()
  const text = await app.close().then(() => '', ({ message }: Error) => message)
  t.match(text, /^61 messages have failed/)
  t.equal(text.split('\n').length, 40)
  t.match(text, /… and 24 lines more\nread broker\.errors .*allowFailures: true/, 'the cure is there in any case')
})

t.test('a retry that succeeds is no failure', async (t) => {
  const app = Fastify()
  await app.register(faststreamPlugin)
  app.broker.subscriber('orders', (_, { attempt }) => { if (attempt === 1) throw new Error('once') })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  await app.close()
})

t.test('a message that still waits for its retry has not failed yet', async (t) => {
  const app = Fastify()
  await app.register(faststreamPlugin, { retry: { delay: 60_000 }, drainTimeout: 50 })
  const onOrder = app.broker.subscriber('orders', function onOrder () { throw new Error('no luck') })
  const broker = await testBroker(app, { clock: 'manual' })
  await broker.publish('orders', 1)
  await broker.handler(onOrder).called()
  await t.resolves(app.close())
})

t.test('failures may be allowed, and a callback of close() is told of the others', async (t) => {
  const { app } = await failed({ allowFailures: true })
  await app.close()
  const other = await failed()
  await t.rejects(new Promise<void>((resolve, reject) => {
    other.app.close((error?: Error) => { if (error instanceof Error) reject(error); else resolve() })
  }), { code: 'FASTSTREAM_ERR_ASSERTION' })
  await new Promise<void>((resolve) => { other.app.close(() => { resolve() }) })
  process.env.FASTSTREAM_TEST_ALLOW_FAILURES = '1'
  const { app: allowed } = await failed()
  const { app: strict } = await failed({ allowFailures: false })
  delete process.env.FASTSTREAM_TEST_ALLOW_FAILURES
  await allowed.close()
  await t.rejects(strict.close(), { code: 'FASTSTREAM_ERR_ASSERTION' })
  await t.rejects(failed({ allowFailures: 1 as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('the test broker closes its apps, also by await using', async (t) => {
  const { broker } = await failed()
  await t.rejects(broker.close(), { code: 'FASTSTREAM_ERR_ASSERTION' })
  const { app, broker: disposed } = await failed({ allowFailures: true })
  await disposed[Symbol.asyncDispose]()
  await t.rejects(app.inject('/'), { message: /closed/ })
})
