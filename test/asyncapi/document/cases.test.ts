import t from 'tap'
import { Type } from '@sinclair/typebox'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { document } from '../../support/document-app.js'

t.test('each case is an operation with a message of its own, in one channel', async (t) => {
  const found = await document(t, (app) => {
    const receipts = app.broker.publisher('receipts')
    app.broker.subscriber('events', {
      groupId: 'shop',
      by: ({ headers }) => headers.type,
      cases: {
        'order.placed': {
          schema: { value: Type.Object({ id: Type.String() }) },
          title: 'Take an order',
          tags: ['orders'],
          handler () {}
        },
        'order.paid': { schema: { value: Type.Object({}, { $id: 'Payment' }) }, publish: receipts, handler () {} },
        'order.lost': { handler () {} }
      },
      otherwise () {}
    })
  })
  const { channels, operations, components } = found
  const own = Object.fromEntries(Object.entries<any>(operations).filter(([, { action }]) => action === 'receive'))
  t.same(Object.keys(own), ['events.order.lost', 'events.order.paid', 'events.order.placed', 'events.otherwise'])
  t.match(own['events.order.placed'], {
    channel: { $ref: '#/channels/events' },
    title: 'Take an order',
    tags: [{ name: 'orders' }],
    messages: [{ $ref: '#/channels/events/messages/OrderPlaced' }],
    bindings: { kafka: { groupId: { enum: ['shop'] } } },
    'x-kafka-consumer': { type: 'order.placed', deadLetterTopic: 'events.dlq' }
  })
  t.match(own['events.order.paid'], {
    messages: [{ $ref: '#/channels/events/messages/Payment' }], 'x-publishes': [{ $ref: '#/channels/receipts' }]
  })
  t.notOk('messages' in own['events.otherwise'], 'the others may be any message of the channel')
  t.notOk('type' in own['events.otherwise']['x-kafka-consumer'])
  t.same(Object.keys(channels.events.messages), ['OrderLost', 'OrderPlaced', 'Payment'])
  t.match(components.messages.OrderPlaced, { payload: { $ref: '#/components/schemas/OrderPlacedPayload' } })
  t.same(await diagnostics(found), [])
})
