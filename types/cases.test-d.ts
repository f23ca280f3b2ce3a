import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { dependency, faststreamPlugin, response } from '../index.js'

/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */

const plain = Fastify()
await plain.register(faststreamPlugin, { groupId: 'shop' })
const app = plain.withTypeProvider<TypeBoxTypeProvider>()
const Placed = Type.Object({ id: Type.String(), total: Type.Number() })
const Paid = Type.Object({ orderId: Type.String() })
const receipts = app.broker.publisher('receipts', { schema: { value: Type.Object({ receipt: Type.String() }) } })
const orders = dependency(() => ({ save (_id: string): void {} }))

app.broker.subscriber('events', {
  ackPolicy: 'MANUAL',
  by: ({ headers, value, key, offset }) => headers.type ?? key?.toString() ?? (offset > 1n ? undefined : String(value)),
  cases: {
    placed: {
      schema: { value: Placed },
      deps: { orders },
      title: 'Take an order',
      handler: (order, { deps, headers, value }) => {
        deps.orders.save(order.id)
        app.log.info(`${headers.tenant} ${value.total.toFixed()}`)
      }
    },
    paid: { schema: { value: Paid }, publish: receipts, handler: async (paid) => ({ receipt: paid.orderId }) },
    refunded: { publish: [receipts], handler: () => response({ receipt: 'r' }, { key: 'a' }) },
    lost: { handler: (value, { headers }) => { app.log.info({ value, tenant: headers.tenant?.length }) } }
  },
  otherwise (value, { log }) { log.info({ value }, this.prefix) }
})

app.broker.subscriber('events', {
  by: () => 'placed',
  cases: {
    // @ts-expect-error: the schema says that total is a number
    placed: { schema: { value: Placed }, handler: (order) => { order.total.toUpperCase() } }
  }
})
// @ts-expect-error: its publisher takes another result
app.broker.subscriber('events', {
  by: () => 'paid',
  cases: {
    paid: { publish: receipts, handler: () => ({ receipt: 1 }) }
  }
})
app.broker.subscriber('events', {
  by: () => 'paid',
  cases: {
    // @ts-expect-error: it declares no such dependency
    paid: { deps: { orders }, handler: (_, { deps }) => { deps.invoices() } }
  }
})
// @ts-expect-error: a case has a handler
app.broker.subscriber('events', {
  by: () => 'paid',
  cases: {
    paid: { schema: { value: Paid } }
  }
})
// @ts-expect-error: by is no async function
app.broker.subscriber('events', { by: async () => 'paid', cases: { paid: { handler () {} } } })
// @ts-expect-error: no such treatment
app.broker.subscriber('events', { by: () => 'paid', cases: { paid: { handler () {} } }, otherwise: 'ignore' })

app.broker.subscriber('events', { filter: ({ headers }) => headers.region === 'eu' }, () => {})
// @ts-expect-error: a filter says true or false
app.broker.subscriber('events', { filter: ({ headers }) => headers.region }, () => {})
