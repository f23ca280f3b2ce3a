import t from 'tap'
import { StopConsume } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { hear } from '../../support/hear.js'
import { build } from '../../support/plugin-app.js'

t.test('each attempt ends with its outcome and its times', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const error = new Error('once')
  let attempts = 0
  app.broker.subscriber('orders', async function take () {
    await new Promise(setImmediate)
    if (++attempts === 1) throw error
  })
  const ended = hear(t, 'faststream.message.ended')
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1, { partition: 1 })
  await tests.settled()
  const place = { broker: 'default', brokerId: app.broker.id, groupId: 'shop', subscriber: 'take', topic: 'orders' }
  t.match(ended, [
    { ...place, partition: 1, offset: 0n, attempt: 1, outcome: 'failed', error },
    { ...place, partition: 1, offset: 0n, attempt: 2, outcome: 'settled', error: undefined }
  ])
  t.equal(ended.length, 2)
  for (const { duration, blocked } of ended) t.ok(blocked >= 0 && blocked < duration)
})

t.test('a message is completed once, with the number of its attempts and the time of all of them', async (t) => {
  const app = await build(t, { groupId: 'shop', retry: { retries: 1 } })
  app.broker.subscriber('orders', () => { throw new Error('always') })
  const [ended, completed] = [hear(t, 'faststream.message.ended'), hear(t, 'faststream.message.completed')]
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1)
  await tests.settled()
  t.match(completed, [{ topic: 'orders', outcome: 'dead-lettered', attempts: 2, error: undefined }])
  t.equal(completed.length, 1)
  t.ok(completed[0]!.duration >= ended.reduce((sum, { duration }) => sum + duration, 0))
  t.notOk('attempt' in completed[0]!)
})

t.test('a failure that the policy settles is told, and one that an error handler settles is not', async (t) => {
  const app = await build(t, { groupId: 'shop', ackPolicy: 'ACK' })
  const error = new Error('lost')
  app.broker.subscriber('orders', () => { throw error })
  app.register(async (scope) => {
    scope.broker.setErrorHandler(() => ({ action: 'acknowledge' }))
    scope.broker.subscriber('bills', () => { throw error })
  })
  const completed = hear(t, 'faststream.message.completed')
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1)
  await tests.settled()
  await tests.publish('bills', 1)
  await tests.settled()
  t.match(completed, [
    { topic: 'orders', outcome: 'acknowledged', error }, { topic: 'bills', outcome: 'acknowledged', error: undefined }
  ])
})

t.test('a message of a subscriber that stops is completed, and not settled', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', () => { throw new StopConsume() })
  const [ended, completed] = [hear(t, 'faststream.message.ended'), hear(t, 'faststream.message.completed')]
  const stopped = hear(t, 'faststream.subscriber.stopped')
  await app.ready()
  await app.broker.publish('orders', 1)
  while (stopped.length === 0) await new Promise(setImmediate)
  t.match(ended, [{ outcome: 'stop' }])
  t.match(completed, [{ outcome: 'unsettled', attempts: 1 }])
})

t.test('a publish that fails says how long it took', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app, { allowFailures: true })
  const failed = hear(t, 'faststream.message.publish-failed')
  await t.rejects(app.broker.publish('orders', 1, { partition: 7 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  t.match(failed, [{ topic: 'orders', duration: Number }])
  t.ok(failed[0]!.duration >= 0 && failed[0]!.duration < 5000)
})
