import t from 'tap'
import Fastify from 'fastify'
import { faststreamPlugin, response } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { SendError } from '../../lib/transport/transport.js'
import { hear } from '../support/hear.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { turn } from '../support/manual-clock.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

t.test('every publish() takes noConfirm, resolves to nothing, and checks before', async (t) => {
  const app = await build(t)
  const orders = app.broker.publisher('orders', { schema: { value: { type: 'number' } }, partition: 0 })
  app.get('/', async (request) => {
    return { resolved: String(await request.broker.publish('orders', 2, { noConfirm: true })) }
  })
  const broker = await testBroker(app)
  t.equal(await orders.publish(1, { noConfirm: true }), undefined)
  t.same((await app.inject('/')).json(), { resolved: 'undefined' })
  t.equal(await app.broker.publish(orders, 3, { noConfirm: true, headers: { a: 'b' } }), undefined)
  await t.rejects(orders.publish('text', { noConfirm: true }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  t.match(await orders.publish(4, { noConfirm: false }), { offset: 3n })
  await broker.settled()
  t.match(broker.published('orders'), [{ value: 1 }, { value: 2 }, { value: 3, headers: { a: 'b' } }, { value: 4 }])
  for (const option of ['noConfirm', 'wait']) {
    await t.rejects(orders.publish(1, { [option]: 1 }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: `option '${option}' must be true or false`
    })
  }
})

t.test('before the cluster is connected and after the close noConfirm rejects', async (t) => {
  const app = await build(t)
  await t.rejects(app.broker.publish('orders', 1, { noConfirm: true }), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await app.ready()
  await app.close()
  await t.rejects(app.broker.publish('orders', 1, { noConfirm: true }), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('the app sends what was published without confirmation before it has closed', async (t) => {
  const app = await build(t)
  const cluster = createMemoryCluster()
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.publisher('orders')
  await app.ready()
  for (let i = 0; i < 100; i++) await app.broker.publish('orders', i, { noConfirm: true, key: 'k' })
  await app.close()
  t.same(cluster.records('orders').map(({ value }) => Number(value)), Array.from({ length: 100 }, (_, i) => i))
})

t.test('what fails later is a line of the log', async (t) => {
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  const { opened, open } = gate()
  useEnvironment(app, {
    createTransport: async () => ({
      ...transport,
      producer: () => ({
        partitionCount: () => 1,
        close: async () => {},
        send: async () => {
          await opened
          throw new SendError('full disk', 'not-sent', 'refused')
        }
      })
    })
  })
  await app.register(faststreamPlugin)
  await app.ready()
  for (let i = 0; i < 3; i++) await app.broker.publish('orders', i, { noConfirm: true })
  open()
  await app.close()
  await turn()
  t.match(lines.filter(({ level }) => level === 50), [{
    msg: 'messages that were published without confirmation have failed',
    broker: 'default',
    topic: 'orders',
    messages: 3,
    err: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' }
  }])
})

t.test('a result of a handler is always confirmed', async (t) => {
  const app = await build(t)
  const out = app.broker.publisher('out')
  app.broker.subscriber('in', { publish: out }, () => response(1, { noConfirm: true } as never))
  const broker = await testBroker(app)
  await broker.publish('in', 1)
  await broker.settled()
  t.match(broker.errors, [{
    stage: 'publish', attempt: 1, error: { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'noConfirm' is not/ }
  }])
  t.equal(broker.published('in.dlq').length, 1)
})

t.test('results and dead letters wait for room in the queue, behind publishes that wait', async (t) => {
  const failed = hear(t, 'faststream.message.publish-failed')
  const app = await build(t, { producer: { queue: { messages: 1 } }, retry: { retries: 0 } })
  const out = app.broker.publisher('out')
  app.broker.subscriber('in', { publish: out, concurrency: 20, ordering: 'none' }, (value) => {
    if (Number(value) % 2 === 1) throw new Error('odd')
    return value
  })
  app.broker.publisher('busy')
  const broker = await testBroker(app)
  const busy = new AbortController()
  const publishes = (async () => {
    while (!busy.signal.aborted) {
      await Promise.all([1, 2].map((value) => app.broker.publish('busy', value, { wait: true })))
    }
  })()
  await Promise.all(Array.from({ length: 20 }, (_, i) => app.broker.publish('in', i, { wait: true })))
  while (broker.published('out').length + broker.published('in.dlq').length < 20) await new Promise(setImmediate)
  busy.abort()
  await publishes
  t.same([broker.published('out').length, broker.published('in.dlq').length], [10, 10])
  t.same(failed.filter(({ brokerId }) => brokerId === app.broker.id), [])
})
