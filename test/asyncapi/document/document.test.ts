import t from 'tap'
import { parse } from 'yaml'
import faststreamPlugin, { type FaststreamOptions } from '../../../index.js'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { SECRETS } from '../../support/torture.js'
import { document, make, tortured, production } from '../../support/document-app.js'

t.test('a torture app gives a document without a fault, in each version of AsyncAPI', async (t) => {
  for (const specVersion of ['3.0.0', '3.1.0'] as const) {
    const app = await tortured(t, {
      specVersion,
      info: {
        title: 'Torture',
        version: '1.2.3',
        license: { name: 'MIT', url: 'https://example.com/license' },
        contact: { name: 'Team' }
      },
      tags: [{ name: 'orders', description: 'Their life' }],
      externalDocs: { url: 'https://example.com' }
    })
    const document = app.asyncapi()
    t.equal(document.asyncapi, specVersion)
    t.ok(Object.keys(document.operations).length >= 40, `${Object.keys(document.operations).length} operations`)
    t.same(await diagnostics(document), [])
  }
})

t.test('the same app gives the same bytes, in whatever order it declares', async (t) => {
  const [first, again, backwards] = [await tortured(t), await tortured(t), await tortured(t, undefined, true)]
  t.equal(first.asyncapi({ yaml: true }), again.asyncapi({ yaml: true }))
  t.equal(backwards.asyncapi({ yaml: true }), first.asyncapi({ yaml: true }))
  t.same(parse(first.asyncapi({ yaml: true })), first.asyncapi())
  t.same(parse(first.asyncapi({ yaml: true }), { version: '1.1' }), first.asyncapi(), 'also for readers of YAML 1.1')
})

t.test('two meanings of one $id are two schemas', async (t) => {
  const { components, channels } = (await tortured(t)).asyncapi() as any
  t.match(components.schemas, {
    Item: { properties: { url: {} } },
    Item_2: { required: ['sku'] },
    NewsListsPayload: { items: { $ref: '#/components/schemas/Item' } },
    WarehouseListsPayload: { items: { $ref: '#/components/schemas/Item_2' } }
  })
  t.same(Object.keys(channels.warehouse.messages), ['Item_2'])
  t.match(components.schemas, { Order: { title: 'An order' }, Order_2: { properties: { bill: {} } } })
})

t.test('no secret is in it, and in production no host', async (t) => {
  const app = await tortured(t)
  const seen = app.asyncapi({ yaml: true })
  t.same(
    SECRETS.filter((secret) => seen.includes(secret)),
    ['kafka-1.internal', 'bills.internal'],
    'one host of each cluster'
  )
  t.match(app.asyncapi().servers, {
    default: {
      host: 'kafka-1.internal:9092',
      protocol: 'kafka-secure',
      security: [{ $ref: '#/components/securitySchemes/scram-sha-512' }]
    },
    billing: { host: 'bills.internal:9093', security: undefined }
  })

  production(t)
  const hidden = (await tortured(t, {}))
  t.same(SECRETS.filter((secret) => hidden.asyncapi({ yaml: true }).includes(secret)), [])
  t.match(hidden.asyncapi().servers, { default: { host: '{host}', variables: { host: {} } } })
  t.same(await diagnostics(hidden.asyncapi()), [])

  const written = await tortured(t, {
    servers: { billing: { host: 'kafka.example.com:9092', title: 'Bills', protocolVersion: '4.1' } }
  })
  t.strictSame(written.asyncapi().servers?.billing, {
    host: 'kafka.example.com:9092', protocol: 'kafka-secure', title: 'Bills', protocolVersion: '4.1'
  })
  t.match(written.asyncapi().servers, { default: { host: '{host}' } })
})

t.test('how one proves who one is', async (t) => {
  const cases: Array<[Partial<FaststreamOptions>, string, object]> = [
    [{ sasl: { mechanism: 'plain', username: 'u', password: 'p' } }, 'plain', { type: 'plain' }],
    [
      { sasl: { mechanism: 'SCRAM-SHA-256' as 'scram-sha-256', username: 'u', password: 'p' } },
      'scram-sha-256',
      { type: 'scramSha256' }
    ],
    [
      { sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'p' }) } },
      'oauthbearer',
      { type: 'oauth2', flows: {} }
    ],
    [
      { sasl: { mechanism: 'aws', authorizationIdentity: 'u', accessKeyId: 'u', secretAccessKey: 'p' } },
      'aws',
      { type: 'userPassword', description: 'SASL AWS' }
    ],
    [{ ssl: { cert: 'c', key: 'k' } }, 'tls', { type: 'X509' }],
    [{ ssl: { pfx: 'c' } }, 'tls', { type: 'X509' }]
  ]
  for (const [options, name, scheme] of cases) {
    const made = await document(t, () => {}, { brokers: ['localhost:9092'], groupId: 'g', ...options })
    t.match(made.components.securitySchemes, { [name]: scheme })
    t.same(await diagnostics(made), [])
  }
  for (const ssl of [{ ca: 'c' }, true, false]) {
    const { servers, components } = await document(t, () => {}, { brokers: ['kafka:9092'], groupId: 'g', ssl })
    t.match(servers.default, { protocol: ssl === false ? 'kafka' : 'kafka-secure', security: undefined })
    t.notOk('securitySchemes' in components)
  }
})

t.test('an app that declares nothing has a document', async (t) => {
  const made = await document(t, () => {})
  t.match(made, {
    info: { title: 'fastify-faststream', version: /^\d+\.\d+\.\d+$/ },
    servers: { default: { host: 'memory', protocol: 'kafka' } },
    channels: {},
    operations: {}
  })
  t.same(await diagnostics(made), [])
})

t.test('includeInSchema: false hides, at every level', async (t) => {
  const { channels, operations } = (await tortured(t)).asyncapi() as any
  t.same([...Object.keys(channels), ...Object.keys(operations)].filter((name) => /secret/i.test(name)), [])

  const app = await make(t, {})
  await app.register(faststreamPlugin, { name: 'hidden', includeInSchema: false })
  await app.register(faststreamPlugin, { name: 'half', includeInSchema: false })
  const { hidden, half } = app.brokers as unknown as Record<'hidden' | 'half', typeof app.broker>
  hidden.subscriber('plans', () => {})
  hidden.publisher('results')
  half.subscriber('plans', () => {})
  half.publisher('results', { includeInSchema: true })
  await app.ready()
  const made = app.asyncapi()
  t.same(
    [Object.keys(made.servers), Object.keys(made.channels), Object.keys(made.operations)],
    [['default', 'half'], ['half.results'], ['sendHalfResults']]
  )
})

t.test('transform has the last word, once', async (t) => {
  let calls = 0
  const made = await document(t, ({ broker }) => { broker.publisher('orders') }, {
    asyncapi: {
      transform: (document) => {
        calls++
        Object.assign(document.channels.orders as object, { description: 'Keyed by customer' })
        return { ...document, 'x-team': 'orders' }
      }
    }
  })
  t.match(made, { channels: { orders: { description: 'Keyed by customer' } }, 'x-team': 'orders' })
  t.equal(calls, 1)
  t.same(await diagnostics(made), [])
})

t.test('a caller may change the document that it gets', async (t) => {
  const app = await make(t, {})
  await app.ready()
  app.asyncapi().channels.mine = {}
  t.same(app.asyncapi().channels, {})
})

t.test('a schema that refers to nothing stops the start, and names itself', async (t) => {
  const app = await make(t, {})
  app.setValidatorCompiler(() => () => true)
  app.broker.subscriber('orders', { schema: { headers: { $ref: 'Nowhere#' } } }, () => {})
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD',
    message: "the headers schema of 'orders' cannot be compiled: can't resolve reference Nowhere#"
  })
})
