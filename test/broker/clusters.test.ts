import t from 'tap'
import type { Settings } from '../../lib/options/plugin-options.js'
import { Sealed } from '../../lib/sealed.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

const clusters = {
  localhost: { transport: 'memory' as const },
  production: { brokers: 'kafka:9093', ssl: { rejectUnauthorized: false } }
}

t.test('the cluster that was chosen last is the one that the app connects to', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, { clusters, cluster: 'localhost' }, { logger: { level: 'warn', stream } })
  const connected: Settings[] = []
  useEnvironment(app, {
    async createTransport (settings) {
      connected.push(settings)
      return createMemoryTransport({ cluster: createMemoryCluster() })
    }
  })
  const { setKafkaBroker } = app.broker
  setKafkaBroker('production')
  setKafkaBroker('localhost')
  t.throws(() => { setKafkaBroker('staging') }, {
    code: 'FASTSTREAM_ERR_UNKNOWN_CLUSTER', message: "there is no cluster 'staging': there are localhost, production"
  })
  setKafkaBroker('production')
  const told = { level: 40, broker: 'default' }
  t.match(lines.filter(({ msg }) => /any host can pose/.test(msg)), [told, told], 'each choice is checked')
  await app.ready()
  t.match(connected, [{ brokers: ['kafka:9093'], transport: 'kafkajs' }])
  t.match(connected.map(({ security }) => Sealed.open(security)), [{ ssl: { rejectUnauthorized: false } }])
  for (const name of ['localhost', 'production']) {
    t.throws(() => { setKafkaBroker(name) }, {
      code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: new RegExp(`the choice of '${name}' is declared too late`)
    })
  }
})

t.test('a choice needs the option clusters, and takes one name', async (t) => {
  const app = await build(t)
  t.throws(() => { app.broker.setKafkaBroker('production') }, {
    code: 'FASTSTREAM_ERR_UNKNOWN_CLUSTER', message: /there are none, for the option 'clusters' is not given/
  })
  t.throws(() => { Reflect.apply(app.broker.setKafkaBroker, undefined, ['production', 1]) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  t.throws(() => { Reflect.apply(app.broker.setKafkaBroker, undefined, []) }, {
    code: 'FASTSTREAM_ERR_UNKNOWN_CLUSTER'
  })
})

t.test('a real cluster that is chosen needs a group, as one that is written', async (t) => {
  const app = await build(t, { clusters, cluster: 'localhost' })
  const subscriber = app.broker.subscriber('orders', () => {})
  t.equal(subscriber.groupId, 'fastify-faststream')
  app.broker.setKafkaBroker('production')
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_GROUP_REQUIRED' })
})

t.test('in production a cluster without an address cannot be chosen', async (t) => {
  const app = await build(t, { clusters: { none: {}, ...clusters }, cluster: 'production' })
  const { NODE_ENV } = process.env
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  process.env.NODE_ENV = 'production'
  t.throws(() => { app.broker.setKafkaBroker('none') }, { code: 'FASTSTREAM_ERR_BROKERS_REQUIRED' })
  app.broker.setKafkaBroker('localhost')
})
