import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { Type as Type034 } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { parse } from 'yaml'
import faststreamPlugin, { type AsyncapiDocument, type AsyncapiOptions, type FaststreamOptions } from '../../index.js'
import { DEAD_LETTER_STAGES } from '../../lib/message/dead-letter-headers.js'
import { testBroker } from '../../lib/testing/index.js'
import { diagnostics } from '../support/asyncapi-rules.js'
import { SECRETS, torture } from '../support/torture.js'

async function document (t: Test, declare: (app: Awaited<ReturnType<typeof make>>) => void, options: FaststreamOptions = {}) {
  const app = await make(t, options)
  declare(app)
  await testBroker(app)
  return app.asyncapi() as AsyncapiDocument & { servers: any, channels: any, operations: any, components: any }
}

async function make (t: Test, options: FaststreamOptions) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

async function tortured (t: Test, options?: AsyncapiOptions, backwards?: boolean) {
  const app = await torture(options, backwards)
  t.teardown(() => app.close())
  await testBroker(app)
  return app
}

function production (t: Test): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => { if (NODE_ENV === undefined) delete process.env.NODE_ENV; else process.env.NODE_ENV = NODE_ENV })
}

t.test('a torture app gives a document without a fault, in each version of AsyncAPI', async (t) => {
  for (const specVersion of ['3.0.0', '3.1.0'] as const) {
    const app = await tortured(t, { specVersion, info: { title: 'Torture', version: '1.2.3', license: { name: 'MIT', url: 'https://example.com/license' }, contact: { name: 'Team' } }, tags: [{ name: 'orders', description: 'Their life' }], externalDocs: { url: 'https://example.com' } })
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
  t.match(components.schemas, { Item: { properties: { url: {} } }, Item_2: { required: ['sku'] }, NewsListsPayload: { items: { $ref: '#/components/schemas/Item' } }, WarehouseListsPayload: { items: { $ref: '#/components/schemas/Item_2' } } })
  t.same(Object.keys(channels.warehouse.messages), ['Item_2'])
  t.match(components.schemas, { Order: { title: 'An order' }, Order_2: { properties: { bill: {} } } })
})

t.test('no secret is in it, and in production no host', async (t) => {
  const app = await tortured(t)
  const seen = app.asyncapi({ yaml: true })
  t.same(SECRETS.filter((secret) => seen.includes(secret)), ['kafka-1.internal', 'bills.internal'], 'one host of each cluster')
  t.match(app.asyncapi().servers, { default: { host: 'kafka-1.internal:9092', protocol: 'kafka-secure', security: [{ $ref: '#/components/securitySchemes/scram-sha-512' }] }, billing: { host: 'bills.internal:9093', security: undefined } })

  production(t)
  const hidden = (await tortured(t, {}))
  t.same(SECRETS.filter((secret) => hidden.asyncapi({ yaml: true }).includes(secret)), [])
  t.match(hidden.asyncapi().servers, { default: { host: '{host}', variables: { host: {} } } })
  t.same(await diagnostics(hidden.asyncapi()), [])

  const written = await tortured(t, { servers: { billing: { host: 'kafka.example.com:9092', title: 'Bills', protocolVersion: '4.1' } } })
  t.strictSame(written.asyncapi().servers?.billing, { host: 'kafka.example.com:9092', protocol: 'kafka-secure', title: 'Bills', protocolVersion: '4.1' })
  t.match(written.asyncapi().servers, { default: { host: '{host}' } })
})

t.test('how one proves who one is', async (t) => {
  const cases: Array<[Partial<FaststreamOptions>, string, object]> = [
    [{ sasl: { mechanism: 'plain', username: 'u', password: 'p' } }, 'plain', { type: 'plain' }],
    [{ sasl: { mechanism: 'SCRAM-SHA-256' as 'scram-sha-256', username: 'u', password: 'p' } }, 'scram-sha-256', { type: 'scramSha256' }],
    [{ sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'p' }) } }, 'oauthbearer', { type: 'oauth2', flows: {} }],
    [{ sasl: { mechanism: 'aws', authorizationIdentity: 'u', accessKeyId: 'u', secretAccessKey: 'p' } }, 'aws', { type: 'userPassword', description: 'SASL AWS' }],
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
  t.match(made, { info: { title: 'fastify-faststream', version: /^\d+\.\d+\.\d+$/ }, servers: { default: { host: 'memory', protocol: 'kafka' } }, channels: {}, operations: {} })
  t.same(await diagnostics(made), [])
})

t.test('a topic is a channel, with what is known of it', async (t) => {
  const { channels } = await document(t, ({ broker }) => { broker.publisher('orders') }, { topicConfig: { partitions: 6 } })
  t.strictSame(channels.orders, {
    address: 'orders',
    servers: [{ $ref: '#/servers/default' }],
    messages: { Orders: { $ref: '#/components/messages/Orders' } },
    bindings: { kafka: { topic: 'orders', partitions: 6, bindingVersion: '0.5.0' } }
  })
  const made = (await tortured(t)).asyncapi() as any
  t.match(made.channels['orders.created'].bindings.kafka, { partitions: 12, replicas: 3 })
  t.strictSame(made.channels['billing.bills'], {
    address: 'bills',
    servers: [{ $ref: '#/servers/billing' }],
    messages: { Bills: { $ref: '#/components/messages/Bills' }, bill: { $ref: '#/components/messages/bill' } },
    bindings: { kafka: { topic: 'bills', bindingVersion: '0.5.0' } }
  }, 'topics that the app does not make are as they are')
})

t.test('clusters whose names and topics read alike stay apart', async (t) => {
  const app = await make(t, {})
  for (const name of ['a b', 'a_b']) await app.register(faststreamPlugin, { name })
  for (const { publisher } of Object.values(app.brokers as unknown as Record<string, typeof app.broker>).map((broker) => ({ publisher: (topic: string) => broker.publisher(topic) }))) publisher('t')
  app.broker.publisher('a_b.t')
  await app.ready()
  t.match(app.asyncapi(), {
    servers: { default: {}, a_b: {}, a_b_2: {} },
    channels: {
      t: { servers: [{ $ref: '#/servers/default' }] },
      'a_b.t': { address: 'a_b.t' },
      'a_b.t_2': { address: 't', servers: [{ $ref: '#/servers/a_b' }] },
      'a_b.t_3': { address: 't', servers: [{ $ref: '#/servers/a_b_2' }] }
    }
  })
})

t.test('names of broker and topic do not repeat each other', async (t) => {
  const app = await make(t, {})
  await app.register(faststreamPlugin, { name: 'billing' })
  await app.register(faststreamPlugin, { name: '---' })
  const brokers = app.brokers as unknown as Record<string, typeof app.broker>
  for (const topic of ['billing.invoices', 'Billing', 'billings', 'invoices']) brokers.billing?.publisher(topic)
  brokers['---']?.publisher('dashes')
  app.broker.publisher('billing.invoices', { schema: { value: { type: 'object' } } })
  app.broker.publisher('orders.payload', { schema: { value: { type: 'object' } } })
  await app.ready()
  const { operations, channels, components } = app.asyncapi() as any
  t.same(Object.keys(operations), ['sendBilling', 'sendBillingBillings', 'sendBillingInvoices', 'sendBillingInvoices2', 'sendBillingInvoices3', 'sendOrdersPayload', 'sendUnnamedDashes'])
  t.match(channels, { 'billing.invoices': { servers: [{ $ref: '#/servers/default' }] }, 'billing.invoices_2': { address: 'billing.invoices', servers: [{ $ref: '#/servers/billing' }] } })
  t.same(Object.keys(components.schemas), ['BillingInvoicesPayload', 'OrdersPayload'])
})

t.test('a subscriber says where its results go', async (t) => {
  const app = await make(t, {})
  await app.register(faststreamPlugin, { name: 'billing' })
  const { billing } = app.brokers as unknown as Record<'billing', typeof app.broker>
  const foreign = await make(t, { name: 'foreign' })
  const shipped = app.broker.publisher('shipped')
  const publish = [billing.publisher('invoices'), shipped, app.broker.publisher('shipped', { title: 'Again' }), app.broker.publisher('secret', { includeInSchema: false }), (foreign.brokers as unknown as Record<string, typeof app.broker>).foreign!.publisher('elsewhere')]
  app.broker.subscriber('orders', { publish }, async function price () {})
  app.broker.subscriber('returns', { publish: publish.slice(4) }, async function takeBack () {})
  await app.ready()
  const { operations } = app.asyncapi() as any
  t.same(operations.price['x-publishes'], [{ $ref: '#/channels/billing.invoices' }, { $ref: '#/channels/shipped' }])
  t.notOk('x-publishes' in operations.takeBack)
  t.same(await diagnostics(app.asyncapi()), [])
})

t.test('a subscriber is an operation for each of its topics, called as its handler', async (t) => {
  const { operations } = (await tortured(t)).asyncapi() as any
  t.strictSame(operations.price, {
    action: 'receive',
    channel: { $ref: '#/channels/orders.created' },
    title: 'Price it',
    description: 'At *least* once',
    tags: [{ name: 'orders' }, { name: 'pricing' }],
    messages: [{ $ref: '#/channels/orders.created/messages/Order' }],
    bindings: { kafka: { groupId: { type: 'string', enum: ['shop'] }, clientId: { type: 'string', enum: ['shop-1'] }, bindingVersion: '0.5.0' } },
    'x-kafka-consumer': { ackPolicy: 'REJECT_ON_ERROR', ordering: 'partition', retries: 5, deadLetterTopic: 'orders.created.dlq' }
  })
  t.strictSame(operations.audit, {
    action: 'receive',
    channel: { $ref: '#/channels/orders.created' },
    tags: [{ name: 'deprecated' }],
    bindings: { kafka: { groupId: { type: 'string', enum: ['audit'] }, clientId: { type: 'string', enum: ['shop-1'] }, bindingVersion: '0.5.0' } },
    'x-kafka-consumer': { ackPolicy: 'NACK_ON_ERROR', ordering: 'key' },
    'x-deprecated': true
  }, 'without a schema it takes what is there')
  t.match(operations, {
    takeBackReturns: { channel: { $ref: '#/channels/returns' }, 'x-kafka-consumer': { retries: 0 } },
    takeBackRefunds: { channel: { $ref: '#/channels/refunds' } },
    receivePings: {},
    receivePongs: {},
    take: { channel: { $ref: '#/channels/a-b' } },
    take_2: { channel: { $ref: '#/channels/a_b' } },
    receiveOrdersCreated: { bindings: { kafka: { groupId: undefined } } }
  })
})

t.test('a publisher is an operation, and those that say the same are one', async (t) => {
  const { operations } = (await tortured(t)).asyncapi() as any
  t.strictSame(operations.sendOrdersCreated, {
    action: 'send',
    channel: { $ref: '#/channels/orders.created' },
    title: 'An order was accepted',
    tags: [{ name: 'orders' }],
    messages: [{ $ref: '#/channels/orders.created/messages/Order' }],
    bindings: { kafka: { clientId: { type: 'string', enum: ['shop-1'] }, bindingVersion: '0.5.0' } }
  })
  t.match(operations, { sendInvoices: {}, sendInvoices_2: {}, sendHeartbeats: {}, sendHeartbeats_2: undefined, sendBytes: { messages: [{ $ref: '#/channels/bytes/messages/Bytes' }] }, sendBillingOrdersCreated: { channel: { $ref: '#/channels/billing.orders.created' } } })
})

t.test('a message has its parts, and the examples of all who know it', async (t) => {
  const { components: { messages } } = (await tortured(t)).asyncapi() as any
  t.match(messages.Order, {
    name: 'Order',
    title: 'An order',
    contentType: 'application/json',
    headers: { type: 'object', required: ['tenant'], properties: { tenant: { type: 'string' } } },
    correlationId: { $ref: '#/components/correlationIds/correlation_id' },
    payload: { $ref: '#/components/schemas/Order' },
    bindings: { kafka: { key: { type: 'string', format: 'uuid' }, bindingVersion: '0.5.0' } },
    examples: [{ name: 'small', headers: { tenant: 'a' }, payload: {} }, { summary: 'with a note', payload: { note: null } }]
  })
  t.match(messages.Shapes.headers, { type: 'object', allOf: [{ allOf: [{}, {}] }] }, 'headers are an object at first sight')
  t.same(messages.Sizes.bindings.kafka.key, { allOf: [{ $ref: '#/components/schemas/Id' }] })
  t.strictSame(messages.Bytes, { name: 'Bytes', correlationId: { $ref: '#/components/correlationIds/correlation_id' } }, 'without a schema nothing is said')

  const app = await make(t, {})
  app.setValidatorCompiler(() => () => true)
  app.broker.publisher('raw', { schema: { value: Type034.Uint8Array() } })
  await app.ready()
  t.match((app.asyncapi() as any).components.messages.Raw, { contentType: 'application/octet-stream' })
})

t.test('messages of one topic with one value are one, unless they contradict each other', async (t) => {
  const value = { $id: 'Order', type: 'object' }
  const [text, number, tenant] = [{ type: 'string' }, { type: 'integer' }, { type: 'object', required: ['tenant'] }]
  const { channels, components: { messages } } = await document(t, ({ broker }) => {
    broker.publisher('orders', { schema: { value, key: text } })
    broker.subscriber('orders', { schema: { value, headers: tenant } }, () => {})
    broker.subscriber('orders', { groupId: 'other', schema: { value, key: number } }, () => {})
    broker.publisher('orders', { schema: { key: number } })
  })
  t.same(Object.keys(channels.orders.messages), ['Order', 'Order_2', 'Orders'])
  t.match(messages, { Order: { headers: tenant, bindings: { kafka: { key: text } } }, Order_2: { headers: undefined, bindings: { kafka: { key: number } } }, Orders: { payload: undefined, bindings: { kafka: { key: number } } } })
})

t.test('dead letters are sent, with what their headers say', async (t) => {
  const { channels, operations, components } = (await tortured(t)).asyncapi() as any
  t.match(operations, {
    sendOrdersCreatedDlq: { action: 'send', title: 'Dead letters of orders.created', tags: [{ name: 'dead-letter' }], messages: [{ $ref: '#/channels/orders.created.dlq/messages/DeadLetter' }] },
    sendLost: { title: 'Dead letters of a-b, a_b' }
  })
  t.match(channels['orders.created.dlq'], { tags: [{ name: 'dead-letter' }], messages: { DeadLetter: {}, Order_2: {} } })
  t.notOk('payload' in components.messages.DeadLetter, 'its bytes may be anything')
  t.notOk('messages' in operations.bury)
})

t.test('a dead letter of every stage is valid against the document of its app', async (t) => {
  const app = await make(t, { retry: { retries: 0 } })
  const value = { type: 'object' }
  const results = app.broker.publisher('results', { schema: { value } })
  app.broker.subscriber('undecodable', () => {})
  app.broker.subscriber('invalid', { schema: { value } }, () => {})
  app.broker.subscriber('failing', () => { throw new Error('no') })
  app.broker.subscriber('rejecting', (_, message) => { message.reject('no') })
  app.broker.subscriber('answering', { publish: results }, () => 1)
  app.broker.subscriber('long', { bodyLimit: 500 }, () => {})
  app.broker.subscriber('huge', { bodyLimit: 500 }, () => {})
  app.broker.subscriber('failing.dlq', () => { throw new Error('no again') })
  const broker = await testBroker(app)
  await broker.publish('undecodable', Buffer.from('{'), { headers: { 'content-type': 'application/json' } })
  for (const topic of ['invalid', 'failing', 'rejecting', 'answering']) await broker.publish(topic, [])
  await broker.publish('long', 'x'.repeat(1000))
  await broker.publish('huge', 1, { headers: { large: 'x'.repeat(1000) } })
  await broker.settled()
  const { headers } = (app.asyncapi() as any).components.messages.DeadLetter
  const validate = new Ajv({ strict: false, formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) } }).compile({ ...headers, additionalProperties: false })
  const letters = ['undecodable', 'invalid', 'failing', 'rejecting', 'answering', 'long', 'huge', 'failing.dlq'].map((topic) => broker.published(`${topic}.dlq`))
  t.same(letters.map(({ length }) => length), [1, 1, 1, 1, 1, 1, 1, 1])
  const written = letters.flat().map(({ headers }) => Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-dlq-'))))
  for (const own of written) t.ok(validate(own), `${own['x-dlq-topic']} ${own['x-dlq-stage']} ${JSON.stringify(validate.errors)}`)
  t.same([...new Set(written.map((own) => own['x-dlq-stage']))].sort(), [...DEAD_LETTER_STAGES].sort(), 'no stage is left out')
})

t.test('subscribers that differ only in how they handle messages have their names in whatever order they are declared', async (t) => {
  const differences = [{ ackPolicy: 'ACK' }, { ordering: 'key' }, { retry: { retries: 1 } }, { deadLetter: false }, {}] as const
  const declared = async (options: ReadonlyArray<typeof differences[number]>) => await document(t, ({ broker }) => {
    for (const each of options) broker.subscriber('orders', { groupId: null, ...each }, () => {})
  })
  const { operations } = await declared(differences)
  t.equal(Object.values(operations).length, 6)
  t.same((await declared(differences.toReversed())).operations, operations)
})

t.test('a topic may have no letter that could be part of a name', async (t) => {
  const made = await document(t, ({ broker }) => {
    broker.publisher('_')
    broker.subscriber('-', { schema: { value: { type: 'object' } } }, () => {})
  })
  t.match(made, { operations: { sendTopic: {}, receiveTopic: {} }, components: { messages: { Topic: {}, Topic_2: {} } } })
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
  t.same([Object.keys(made.servers), Object.keys(made.channels), Object.keys(made.operations)], [['default', 'half'], ['half.results'], ['sendHalfResults']])
})

t.test('what is no JSON Schema is a message without a payload', async (t) => {
  class ZodObject {}
  const app = await make(t, {})
  app.setValidatorCompiler(() => () => true)
  app.broker.publisher('orders', { schema: { value: new ZodObject() } })
  await app.ready()
  t.notOk('payload' in (app.asyncapi() as any).components.messages.Orders)
})

t.test('transform has the last word, once', async (t) => {
  let calls = 0
  const made = await document(t, ({ broker }) => { broker.publisher('orders') }, {
    asyncapi: { transform: (document) => { calls++; Object.assign(document.channels.orders as object, { description: 'Keyed by customer' }); return { ...document, 'x-team': 'orders' } } }
  })
  t.match(made, { channels: { orders: { description: 'Keyed by customer' } }, 'x-team': 'orders' })
  t.equal(calls, 1)
  t.same(await diagnostics(made), [])
})

t.test('who gets a document may change it', async (t) => {
  const app = await make(t, {})
  await app.ready()
  app.asyncapi().channels.mine = {}
  t.same(app.asyncapi().channels, {})
})

t.test('a schema that refers to nothing stops the start, and names itself', async (t) => {
  const app = await make(t, {})
  app.setValidatorCompiler(() => () => true)
  app.broker.subscriber('orders', { schema: { headers: { $ref: 'Nowhere#' } } }, () => {})
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: "the headers schema of 'orders' cannot be compiled: can't resolve reference Nowhere#" })
})
