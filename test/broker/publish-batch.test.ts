import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import type { BatchEntry, FaststreamOptions, Message, PublishBatchError } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build as buildApp } from '../support/plugin-app.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })

/** An app with a publisher of orders, whose topic has one partition. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const app = await buildApp(t, { topicConfig: { partitions: 2 }, ...options })
  const orders = app.broker.publisher('orders', {
    schema: { value: OrderSchema }, key: (order) => (order as { id: string }).id, headers: { source: 'shop' }
  })
  app.broker.publisher('plain')
  return { app, orders }
}

const order = (id: string): BatchEntry => ({ value: { id, total: 1 } })

async function failure (publishing: Promise<unknown>): Promise<PublishBatchError> {
  return await publishing.then(() => { throw new Error('was published') }, (error: PublishBatchError) => error)
}

t.test('messages are published in their order, each with its own key, headers and partition', async (t) => {
  const { app, orders } = await build(t)
  const broker = await testBroker(app)
  const places = await app.broker.publishBatch(orders, [
    { ...order('1'), partition: 1 },
    { ...order('2'), key: 'own', headers: { tenant: 'a' }, partition: 1 },
    { value: null, key: '3', partition: 1 },
    { ...order('4'), partition: 0 }
  ])
  t.match(places, [
    { topic: 'orders', partition: 1, offset: 0n }, { topic: 'orders', partition: 1, offset: 1n },
    { topic: 'orders', partition: 1, offset: 2n }, { topic: 'orders', partition: 0, offset: 0n }
  ])
  const stored = broker.published('orders').filter(({ partition }) => partition === 1)
  t.match(stored, [
    { key: '1', value: { id: '1' }, headers: { source: 'shop' } },
    { key: 'own', value: { id: '2' }, headers: { source: 'shop', tenant: 'a' } },
    { key: '3', value: null }
  ])
  t.equal(JSON.stringify(places[0]), '{"topic":"orders","partition":1,"offset":"0"}')
  t.same(await app.broker.publishBatch(orders, []), [])
})

t.test('a topic is published to by the publisher that the scope knows', async (t) => {
  const { app } = await build(t)
  const broker = await testBroker(app)
  await app.broker.publishBatch('orders', [order('1')])
  t.match(broker.published('orders'), [{ key: '1', headers: { source: 'shop' } }])
  t.match(await failure(app.broker.publishBatch('orders', [{ value: 1 }])), { code: 'FASTSTREAM_ERR_PUBLISH_BATCH' })
  const places = await app.broker.publishBatch('plain', [{ value: 'a' }, { value: 'b' }])
  t.match(places, [{ topic: 'plain' }, { topic: 'plain' }])
})

t.test('request.broker and message.broker add their correlation id', async (t) => {
  const { app } = await build(t)
  app.post('/', async (request) => await request.broker.publishBatch('plain', [{ value: 'a' }, { value: 'b' }]))
  app.broker.subscriber('in', async (value, { broker }: Message) => { await broker.publishBatch('plain', [{ value }]) })
  const broker = await testBroker(app)
  const { payload } = await app.inject({ method: 'POST', url: '/' })
  t.match(JSON.parse(payload), [{ topic: 'plain' }, { topic: 'plain' }])
  const [first, second] = broker.published('plain')
  t.match(first?.headers.correlation_id, /^[0-9a-f-]{36}$/)
  t.equal(first?.headers.correlation_id, second?.headers.correlation_id)
  await broker.publish('in', 'c', { correlationId: 'c-2' })
  await broker.settled()
  t.equal(broker.published('plain').find(({ value }) => value === 'c')?.headers.correlation_id, 'c-2')
})

t.test('nothing is sent when one message is refused, and the error says which', async (t) => {
  const { app, orders } = await build(t)
  const broker = await testBroker(app)
  const error = await failure(app.broker.publishBatch(orders, [
    order('1'), { value: { id: 2, total: 1 } as never }, order('3'), { ...order('4'), partition: -1 }
  ]))
  t.match(error, {
    code: 'FASTSTREAM_ERR_PUBLISH_BATCH',
    statusCode: 500,
    message: /batch of 4 messages for 'orders' failed, and 0 of them are in the log: .*does not match/,
    cause: { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' },
    failures: [
      undefined, { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' }, undefined, { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
    ]
  })
  t.same(error.published, [undefined, undefined, undefined, undefined])
  t.same(Object.keys(error).filter((name) => ['published', 'failures'].includes(name)), [], 'a log has none of them')
  t.same(broker.published('orders'), [])
})

t.test('a message that the cluster refuses fails alone, and the error says where the others are', async (t) => {
  const { app } = await build(t)
  const broker = await testBroker(app)
  const error = await failure(app.broker.publishBatch('plain', [
    { value: 'a', partition: 7 }, { value: 'b', partition: 0 },
    { value: 'c', partition: 9 }, { value: 'd', partition: 0 }
  ]))
  t.match(error, { message: /2 of them are in the log: topic 'plain' has no partition 7/, statusCode: 500 })
  t.match(error.published, [undefined, { partition: 0, offset: 0n }, undefined, { partition: 0, offset: 1n }])
  t.match(error.failures, [{ code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' }, undefined, Error, undefined])
  t.same(broker.published('plain').map(({ value }) => value), ['b', 'd'])
})

t.test('what is no batch is refused before anything is sent', async (t) => {
  const { app } = await build(t)
  const broker = await testBroker(app)
  const wrong: Array<[messages: unknown, message: RegExp]> = [
    [undefined, /'messages' must be a list/],
    [{ value: 1 }, /'messages' must be a list/],
    [[{ value: 1 }, 'text'], /'messages\[1\]' must be an object with a value/],
    [[null], /'messages\[0\]' must be an object/],
    [[{ value: 1, wait: true }], /'messages\[0\].wait' is not known: there are value, key, headers, partition/]
  ]
  for (const [messages, message] of wrong) {
    const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    await t.rejects(app.broker.publishBatch('plain', messages as []), error)
  }
  const surplus = app.broker.publishBatch as (...args: unknown[]) => Promise<unknown>
  await t.rejects(surplus('plain', [], {}), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
  t.match(await failure(app.broker.publishBatch('plain', [{} as never])), { cause: { code: 'FASTSTREAM_ERR_ENCODE' } })
  t.same(broker.published('plain'), [])
})

t.test('the status is that of the cause', async (t) => {
  const { app } = await build(t)
  await app.ready()
  await app.close()
  const error = await failure(app.broker.publishBatch('plain', [{ value: 1 }, { value: 2 }]))
  const closed = { code: 'FASTSTREAM_ERR_NOT_READY' }
  t.match(error, { statusCode: 503, cause: closed, failures: [closed, closed] })
})

t.test('before ready() nothing can be published', async (t) => {
  const { app, orders } = await build(t)
  await t.rejects(app.broker.publishBatch(orders, [order('1')]), { code: 'FASTSTREAM_ERR_NOT_READY' })
})
