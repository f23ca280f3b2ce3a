import { type Static, Type } from '@sinclair/typebox'
import { dependency } from 'fastify-faststream'
import type { Pool } from 'pg'

declare module 'fastify' {
  interface FastifyInstance { pool: Pool }
}

export const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
export const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

type Order = Static<typeof OrderSchema>
type Invoice = Static<typeof InvoiceSchema>

export const tables = `
  create table if not exists orders (id text primary key, total numeric not null);
  create table if not exists invoices (order_id text primary key references orders, amount numeric not null);
`

/**
 * One for each request and each message. Its `commit` comes before the reply leaves, and before what a handler returned
 * is published.
 */
const transaction = dependency(async function * transaction (_, { app }) {
  const client = await app.pool.connect()
  // What fails when the connection is lost is the next query; without a listener it would be the process.
  client.on('error', ignore)
  try {
    await client.query('begin')
    yield client
    await client.query('commit')
  } catch (error) {
    await client.query('rollback')
    throw error
  } finally {
    client.off('error', ignore)
    client.release()
  }
})

function ignore () {}

/** Both methods may be called again: a message comes at least once. */
export const orders = dependency('orders', { transaction }, ({ transaction }) => ({
  async save ({ id, total }: Order) {
    await transaction.query('insert into orders (id, total) values ($1, $2) on conflict do nothing', [id, total])
  },
  async invoice ({ id, total }: Order): Promise<Invoice> {
    await transaction.query(
      'insert into invoices (order_id, amount) values ($1, $2) on conflict do nothing', [id, total]
    )
    return { orderId: id, amount: total }
  }
}))
