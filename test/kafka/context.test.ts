import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { brokers, createTopic, uniqueName } from './fixture.js'

t.test('a handler sees neither the context of the request that published nor that of the message before', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const storage = new AsyncLocalStorage<string>()
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId: uniqueName('g') })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber(topic, (value, { partition }) => {
    inbox.add(storage.getStore())
    storage.enterWith(`message ${value} of partition ${partition}`)
  })
  app.post<{ Params: { tenant: string } }>('/:tenant', async ({ params: { tenant }, broker }) => {
    return await storage.run(tenant, async () => {
      await Promise.all([0, 1].map((partition) => broker.publish(topic, tenant, { partition })))
      return storage.getStore()
    })
  })
  // Sockets and fetch loops are made while this context is the current one.
  await storage.run('boot', async () => { await app.ready() })
  const replies = await Promise.all(['a', 'b', 'c'].map(
    async (tenant) => (await app.inject({ method: 'POST', url: `/${tenant}` })).body
  ))
  t.same(replies, ['a', 'b', 'c'], 'where the publish is awaited the context goes on')
  t.same(await inbox.count(6), Array(6).fill(undefined))
})
