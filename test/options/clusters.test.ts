import t, { type Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { Sealed } from '../../lib/sealed.js'

const sasl = { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' } as const
const clusters = {
  localhost: { brokers: 'localhost:9092', ssl: false },
  production: { brokers: ['kafka-1:9093', 'kafka-2:9093'], clientId: 'shop-1', sasl }
}

const settingsOf = (options: FaststreamOptions) => normaliseOptions(options, 10_000)

function refused (t: Test, options: object, message: RegExp, code = 'FASTSTREAM_ERR_INVALID_OPTION') {
  t.throws(() => settingsOf(options), { code, message })
}

t.test('the named cluster is used, and its options win over those of the plugin', async (t) => {
  const local = settingsOf({ clusters, cluster: 'localhost', ssl: true, clientId: 'shop' })
  t.match(local, { brokers: ['localhost:9092'], transport: 'kafkajs', clientId: 'shop', allowInsecureSasl: false })
  t.same(Sealed.open(local.security), { ssl: false, sasl: undefined })
  const production = settingsOf({ clusters, cluster: 'production', ssl: true, clientId: 'shop' })
  t.match(production, { brokers: ['kafka-1:9093', 'kafka-2:9093'], clientId: 'shop-1' })
  t.same(Sealed.open(production.security), { ssl: true, sasl })
  t.same([...production.clusters.keys()], ['localhost', 'production'])
})

t.test('of one cluster no name is needed, and without clusters there are none', async (t) => {
  t.match(settingsOf({ clusters: { production: { brokers: 'kafka:9092' } } }), { brokers: ['kafka:9092'] })
  t.equal(settingsOf({ brokers: 'kafka:9092' }).clusters.size, 0)
  t.match(settingsOf({ clusters: { test: {} } }), { brokers: [], transport: 'memory' })
  t.match(settingsOf({ brokers: 'kafka:9092', clusters: { test: {} } }), { brokers: ['kafka:9092'] })
})

t.test('wrong clusters are refused where the plugin is registered, also those that are not used', async (t) => {
  refused(t, { clusters }, /'cluster' must name one of 'clusters': localhost, production/)
  refused(t, { cluster: 'production' }, /'cluster' needs the option 'clusters'/)
  refused(t, { clusters: {} }, /'clusters' must be an object such as/)
  refused(t, { clusters: ['localhost:9092'] }, /'clusters' must be an object/)
  refused(t, { clusters: { localhost: 'localhost:9092' } }, /'clusters.localhost' must be an object/)
  refused(
    t, { clusters, cluster: 'staging' }, /no cluster 'staging': there are localhost, production/,
    'FASTSTREAM_ERR_UNKNOWN_CLUSTER'
  )
  const other = (options: object) => ({ clusters: { localhost: {}, production: options }, cluster: 'localhost' })
  refused(t, other({ brokers: 'kafka' }), /'clusters.production.brokers' must be a list of addresses/)
  refused(t, other({ broker: 'kafka:9092' }), /'clusters.production.broker' is not known: there are brokers, transport/)
  refused(t, other({ groupId: 'shop' }), /'clusters.production.groupId' is not known/)
  refused(t, other({ transport: 'kafkajs' }), /'clusters.production.brokers' must be given with transport 'kafkajs'/)
  refused(t, other({ ssl: 1 }), /'clusters.production.ssl' must be/)
  const plain = { mechanism: 'plain', username: 'shop', password: 'secret' }
  refused(
    t, other({ brokers: 'kafka:9092', sasl: plain }), /would send its credentials/, 'FASTSTREAM_ERR_INSECURE_SASL'
  )
})

t.test('in production the cluster that is used has an address, and the others need none', async (t) => {
  const { NODE_ENV } = process.env
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  process.env.NODE_ENV = 'production'
  const both = { localhost: {}, production: { brokers: 'kafka:9092' } }
  t.match(settingsOf({ clusters: both, cluster: 'production' }), { brokers: ['kafka:9092'] })
  t.throws(() => settingsOf({ clusters: both, cluster: 'localhost' }), { code: 'FASTSTREAM_ERR_BROKERS_REQUIRED' })
})

t.test('no password is in the settings of the clusters', async (t) => {
  t.notMatch(JSON.stringify([...settingsOf({ clusters, cluster: 'production' }).clusters]), 'secret')
})
