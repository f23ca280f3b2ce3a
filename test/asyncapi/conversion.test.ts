import t from 'tap'
import Fastify from 'fastify'
import * as z from 'zod'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { memoryLog } from '../support/json-log.js'
import { diagnostics } from '../support/asyncapi-rules.js'

/* Schemas of other libraries, in the document of an app. */

t.test('a schema of Zod is converted, and others by asyncapi.jsonSchema', async (t) => {
  class Joi { readonly type = 'object' }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    asyncapi: { jsonSchema: (schema) => schema instanceof Joi ? { type: schema.type } : undefined }
  })
  app.setValidatorCompiler(() => () => true)
  app.broker.publisher('orders', {
    schema: { value: z.object({ id: z.string() }).meta({ id: 'Order' }), key: z.uuid(), headers: new Joi() }
  })
  await app.ready()
  const document = app.asyncapi() as any
  t.match(document.components.messages.Order, {
    payload: { $ref: '#/components/schemas/Order' },
    headers: { type: 'object' },
    bindings: { kafka: { key: { type: 'string', format: 'uuid' } } }
  })
  t.same(await diagnostics(document), [])
})

t.test('a schema that cannot be converted is declared in the document, and in one line of the log', async (t) => {
  class Joi {}
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  app.setValidatorCompiler(() => () => true)
  const [order, other] = [
    { value: new Joi() }, { value: { toJSONSchema () { throw new Error('a map has no form') } }, key: new Joi() }
  ]
  app.broker.publisher('orders', { schema: order })
  app.broker.subscriber('orders', { schema: { ...order, headers: new Joi() } }, () => {})
  app.broker.publisher('orders', { schema: { key: { type: 'string' } } })
  app.broker.publisher('others', { schema: other })
  await testBroker(app)
  const document = app.asyncapi() as any
  const { messages } = document.components
  t.match(messages.Orders_2, { contentType: 'application/json', 'x-unknown-schemas': ['headers', 'value'] })
  t.match(messages.Others, { 'x-unknown-schemas': ['key', 'value'] })
  t.notOk('payload' in messages.Orders_2)
  t.same(
    Object.keys(document.channels.orders.messages), ['Orders', 'Orders_2'], 'a value without a schema is another one'
  )
  t.same(await diagnostics(document), [])
  app.asyncapi({ yaml: true })
  const reason = 'it has no JSON Schema form'
  t.match(lines.filter(({ msg }) => msg.includes('asyncapi.jsonSchema')), [{
    level: 40,
    schemas: [
      `value of 'orders': ${reason}`,
      `headers of 'orders': ${reason}`,
      "value of 'others': a map has no form",
      `key of 'others': ${reason}`
    ]
  }])
})
