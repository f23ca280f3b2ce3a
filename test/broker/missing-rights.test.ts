import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { FASTSTREAM_ERR_CONNECT } from '../../lib/errors.js'
import { notAuthorized, type Right } from '../../lib/missing-rights.js'
import { Events } from '../../lib/events.js'
import { Producer } from '../../lib/produce/producer.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { type NeededRights, SendError } from '../../lib/transport/transport.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { gate } from '../support/inbox.js'
import { useEnvironment } from '../support/environment.js'
import { FakeProducer } from '../support/fake-producer.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const WRITE: Right = { operation: 'Write', resource: 'topic', name: 'invoices' }

t.test('rights are checked before topics and groups: ready() rejects with all that are missing', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  const cluster = createMemoryCluster()
  const checked: NeededRights[] = []
  const error = notAuthorized([WRITE, { operation: 'Read', resource: 'group', name: 'shop' }], 'User:shop')
  useEnvironment(app, {
    createTransport: async () => ({
      ...createMemoryTransport({ cluster }), async checkRights (needed) { checked.push(needed); throw error }
    })
  })
  const invoices = app.broker.publisher('invoices')
  app.broker.subscriber(['orders', 'returns'], { publish: invoices }, () => undefined as never)
  app.broker.subscriber('orders', { groupId: 'audit', deadLetter: { topic: 'audit.failed' } }, () => {})
  app.broker.subscriber('prices', { groupId: null, deadLetter: false }, () => {})
  t.equal(await app.ready().then(() => undefined, (error: unknown) => error), error)
  t.match(error.message, "refuses Write on topic 'invoices', Read on group 'shop' to User:shop: add an ACL")
  t.same(checked, [{
    read: ['orders', 'returns', 'prices'],
    write: ['invoices', 'orders.dlq', 'returns.dlq', 'audit.failed'],
    groups: ['shop', 'audit']
  }])
  t.equal(cluster.partitions('orders').length, 0)
})

t.test('an app that closes while its rights are checked does nothing more', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  const [asked, answered] = [gate(), gate()]
  const cluster = createMemoryCluster()
  useEnvironment(app, {
    createTransport: async () => ({
      ...createMemoryTransport({ cluster }), async checkRights () { asked.open(); await answered.opened }
    })
  })
  app.broker.subscriber('orders', () => {})
  const ready = app.ready().then(() => undefined, (error: unknown) => error)
  await asked.opened
  const [broker] = brokersOf(app).byName.values()
  await broker?.close()
  answered.open()
  t.match(await ready, { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.equal(cluster.partitions('orders').length, 0)
})

t.test('a right on the cluster has no name', async (t) => {
  const error = notAuthorized([{ operation: 'IdempotentWrite', resource: 'cluster', name: '' }], undefined)
  t.match(error.message, /refuses IdempotentWrite on the cluster: add/)
})

t.test('a publish without the right rejects with it, and does not say who the app is', async (t) => {
  const denied = notAuthorized([WRITE], 'User:shop')
  const transport = new FakeProducer()
  const settings = { deadline: 1000, queue: { messages: 10, bytes: 1000 } }
  const producer = new Producer(transport, settings, {
    clock: new ManualClock(), events: new Events('default', logLines())
  })
  const outgoing = { topic: 'invoices', key: null, value: null, headers: [], timestamp: 0 }
  const named = {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED',
    statusCode: 500,
    rights: [WRITE],
    message: /^the cluster refuses Write on topic 'invoices': add/
  }

  const sent = producer.publish(outgoing).then(() => undefined, (error: Error) => error)
  await turn()
  transport.sends[0]?.fail(new SendError(denied.message, 'not-sent', 'refused', { cause: denied }))
  t.match(await sent, { ...named, outcome: 'not-sent' })

  transport.counts.set('invoices', Promise.reject(denied))
  const looked = await producer.publish(outgoing).then(() => undefined, (error: Error) => error)
  t.match(looked, named)
  t.notMatch(`${await sent} ${looked}`, /User:shop/)
  await producer.close()
})

t.test('a publish whose cluster cannot be reached does not say where its brokers are', async (t) => {
  const transport = new FakeProducer()
  const settings = { deadline: 1000, queue: { messages: 10, bytes: 1000 } }
  const producer = new Producer(transport, settings, {
    clock: new ManualClock(), events: new Events('default', logLines())
  })
  transport.counts.set(
    'invoices', Promise.reject(new FASTSTREAM_ERR_CONNECT('kafka-1.internal:9092', 'ECONNREFUSED 10.0.0.7'))
  )
  const error = await producer.publish({
    topic: 'invoices', key: null, value: null, headers: [], timestamp: 0
  }).then(() => undefined, (error: Error) => error)
  t.match(error, { code: 'FASTSTREAM_ERR_UNAVAILABLE', statusCode: 503, cause: { message: /kafka-1\.internal/ } })
  t.notMatch(error?.message, /internal|10\.0\.0\.7/)
  await producer.close()
})
