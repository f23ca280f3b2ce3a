/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { type Static, Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { dependency, type SeekTarget, type Subscriber } from '../index.js'
import { expectEqual } from './expect.test-d.js'
function use (..._values: unknown[]): void {}

const OrderSchema = Type.Object({ id: Type.String() })
type Order = Static<typeof OrderSchema>
const schema = { value: OrderSchema }
const tenant = dependency(() => 'a')
const { broker } = Fastify().withTypeProvider<TypeBoxTypeProvider>()

// Without a handler the messages have the types of the schemas, dependencies and placeholders
await using orders = await broker.subscriber('orders.{region}', { schema, deps: { tenant } }).start()
for await (const { value, deps, params, ack } of orders) {
  expectEqual<typeof value, Order>(true)
  expectEqual<typeof deps.tenant, string>(true)
  expectEqual<typeof params.region, string>(true)
  expectEqual<ReturnType<typeof ack>, boolean>(true)
  use(value, deps, params, ack)
}
const message = await orders.getOne({ timeout: 10 })
expectEqual<Order | undefined, NonNullable<typeof message>['value'] | undefined>(true)
// @ts-expect-error there may be none
message.ack()
if (message !== null) await orders.seek(message)

// Without options the value is not known
const plain = broker.subscriber('orders')
for await (const { value, key } of plain) {
  expectEqual<typeof value, unknown>(true)
  expectEqual<typeof key, Buffer | null>(true)
  use(value, key)
}
broker.subscriber('orders', { ackPolicy: 'ACK_FIRST', groupId: 'look' })
// @ts-expect-error without a handler nothing ends that could acknowledge
broker.subscriber('orders', { ackPolicy: 'ACK' })
// @ts-expect-error there is no result to publish
broker.subscriber('orders', { publish: broker.publisher('invoices') })
// @ts-expect-error each message is handed over by itself
broker.subscriber('orders', { concurrency: 2 })

// With a handler it starts and stops, and cannot be read
const handled = broker.subscriber('orders', { schema }, () => {})
expectEqual<typeof handled, Subscriber<Order>>(true)
expectEqual<Awaited<ReturnType<typeof handled.start>>, Subscriber<Order>>(true)
// @ts-expect-error the handler gets the messages
handled.getOne()

// Places to read on from
const places: SeekTarget[] = [
  'start', 'end', { timestamp: new Date() }, { timestamp: 0 }, { topic: 'orders', partition: 0, offset: 0n }
]
for (const place of places) await handled.seek(place)
// @ts-expect-error an offset is a bigint
await handled.seek({ topic: 'orders', partition: 0, offset: 0 })
// @ts-expect-error a place is one of these
await handled.seek('middle')
