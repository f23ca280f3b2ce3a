import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'
import { messageOf } from '../support/thrown.js'

t.test('coverage says which branches and publishers no message has exercised', async (t) => {
  const { app, onOrder } = await buildShop(t)
  app.broker.subscriber('plain', { deadLetter: false, ackPolicy: 'ACK' }, function onPlain () {})
  const broker = await testBroker(app)
  t.equal(broker.coverage().percent, 0)
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.publish('orders', { id: 1 })
  await broker.settled()
  t.match(broker.coverage(), {
    subscribers: [
      {
        name: 'makeInvoice',
        topics: ['orders'],
        branches: { handled: 1, retry: 0, 'dead letter': 1, invalid: 1, tombstone: 0 }
      },
      { name: 'onPlain', branches: { handled: 0, tombstone: 0 } }
    ],
    publishers: [{ topic: 'orders', published: 2 }, { topic: 'invoices', published: 1 }],
    missed: ['makeInvoice: retry', 'makeInvoice: tombstone', 'onPlain: handled', 'onPlain: tombstone'],
    percent: 55
  })
  broker.handler(onOrder).replace(() => { throw new Error('no luck') })
  await broker.publish('orders', { id: '2', total: 9 })
  await broker.publish('orders', null)
  await broker.publish('plain', null)
  await broker.settled()
  t.equal(broker.errors.length, 8)
  broker.assertCoverage(100)
})

t.test('a share that is not reached is an error that lists what is missing', async (t) => {
  const { app } = await buildShop(t)
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.settled()
  broker.assertCoverage(0)
  const text = messageOf(() => { broker.assertCoverage(80) })
  t.match(text, /exercised 42 % of the app, and 80 % are required.*\n {2}makeInvoice: retry\n/)
  t.throws(() => { broker.assertCoverage(101) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('an app without subscribers and publishers is exercised', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const broker = await testBroker(app)
  t.same(broker.coverage(), { subscribers: [], publishers: [], missed: [], percent: 100 })
})
