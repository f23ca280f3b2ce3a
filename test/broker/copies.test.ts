import t from 'tap'
import Fastify from 'fastify'
import { faststreamPlugin } from '../../index.js'
import { useByDefault } from '../../lib/broker/app-brokers.js'
import { SYSTEM } from '../../lib/broker/environment.js'

/* As another copy of the package leaves it, whose command looks at apps. */
const INSPECTED = Symbol.for('fastify-faststream.inspected')

t.test('an app is not registered while another copy of the package looks at it', async (t) => {
  Reflect.set(globalThis, INSPECTED, { isInspected: true })
  t.teardown(() => { Reflect.deleteProperty(globalThis, INSPECTED) })
  const app = Fastify()
  t.teardown(() => app.close())
  await t.rejects(async () => { await app.register(faststreamPlugin, { transport: 'memory' }) }, {
    code: 'FASTSTREAM_ERR_COPIES'
  })
})

t.test('an app that is run after others were looked at is not looked at itself', async (t) => {
  useByDefault({ ...SYSTEM, isInspected: true })
  t.equal(Reflect.has(globalThis, INSPECTED) && Reflect.get(globalThis, INSPECTED) !== undefined, true)
  useByDefault(SYSTEM)
  t.equal(Reflect.get(globalThis, INSPECTED), undefined)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { transport: 'memory' })
  await app.ready()
  t.equal(app.broker.health().state, 'connected')
})

t.test('an app that is only looked at connects, and runs nothing: no subscriber, function or task', async (t) => {
  useByDefault({ ...SYSTEM, isInspected: true })
  t.teardown(() => { useByDefault(SYSTEM) })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { transport: 'memory' })
  const ran: string[] = []
  app.broker.subscriber('orders', () => { ran.push('subscriber') })
  app.broker.onStarted(() => { ran.push('onStarted') })
  app.broker.onStopping(() => { ran.push('onStopping') })
  app.broker.background('task', () => { ran.push('background') })
  await app.ready()
  await app.broker.publish('orders', 1)
  t.match(app.broker.health(), {
    state: 'connected', subscribers: [{ name: 'orders', state: 'joining' }], background: [{ state: 'waiting' }]
  })
  await app.close()
  t.same(ran, [])
})
