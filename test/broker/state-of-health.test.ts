import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

t.test('a broker without subscribers is healthy while it is connected, not before and not after', async (t) => {
  const app = await build(t)
  const connecting = gate()
  const asked = gate()
  const closing = gate()
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  useEnvironment(app, {
    createTransport: async () => ({
      ...transport,
      connect: async () => { asked.open(); await connecting.opened },
      close: async () => { await closing.opened }
    })
  })
  const health = (): string => {
    const { healthy, state, subscribers } = app.broker.health()
    t.same(subscribers, [])
    return `${state} ${healthy}`
  }
  t.equal(health(), 'loading false')
  const ready = app.ready()
  await asked.opened
  t.equal(health(), 'connecting false')
  connecting.open()
  await ready
  t.equal(health(), 'connected true')
  const closed = app.close()
  while (app.broker.health().state === 'connected') await new Promise(setImmediate)
  t.equal(health(), 'closing false')
  closing.open()
  await closed
  t.equal(health(), 'closed false')
})

t.test('a broker whose start has failed is not healthy', async (t) => {
  const app = await build(t)
  useEnvironment(app, { createTransport: async () => { throw new Error('no cluster') } })
  await t.rejects(async () => { await app.ready() }, { message: 'no cluster' })
  t.equal(app.broker.health().healthy, false)
})
