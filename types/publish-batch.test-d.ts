/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { BatchEntry, PublishBatchError, RecordMetadata } from '../index.js'
import { expectExact } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
const orders = app.broker.publisher('orders', { schema: { value: OrderSchema } })
const order = { id: '1', total: 9 }

// Through a publisher, to a topic, from a request and from a message
const places = await app.broker.publishBatch(orders, [{ value: order, key: '1' }])
expectExact<readonly RecordMetadata[]>()(places, true)
const anywhere = await app.broker.publishBatch('anything', [{ value: 1 }, { value: null }])
expectExact<readonly RecordMetadata[]>()(anywhere, true)
app.get('/', async (request) => {
  const headers = { tenant: 'a' }
  return await request.broker.publishBatch(orders, [{ value: order, key: null, headers, partition: 1 }])
})
app.broker.subscriber('in', async (value, { broker }) => { await broker.publishBatch('out', [{ value }]) })
await app.broker.publishBatch(orders, [{ value: null, key: '1' }])
await app.broker.publishBatch(orders, [])

const entries: Array<BatchEntry<{ id: string, total: number }>> = [{ value: order }]
await app.broker.publishBatch(orders, entries)

// @ts-expect-error a total is a number
await app.broker.publishBatch(orders, [{ value: { id: '1', total: '9' } }])
// @ts-expect-error each message has a value
await app.broker.publishBatch(orders, [{ key: '1' }])
// @ts-expect-error a message is an object with a value
await app.broker.publishBatch(orders, [order])
// @ts-expect-error they are a list
await app.broker.publishBatch(orders, { value: order })
// @ts-expect-error a batch is confirmed
await app.broker.publishBatch(orders, [{ value: order, noConfirm: true }])
// @ts-expect-error a partition is a number
await app.broker.publishBatch(orders, [{ value: order, partition: '1' }])

// The error
declare const error: PublishBatchError
expectExact<ReadonlyArray<RecordMetadata | undefined>>()(error.published, true)
expectExact<ReadonlyArray<Error | undefined>>()(error.failures, true)
expectExact<'FASTSTREAM_ERR_PUBLISH_BATCH'>()(error.code, true)
