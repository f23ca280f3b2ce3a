import t from 'tap'
import faststreamPlugin from '../../../index.js'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { document, make, tortured } from '../../support/document-app.js'

t.test('a subscriber says where its results go', async (t) => {
  const app = await make(t, {})
  await app.register(faststreamPlugin, { name: 'billing' })
  const { billing } = app.brokers as unknown as Record<'billing', typeof app.broker>
  const foreign = await make(t, { name: 'foreign' })
  const shipped = app.broker.publisher('shipped')
  const publish = [
    billing.publisher('invoices'),
    shipped,
    app.broker.publisher('shipped', { title: 'Again' }),
    app.broker.publisher('secret', { includeInSchema: false }),
    (foreign.brokers as unknown as Record<string, typeof app.broker>).foreign!.publisher('elsewhere')
  ]
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
    bindings: {
      kafka: {
        groupId: { type: 'string', enum: ['shop'] },
        clientId: { type: 'string', enum: ['shop-1'] },
        bindingVersion: '0.5.0'
      }
    },
    'x-kafka-consumer': {
      ackPolicy: 'REJECT_ON_ERROR', ordering: 'partition', retries: 5, deadLetterTopic: 'orders.created.dlq'
    }
  })
  t.strictSame(operations.audit, {
    action: 'receive',
    channel: { $ref: '#/channels/orders.created' },
    tags: [{ name: 'deprecated' }],
    bindings: {
      kafka: {
        groupId: { type: 'string', enum: ['audit'] },
        clientId: { type: 'string', enum: ['shop-1'] },
        bindingVersion: '0.5.0'
      }
    },
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
  t.match(operations, {
    sendInvoices: {},
    sendInvoices_2: {},
    sendHeartbeats: {},
    sendHeartbeats_2: undefined,
    sendBytes: { messages: [{ $ref: '#/channels/bytes/messages/Bytes' }] },
    sendBillingOrdersCreated: { channel: { $ref: '#/channels/billing.orders.created' } }
  })
})

t.test('names of operations do not depend on the order of declaration', async (t) => {
  const differences = [
    { ackPolicy: 'ACK' }, { ordering: 'key' }, { retry: { retries: 1 } }, { deadLetter: false }, {}
  ] as const
  const declared = async (options: ReadonlyArray<typeof differences[number]>) => await document(t, ({ broker }) => {
    for (const each of options) broker.subscriber('orders', { groupId: null, ...each }, () => {})
  })
  const { operations } = await declared(differences)
  t.equal(Object.values(operations).length, 6)
  t.same((await declared(differences.toReversed())).operations, operations)
})
