import t from 'tap'
import { Type } from '@sinclair/typebox'
import { KafkaRouter } from '../../../index.js'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { document } from '../../support/document-app.js'

const schema = {
  value: Type.Object({ sku: Type.String() }),
  reply: Type.Object({ amount: Type.Number() }, { $id: 'Price' })
}

t.test('what answers is in the document, for those that ask and those that answer', async (t) => {
  const written = await document(t, (app) => {
    app.broker.publisher('quotes', { schema })
    app.broker.subscriber('quotes', { schema }, function priceOf () { return { amount: 1 } })
    app.broker.subscriber('anything', { schema: { reply: Type.String() } }, function say () { return 'a' })
    app.broker.subscriber('cases', {
      by: () => 'one', cases: { one: { schema: { reply: Type.Integer() }, handler: () => 1 } }
    })
    app.broker.includeRouter(new KafkaRouter({ prefix: 'eu.' }))
  }, { clientId: 'shop', topicPrefix: 'eu.' })
  t.same(await diagnostics(written), [])
  const { channels, operations, components } = written
  t.strictSame(operations.priceOf.reply, {
    address: {
      location: '$message.header#/reply_to',
      description: 'The topic that the message names, if it is one that may be answered to'
    },
    channel: { $ref: '#/channels/replies' },
    messages: [{ $ref: '#/channels/replies/messages/Price' }]
  })
  t.strictSame(operations['sendEuQuotes'].reply, {
    channel: { $ref: '#/channels/eu.replies.shop' },
    messages: [{ $ref: '#/channels/eu.replies.shop/messages/Price' }]
  })
  t.strictSame(channels.replies.address, null)
  t.strictSame(channels.replies.bindings, { kafka: { bindingVersion: '0.5.0' } })
  const topic = 'eu.replies.shop'
  t.match(channels[topic], { address: topic, bindings: { kafka: { topic } } })
  t.match(components.messages.Price, {
    payload: { $ref: '#/components/schemas/Price' }, contentType: 'application/json'
  })
  t.equal(operations.say.messages, undefined, 'a schema of the reply says nothing about what is received')
  t.match(operations.say.reply.messages, [{ $ref: /EuAnythingReply$/ }])
  t.ok(Object.keys(channels.replies.messages).includes('OneReply'))
})

t.test('a reply whose JSON Schema is not known is named', async (t) => {
  class Joi {}
  const written = await document(t, (app) => {
    app.setValidatorCompiler(() => () => true)
    app.broker.publisher('quotes', { schema: { reply: new Joi() } })
  })
  t.match(written.components.messages.QuotesReply, { 'x-unknown-schemas': ['value'] })
  t.same(await diagnostics(written), [])
})

t.test('an app without requests has no channel of replies', async (t) => {
  const { channels, operations } = await document(t, (app) => { app.broker.subscriber('orders', () => {}) })
  t.same(Object.keys(channels).sort(), ['orders', 'orders.dlq'])
  t.equal(operations.receiveOrders.reply, undefined)
})
