import t from 'tap'
import { Type as Type034 } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { DEAD_LETTER_STAGES } from '../../../lib/message/dead-letter-headers.js'
import { testBroker } from '../../../lib/testing/index.js'
import { document, make, tortured } from '../../support/document-app.js'

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
    examples: [
      { name: 'small', headers: { tenant: 'a' }, payload: {} }, { summary: 'with a note', payload: { note: null } }
    ]
  })
  t.match(
    messages.Shapes.headers, { type: 'object', allOf: [{ allOf: [{}, {}] }] }, 'headers are an object at first sight'
  )
  t.same(messages.Sizes.bindings.kafka.key, { allOf: [{ $ref: '#/components/schemas/Id' }] })
  t.strictSame(
    messages.Bytes,
    { name: 'Bytes', correlationId: { $ref: '#/components/correlationIds/correlation_id' } },
    'without a schema nothing is said'
  )

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
  t.match(messages, {
    Order: { headers: tenant, bindings: { kafka: { key: text } } },
    Order_2: { headers: undefined, bindings: { kafka: { key: number } } },
    Orders: { payload: undefined, bindings: { kafka: { key: number } } }
  })
})

t.test('dead letters are sent, with what their headers say', async (t) => {
  const { channels, operations, components } = (await tortured(t)).asyncapi() as any
  t.match(operations, {
    sendOrdersCreatedDlq: {
      action: 'send',
      title: 'Dead letters of orders.created',
      tags: [{ name: 'dead-letter' }],
      messages: [{ $ref: '#/channels/orders.created.dlq/messages/DeadLetter' }]
    },
    sendLost: { title: 'Dead letters of a-b, a_b' }
  })
  t.match(channels['orders.created.dlq'], {
    tags: [{ name: 'dead-letter' }], messages: { DeadLetter: {}, Order_2: {} }
  })
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
  const validate = new Ajv({
    strict: false, formats: { 'date-time': (text: string) => !Number.isNaN(Date.parse(text)) }
  }).compile({ ...headers, additionalProperties: false })
  const letters = [
    'undecodable', 'invalid', 'failing', 'rejecting', 'answering', 'long', 'huge', 'failing.dlq'
  ].map((topic) => broker.published(`${topic}.dlq`))
  t.same(letters.map(({ length }) => length), [1, 1, 1, 1, 1, 1, 1, 1])
  const written = letters.flat().map(({ headers }) => Object.fromEntries(Object.entries(headers).filter(
    ([name]) => name.startsWith('x-dlq-')
  )))
  for (const own of written) {
    t.ok(validate(own), `${own['x-dlq-topic']} ${own['x-dlq-stage']} ${JSON.stringify(validate.errors)}`)
  }
  t.same(
    [...new Set(written.map((own) => own['x-dlq-stage']))].sort(),
    [...DEAD_LETTER_STAGES].sort(),
    'no stage is left out'
  )
})

t.test('what is no JSON Schema is a message without a payload', async (t) => {
  class ZodObject {}
  const app = await make(t, {})
  app.setValidatorCompiler(() => () => true)
  app.broker.publisher('orders', { schema: { value: new ZodObject() } })
  await app.ready()
  t.notOk('payload' in (app.asyncapi() as any).components.messages.Orders)
})
