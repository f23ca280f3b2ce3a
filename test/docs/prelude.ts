import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { testBroker } from 'fastify-faststream/testing'

/* What a block of the documentation finds without declaring it: an app with a broker, two schemas, and a database. */

// For the blocks that read it: an empty password is refused.
process.env.KAFKA_PASSWORD ??= 'secret'

const ORDER = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const INVOICE = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

function createApp () {
  return Fastify().withTypeProvider<TypeBoxTypeProvider>()
}

class Client {
  async query (sql: string, values: readonly unknown[] = []): Promise<{ sql: string, values: readonly unknown[] }> {
    return { sql, values }
  }

  release (): void {}
}

interface Order { id: string, total: number }

class OrderStore {
  readonly client: Client

  constructor (client: Client) {
    this.client = client
  }

  async save ({ id, total }: Order): Promise<void> {
    await this.client.query('insert into orders (id, total) values ($1, $2)', [id, total])
  }

  async invoice ({ id, total }: Order): Promise<{ orderId: string, amount: number }> {
    return { orderId: id, amount: total }
  }
}

const DATABASE = { async connect () { return new Client() }, async end () {} }

declare global {
  var app: ReturnType<typeof createApp>
  var pool: typeof DATABASE
  var OrderSchema: typeof ORDER
  var InvoiceSchema: typeof INVOICE
  var Orders: typeof OrderStore
}

/** Runs a block in a new app. That app, or the one that the block makes, is made ready, in memory, and closed. */
export async function run (code: string, execute: () => Promise<void>): Promise<void> {
  const app = createApp()
  Object.assign(globalThis, { app, pool: DATABASE, OrderSchema: ORDER, InvoiceSchema: INVOICE, Orders: OrderStore })
  if (!code.includes('app.register(faststreamPlugin')) await app.register(faststreamPlugin, { groupId: 'shop' })
  try {
    await execute()
    if (!code.includes('testBroker(app')) await testBroker(globalThis.app)
  } finally {
    await globalThis.app.close()
    await app.close()
  }
}
