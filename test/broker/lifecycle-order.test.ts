import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'

t.test('functions of the broker run at their places among the hooks of Fastify', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const steps = new Inbox<string>()
  const step = (name: string) => async () => { steps.add(name) }
  const { opened, open } = gate()

  app.addHook('onReady', step('onReady before the plugin'))
  app.addHook('preClose', step('preClose before the plugin'))
  app.addHook('onClose', step('onClose before the plugin'))
  await app.register(faststreamPlugin, { groupId: 'shop' })
  const cluster = createMemoryCluster()
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  cluster.append([{ topic: 'orders', partition: 0, key: null, value: Buffer.from('1'), headers: [], timestamp: 1 }])
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })

  app.addHook('onReady', step('onReady of the app'))
  app.broker.onStarted(step('onStarted'))
  await app.register(async (scope) => {
    scope.addHook('onReady', step('onReady of a scope'))
    scope.broker.onStarted(async function () {
      steps.add(`onStarted of a scope, ${this === scope}, ${scope.broker.isStarted}`)
    })
    scope.broker.onStopping(function () { steps.add(`onStopping of a scope, ${this === scope}`) })
  })
  app.addHook('onListen', step('onListen'))
  app.broker.background('task', async function (signal) {
    steps.add(`task begins, ${this === app}, ${app.broker.isStarted}`)
    await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
    steps.add('task ends')
  })
  app.broker.subscriber('orders', async () => {
    steps.add('handler begins')
    await opened
    steps.add('handler ends')
  })
  app.broker.onStopping(async () => {
    steps.add(`onStopping, ${app.broker.isStarted}`)
    await app.broker.publish('orders', 2)
    open()
    await steps.until((items) => items.filter((item) => item === 'handler ends').length === 2)
  })
  app.addHook('preClose', step('preClose of the app'))
  app.addHook('onClose', step('onClose of the app'))

  t.equal(app.broker.isStarted, false)
  await app.listen({ port: 0 })
  await steps.until((items) => items.includes('handler begins') && items.includes('onListen'))
  t.equal(app.broker.isStarted, true)
  await app.close()
  t.equal(app.broker.isStarted, false)

  const flows = ['handler begins', 'task begins, true, true', 'onListen']
  t.same(steps.items.filter((item) => !flows.includes(item)), [
    'onReady before the plugin',
    'onReady of the app',
    'onStarted',
    'onReady of a scope',
    'onStarted of a scope, true, false',
    'preClose before the plugin',
    'onStopping of a scope, true',
    'onStopping, false',
    'handler ends',
    'handler ends',
    'task ends',
    'preClose of the app',
    'onClose of the app',
    'onClose before the plugin'
  ])
  const started = steps.items.indexOf('onStarted of a scope, true, false')
  t.ok(flows.every((item) => steps.items.indexOf(item) > started), 'messages and tasks come after onStarted')
})
