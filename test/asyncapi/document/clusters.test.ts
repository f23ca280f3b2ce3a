import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type AsyncapiOptions } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'

const sasl = { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' } as const
const clusters = {
  localhost: { transport: 'memory' as const },
  production: { brokers: ['kafka-1:9093', 'kafka-2:9093'], ssl: true, sasl }
}

async function documentOf (asyncapi: AsyncapiOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', clusters, cluster: 'localhost', asyncapi })
  await app.register(faststreamPlugin, { groupId: 'shop', clusters, cluster: 'localhost', name: 'billing' })
  await app.register(faststreamPlugin, { groupId: 'shop', name: 'localhost' })
  app.broker.publisher('orders')
  app.brokers.billing.publisher('invoices')
  app.broker.setKafkaBroker('production')
  await testBroker(app)
  return app.asyncapi()
}

t.test('each cluster is a server, and a channel is on all clusters of its broker, the chosen one first', async (t) => {
  const { servers, channels } = await documentOf()
  t.same(servers, {
    production: {
      host: 'kafka-1:9093', protocol: 'kafka-secure', security: [{ $ref: '#/components/securitySchemes/scram-sha-512' }]
    },
    localhost: { host: 'memory', protocol: 'kafka' },
    'billing.localhost': { host: 'memory', protocol: 'kafka' },
    'billing.production': {
      host: 'kafka-1:9093', protocol: 'kafka-secure', security: [{ $ref: '#/components/securitySchemes/scram-sha-512' }]
    },
    localhost_2: { host: 'memory', protocol: 'kafka' }
  })
  t.same(channels.orders?.servers, [{ $ref: '#/servers/production' }, { $ref: '#/servers/localhost' }])
  t.same(channels['billing.invoices']?.servers, [
    { $ref: '#/servers/billing.localhost' }, { $ref: '#/servers/billing.production' }
  ])
})

t.test('clusters are described by their names', async (t) => {
  const { servers } = await documentOf({
    servers: { production: { description: 'The real one' }, 'billing.production': { host: 'kafka.example.com:9092' } }
  })
  t.match(servers, {
    production: { description: 'The real one', host: 'kafka-1:9093' },
    'billing.production': { host: 'kafka.example.com:9092' }
  })
  await t.rejects(documentOf({ servers: { default: { title: 'None' } } }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: /no broker and of no cluster: there are production, localhost, billing.localhost, billing.production/
  })
})
