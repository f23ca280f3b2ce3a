import { Type } from '@sinclair/typebox'
import t from 'tap'
import type { AsyncapiDocument, Codec, FaststreamOptions } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { build } from '../../support/plugin-app.js'
import { build as buildPage } from '../../support/publish-app.js'

const schema = { value: Type.Object({ id: Type.String() }, { $id: 'Order' }) }
const avro: Codec = { contentType: 'application/avro', decode: String, encode: String }
const nameless: Codec = { decode: String, encode: String }

/** The content types of all messages but dead letters, by their names. */
function typesIn (document: AsyncapiDocument): Record<string, unknown> {
  const { DeadLetter: _, ...own } = document.components.messages ?? {}
  return Object.fromEntries(Object.entries(own).map(([name, message]) => [name, (message as any).contentType]))
}

t.test('the content type of a message is that of its codec', async (t) => {
  const cases: Array<[codec: FaststreamOptions['codec'], type: string | undefined]> = [
    [undefined, 'application/json'], ['json', 'application/json'], ['text', 'text/plain'],
    ['bytes', 'application/octet-stream'], [avro, 'application/avro'], [nameless, undefined],
    [{ value: avro }, 'application/avro'], [{ key: avro }, 'application/json']
  ]
  for (const [codec, type] of cases) {
    const app = await build(t, { codec })
    app.broker.subscriber('orders', { schema }, () => {})
    app.broker.publisher('others', { schema })
    await testBroker(app)
    t.same(typesIn(app.asyncapi()), { Order: type })
  }
  const app = await build(t, { codec: 'text' })
  app.broker.publisher('orders', { codec: avro })
  await testBroker(app)
  t.same(typesIn(app.asyncapi()), { Orders: 'application/avro' }, 'also without a schema')
})

t.test('one schema in two formats is two messages of a topic, and no format agrees with each', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { schema, codec: avro, groupId: 'a' }, () => {})
  app.broker.subscriber('orders', { schema, codec: nameless, groupId: 'b' }, () => {})
  app.broker.publisher('orders', { schema })
  await testBroker(app)
  t.same(Object.values(typesIn(app.asyncapi())).sort(), ['application/avro', 'application/json'])
})

t.test('the page publishes to a subscriber in its format', async (t) => {
  const handled: unknown[] = []
  const { publish, broker } = await buildPage(t, {
    declare (app) {
      const codec: Codec = {
        contentType: 'text/x',
        async decode (bytes) {
          if (String(bytes) === '"no"') throw new Error('no x')
          return { x: JSON.parse(String(bytes)) as unknown }
        },
        encode: (value) => JSON.stringify(value)
      }
      const schema = { value: Type.Object({ x: Type.Integer() }) }
      app.broker.subscriber('in', { codec, schema }, async function take (value) { handled.push(value) })
      app.broker.publisher('out', { codec: 'text' })
    }
  })
  t.equal((await publish('take', { value: 7 })).statusCode, 200)
  await broker.settled()
  t.same(handled, [{ x: 7 }])
  t.match(broker.published('in'), [{ value: '7', headers: { 'content-type': 'text/x' } }])
  t.match((await publish('take', { value: 'x' })).json(), { statusCode: 400, message: 'value/x must be integer' })
  t.match((await publish('take', { value: 'no' })).json(), { statusCode: 400, message: /cannot be decoded: no x/ })
  t.match((await publish('sendOut', { value: 7 })).json(), { statusCode: 400, message: /codec 'text' takes a string/ })
  t.equal((await publish('sendOut', { value: 'line' })).statusCode, 200)
  t.match(broker.published('out'), [{ value: 'line' }])
})
