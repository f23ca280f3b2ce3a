import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin, { type AsyncapiOptions, type FaststreamOptions } from '../../index.js'

const Money = Type.Object({
  amount: Type.String({ pattern: '^[0-9]+\\.[0-9]{2}$', description: 'With two decimals', examples: ['19.90'] }),
  currency: Type.Unsafe<string>({ type: 'string', enum: ['EUR', 'USD', 'CHF'], default: 'EUR' })
}, { $id: 'Money' })
const Category = Type.Recursive(
  (This) => Type.Object({ name: Type.String({ minLength: 1 }), within: Type.Optional(This) }), { $id: 'Category' }
)
const Line = Type.Object({
  sku: Type.String({ pattern: '^[A-Z]{2}-[0-9]+$', description: 'What is ordered', examples: ['TS-1042'] }),
  quantity: Type.Integer({ minimum: 1, maximum: 99, default: 1 }),
  price: Type.Unsafe({ $ref: 'Money#' }),
  category: Type.Optional(Type.Unsafe({ $ref: 'Category#' }))
}, { $id: 'Line' })
const Order = Type.Object({
  id: Type.String({ format: 'uuid' }),
  customer: Type.Object({
    name: Type.String({ minLength: 1, maxLength: 80 }), email: Type.String({ format: 'email' })
  }),
  lines: Type.Array(Type.Unsafe({ $ref: 'Line#' }), { minItems: 1 }),
  payment: Type.Union([
    Type.Object({ kind: Type.Literal('card'), last4: Type.String({ minLength: 4, maxLength: 4 }) }),
    Type.Object({ kind: Type.Literal('invoice'), days: Type.Integer({ minimum: 7 }) })
  ]),
  note: Type.Optional(Type.Unsafe({ type: ['string', 'null'], maxLength: 500 })),
  placedAt: Type.String({ format: 'date-time' })
}, { $id: 'Order', additionalProperties: false })
const Invoice = Type.Object(
  { number: Type.String(), orderId: Type.String({ format: 'uuid' }), total: Type.Unsafe({ $ref: 'Money#' }) },
  { $id: 'Invoice' }
)
const Stock = Type.Object({ sku: Type.String(), available: Type.Integer({ minimum: 0 }) }, { $id: 'Stock' })

const order = {
  id: '3f2c8a10-5b7e-4c1d-9a4f-0e6b2d7c8f91',
  customer: { name: 'Ada Lovelace', email: 'ada@example.com' },
  lines: [{ sku: 'TS-1042', quantity: 2, price: { amount: '19.90', currency: 'EUR' } }],
  payment: { kind: 'card', last4: '4242' },
  placedAt: '2026-01-31T12:00:00Z'
}

/** A shop of which a picture can be shown. */
export async function shop (
  asyncapi: AsyncapiOptions = {},
  server: FastifyServerOptions = {},
  before: (app: FastifyInstance) => Promise<void> = async () => {},
  faststream: FaststreamOptions = {}
): Promise<FastifyInstance> {
  const app = Fastify(server)
  await before(app)
  await app.register(faststreamPlugin, {
    ...faststream,
    brokers: ['kafka.example.com:9092'],
    groupId: 'shop',
    clientId: 'shop',
    topicConfig: { partitions: 12, replicas: 3 },
    asyncapi: {
      info: {
        title: 'Shop',
        version: '1.4.0',
        description: 'Takes orders over HTTP and from Kafka, prices them and issues **invoices**.\nWhat it could not handle lies in the dead-letter topics.',
        contact: { name: 'Team Orders', url: 'https://example.com/teams/orders' },
        license: { name: 'MIT', url: 'https://opensource.org/license/mit' }
      },
      externalDocs: { url: 'https://example.com/runbook', description: 'Runbook' },
      servers: { default: { title: 'Production' } },
      tags: [
        { name: 'orders', description: 'From the basket to the invoice' },
        { name: 'stock', description: 'What is on the shelves, and what runs low' }
      ],
      ...asyncapi
    }
  })
  for (const schema of [Money, Category, Line]) app.addSchema(schema)
  const { broker } = app
  const tenant = Type.Object({ tenant: Type.String({ description: 'Whose shop it is', examples: ['berlin'] }) })
  const placed = { value: Order, key: Type.String({ format: 'uuid' }), headers: tenant }

  broker.publisher('orders.placed', {
    schema: placed,
    title: 'An order was placed',
    description: 'Sent once per accepted `POST /orders`, keyed by the order.',
    tags: ['orders'],
    examples: [
      { name: 'card', summary: 'Paid by card', value: order, headers: { tenant: 'berlin' } },
      {
        name: 'invoice',
        summary: 'Paid by invoice',
        value: { ...order, payment: { kind: 'invoice', days: 14 } },
        headers: { tenant: 'bern' }
      }
    ]
  })
  const invoices = broker.publisher('invoices.issued', {
    schema: { value: Invoice }, title: 'An invoice was issued', tags: ['billing']
  })
  const wanted = broker.publisher('stock.wanted', {
    schema: { value: Stock }, title: 'Something runs low', tags: ['stock'], deprecated: true
  })
  broker.subscriber(
    'orders.placed',
    {
      schema: placed,
      title: 'Price the order',
      description: 'Reserves the stock, then prices each line.\n\n- an order that is priced twice gets **one** invoice\n- see the [runbook](https://example.com/runbook/pricing) for what to do with dead letters',
      tags: ['orders', 'pricing'],
      ordering: 'key',
      publish: [invoices, wanted]
    },
    async function priceOrder () { return undefined }
  )
  broker.subscriber(
    'orders.placed',
    {
      schema: placed,
      groupId: 'audit',
      ackPolicy: 'NACK_ON_ERROR',
      deadLetter: false,
      title: 'Write the audit log',
      tags: ['audit']
    },
    async function audit () {}
  )
  broker.subscriber(
    'stock.changed',
    { schema: { value: Stock }, title: 'Follow the stock', tags: ['stock'], retry: { retries: 2 }, publish: wanted },
    async function followStock () { return undefined }
  )
  broker.subscriber('mail.bounced', async function markAddress () {})
  return app
}
