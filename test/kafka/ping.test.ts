import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { brokers, uniqueName } from './fixture.js'

t.test('a cluster that is there answers a ping, from ready() to close()', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId: uniqueName('g'), topics: 'ignore' })
  t.equal(await app.broker.ping(), false)
  await app.ready()
  t.equal(await app.broker.ping({ timeout: 3000 }), true)
  t.equal(await app.broker.ping({ timeout: 0 }), false, 'no cluster is that fast')
  await app.close()
  t.equal(await app.broker.ping(), false)
})

t.test('a cluster that is not there does not answer', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: '127.0.0.1:1', groupId: 'g', startup: 'background' })
  await app.ready()
  t.equal(app.broker.health().state, 'connecting')
  t.equal(await app.broker.ping({ timeout: 200 }), false)
})
