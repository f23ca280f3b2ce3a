import t from 'tap'
import faststreamPlugin from '../../../index.js'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { document, make, tortured } from '../../support/document-app.js'

t.test('a topic is a channel, with what is known of it', async (t) => {
  const { channels } = await document(
    t, ({ broker }) => { broker.publisher('orders') }, { topicConfig: { partitions: 6 } }
  )
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
  for (const { publisher } of Object.values(app.brokers as unknown as Record<string, typeof app.broker>).map(
    (broker) => ({ publisher: (topic: string) => broker.publisher(topic) })
  )) {
    publisher('t')
  }
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
  t.same(Object.keys(operations), [
    'sendBilling', 'sendBillingBillings', 'sendBillingInvoices', 'sendBillingInvoices2', 'sendBillingInvoices3',
    'sendOrdersPayload', 'sendUnnamedDashes'
  ])
  t.match(channels, {
    'billing.invoices': { servers: [{ $ref: '#/servers/default' }] },
    'billing.invoices_2': { address: 'billing.invoices', servers: [{ $ref: '#/servers/billing' }] }
  })
  t.same(Object.keys(components.schemas), ['BillingInvoicesPayload', 'OrdersPayload'])
})

t.test('a topic may have no letter that could be part of a name', async (t) => {
  const made = await document(t, ({ broker }) => {
    broker.publisher('_')
    broker.subscriber('-', { schema: { value: { type: 'object' } } }, () => {})
  })
  t.match(made, {
    operations: { sendTopic: {}, receiveTopic: {} }, components: { messages: { Topic: {}, Topic_2: {} } }
  })
  t.same(await diagnostics(made), [])
})
