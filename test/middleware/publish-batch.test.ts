import t, { type Test } from 'tap'
import { FASTSTREAM_ERR_PUBLISH_QUEUE_FULL } from '../../lib/errors.js'
import type { FaststreamOptions, Middleware, PublishBatchError, PublishCommand } from '../../index.js'
import type { Outgoing, Prepared, Sending } from '../../lib/message/outgoing.js'
import { PublishBatch } from '../../lib/middleware/publish-batch.js'
import { PublishOrder } from '../../lib/middleware/publish-order.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'
import { build as buildApp } from '../support/plugin-app.js'

type PublishScope = NonNullable<Middleware['publishScope']>

/** An app whose publishes from `scope.broker` pass a middleware. */
async function build (t: Test, publishScope: PublishScope, options: FaststreamOptions = {}) {
  const app = await buildApp(t, { topicConfig: { partitions: 1 }, ...options })
  app.broker.publisher('orders')
  let through!: typeof app.broker
  await app.register(async (scope) => {
    scope.broker.addMiddleware({ publishScope })
    through = scope.broker
  })
  const broker = await testBroker(app)
  return { app, through, values: () => broker.published('orders').map(({ value }) => value), broker }
}

async function failure (publishing: Promise<unknown>): Promise<PublishBatchError> {
  return await publishing.then(() => { throw new Error('was published') }, (error: PublishBatchError) => error)
}

t.test('each message passes the middlewares by itself, and the order is that of the call', async (t) => {
  const seen: PublishCommand[] = []
  const gates = [gate(), gate()]
  const { app, through, values, broker } = await build(t, async (next, command) => {
    const at = seen.push(command) - 1
    await gates[at]?.opened
    return await next({ ...command, value: `${String(command.value)}!`, headers: { at: String(at) } })
  })
  const before = through.publishBatch('orders', [{ value: 'a', key: 'k' }, { value: 'b' }])
  const behind = app.broker.publish('orders', 'c')
  t.match(seen, [{ topic: 'orders', value: 'a', key: 'k' }, { topic: 'orders', value: 'b' }])
  gates[1]?.open()
  gates[0]?.open()
  t.match(await before, [{ offset: 0n }, { offset: 1n }])
  await behind
  t.same(values(), ['a!', 'b!', 'c'], 'a later publish does not overtake the batch')
  t.match(broker.published('orders'), [{ key: 'k', headers: { at: '0' } }, { headers: { at: '1' } }, {}])
})

t.test('nothing is sent when a middleware refuses one, and the others hear of it', async (t) => {
  const heard: unknown[] = []
  const { app, through, values } = await build(t, async (next, command) => {
    if (command.value === 'b') throw new Error('refused')
    return await next(command).catch((error) => { heard.push(error); throw error })
  })
  const messages = [{ value: 'a' }, { value: 'b' }, { value: 'c', partition: -1 }]
  const error = await failure(through.publishBatch('orders', messages))
  t.match(error, { cause: { message: 'refused' }, published: [undefined, undefined, undefined] })
  t.match(error.failures, [undefined, { message: 'refused' }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' }])
  t.match(heard, [{ code: 'FASTSTREAM_ERR_PUBLISH_BATCH', message: /another one was refused/ }])
  await app.broker.publish('orders', 'd')
  t.same(values(), ['d'], 'its place in the order is left')
})

t.test('a middleware hears where its message is, or why it is not in the log', async (t) => {
  const heard: unknown[] = []
  const { through, values } = await build(t, async (next, command) => {
    const stored = await next(command).catch((error) => { heard.push(error.code); throw error })
    heard.push(stored.offset)
    if (command.value === 'late') throw new Error('afterwards')
    return stored
  })
  const error = await failure(through.publishBatch('orders', [
    { value: 'a' }, { value: 'b', partition: 7 }, { value: 'late' }
  ]))
  t.same(heard.map(String).sort(), ['0', '1', 'FASTSTREAM_ERR_UNKNOWN_PARTITION'])
  t.match(error.failures, [undefined, { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' }, { message: 'afterwards' }])
  t.match(error.published, [{ offset: 0n }, undefined, { offset: 1n }])
  t.match(error.message, /2 of them are in the log/)
  t.same(values(), ['a', 'late'])
})

const METADATA = { topic: 'orders', partition: 0, offset: 0n }

function outgoing (value: string): Outgoing {
  return { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 0 }
}

/** A batch on a producer with room for so many messages. */
function withRoom (room: number, limits = { messages: 10, bytes: 1000 }) {
  const sent: string[] = []
  const order = new PublishOrder(async ({ topic, value }: Outgoing, { wait, queued }: Sending = {}) => {
    if (sent.length >= room && wait !== true) throw new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL(topic)
    queued?.()
    sent.push(`${String(value)}${wait === true ? ' waits' : ''}`)
    return METADATA
  }, limits)
  const prepared = (value: string) => (): Prepared => ({ outgoing: outgoing(value), sender: order.direct })
  return { batch: new PublishBatch('orders', order), order, sent, prepared }
}

t.test('a queue that is full refuses the whole batch; one with some room takes it, and the rest waits', async (t) => {
  const full = withRoom(0)
  const error = await failure(full.batch.publish(['a', 'b'].map(full.prepared)))
  t.match(error, { statusCode: 503, cause: { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' } })
  t.same(error.published, [undefined, undefined])
  t.same(error.failures.map((each) => each === error.cause), [true, true])
  t.same(full.sent, [])
  const little = withRoom(1)
  t.same(await little.batch.publish(['a', 'b', 'c'].map(little.prepared)), [METADATA, METADATA, METADATA])
  t.same(little.sent, ['a', 'b waits', 'c waits'])
})

t.test('a batch that waits for its turn is bounded as the queue is', async (t) => {
  const { batch, order, sent, prepared } = withRoom(9, { messages: 4, bytes: 100 })
  const place = order.take('orders')
  const held = batch.publish([prepared('x'.repeat(200))])
  const error = await failure(batch.publish([prepared('a'), prepared('b')]))
  t.match(error, { cause: { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' }, failures: [Error, Error] })
  const last = order.take('orders')
  t.match(await failure(batch.publish([prepared('c')])), { cause: { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' } })
  for (const each of [place, last]) each.leave()
  await held
  t.same(sent.map((value) => value.slice(0, 1)), ['x'])
})
