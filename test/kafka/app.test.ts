import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { brokers, uniqueName } from './fixture.js'

t.test('an app whose cluster has gone still closes in time, and leaves no connection', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const app = Fastify({ pluginTimeout: 8000 })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    brokers: cluster.brokers, groupId: 'g', connectTimeout: 7900, drainTimeout: 2000
  })
  const inbox = new Inbox<unknown>()
  const { opened, open } = gate()
  app.broker.subscriber('orders', async (value) => { inbox.add(value); await opened })
  await app.ready()
  await app.broker.publish('orders', 1)
  await inbox.count(1)
  await cluster.kill(0)
  const published = app.broker.publish('orders', 2).catch((error) => error)
  const before = Date.now()
  await app.close()
  open()
  t.ok(Date.now() - before < 2000 + 500 + 5000 + 2000 + 1000, `closed after ${Date.now() - before} ms`)
  t.match(await published, { statusCode: 503 })
  t.notOk(process.getActiveResourcesInfo().some((resource) => resource === 'TCPSocketWrap'))
})

t.test('no password gets into the log, whatever fails', async (t) => {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'trace', stream } })
  t.teardown(() => app.close())
  const sasl = { mechanism: 'plain', username: 'shop', password: 'a-very-secret-one' } as const
  await app.register(faststreamPlugin, { brokers: brokers(), groupId: uniqueName('g'), sasl, connectTimeout: 3000 })
  app.broker.subscriber(uniqueName('orders'), () => {})
  const error = await app.ready().then(() => undefined, (error) => error)
  t.match(error, { code: 'FASTSTREAM_ERR_SASL' })
  app.log.error(error)
  t.ok(lines.length > 0)
  t.notMatch(JSON.stringify(lines), 'a-very-secret-one')
})

t.test('a member that died without leaving does not keep the next one from starting', async (t) => {
  const groupId = uniqueName('g')
  const topic = uniqueName('orders')
  const { stream, lines } = memoryLog()
  const options = { brokers: brokers(), groupId, connectTimeout: 2000 }
  const stuck = Fastify()
  const { opened, open } = gate()
  t.teardown(async () => { open(); await stuck.close() })
  await stuck.register(faststreamPlugin, options)
  const inbox = new Inbox<unknown>()
  // It drains for as long as its handler runs, and the other one waits: as for a process that is gone, until its
  // session ends.
  stuck.broker.subscriber(topic, async (value) => { inbox.add(value); await opened })
  await stuck.ready()
  await stuck.broker.publish(topic, 1)
  await inbox.count(1)

  const next = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => next.close())
  await next.register(faststreamPlugin, options)
  next.broker.subscriber(topic, (value) => { inbox.add(value) })
  await next.ready()
  t.match(lines, [{ msg: /^groups are not joined yet/ }])
  open()
  for (const partition of [0, 1, 2]) await next.broker.publish(topic, 2, { partition })
  await inbox.count(4)
})
