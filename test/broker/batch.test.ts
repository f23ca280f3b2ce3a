import t from 'tap'
import { inspect } from 'node:util'
import { Type } from '@sinclair/typebox'
import type { BatchOptions, FaststreamOptions, MessageBatch } from '../../index.js'
import { BatchError } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/batch-app.js'
import { build as buildApp } from '../support/plugin-app.js'

const Order = Type.Object({ id: Type.Number() })

t.test('a handler gets values and messages side by side', async (t) => {
  const batches: MessageBatch[] = []
  const { broker, calls } = await build(t, { take: (_values, batch) => { batches.push(batch) } })
  for (const [i, value] of ['a', null, 'c'].entries()) {
    await broker.publish('orders', value, { key: `k${i}`, headers: { tenant: `t${i}` }, correlationId: `c-${i}` })
  }
  await broker.settled()
  t.same(calls, [['a', null, 'c']])
  const [batch] = batches as [MessageBatch]
  t.match(batch, { topic: 'orders', partition: 0 })
  t.match(batch.messages.map(({ value, offset, rawKey, headers, attempt, correlationId }) => {
    return { value, offset, key: String(rawKey), tenant: headers.tenant, attempt, correlationId }
  }), [
    { value: 'a', offset: 0n, key: 'k0', tenant: 't0', attempt: 1, correlationId: 'c-0' },
    { value: null, offset: 1n, key: 'k1', tenant: 't1', attempt: 1, correlationId: 'c-1' },
    { value: 'c', offset: 2n, key: 'k2', tenant: 't2', attempt: 1, correlationId: 'c-2' }
  ])
  t.ok(batch.messages.every(({ timestamp, deadLetter, rawHeaders }) => {
    return timestamp instanceof Date && deadLetter === undefined && rawHeaders.length > 0
  }))
  t.match(JSON.parse(JSON.stringify(batch)), { topic: 'orders', partition: 0, messages: [{ offset: '0' }, {}, {}] })
  t.match(inspect(batch), /^MessageBatch \{[^]*key: 'k0'/)
  t.notMatch(inspect(batch), /tenant/)
})

t.test('one call has messages of one partition, and no more than maxSize and maxBytes', async (t) => {
  const app = await buildApp(t, { topicConfig: { partitions: 3 } })
  const sizes: number[] = []
  const batch = { maxSize: 4, maxBytes: 600, timeout: 20 }
  app.broker.subscriber('orders', { batch }, (values, { messages, partition }) => {
    t.ok(messages.every((message) => message.partition === partition))
    sizes.push(values.length)
    const bytes = messages.map(({ value }) => (value as string).length)
    t.ok(bytes.length === 1 || bytes.reduce((sum, each) => sum + each) < 600, String(bytes))
  })
  const broker = await testBroker(app)
  const values = ['x'.repeat(700), ...Array.from({ length: 40 }, () => 'y'.repeat(100)), 'x'.repeat(800)]
  await app.broker.publishBatch('orders', values.map((value, i) => ({ value, partition: i % 3 })))
  await broker.settled()
  t.equal(sizes.reduce((sum, size) => sum + size), 42)
  t.ok(Math.max(...sizes) <= 4 && Math.max(...sizes) > 1, String(sizes))
})

t.test('messages that cannot be handled become dead letters, and the others are handled', async (t) => {
  const { broker, calls, outcomes, dead, publish } = await build(t, { size: 4, options: { schema: { value: Order } } })
  await publish({ id: 1 }, 'text', { id: 'two' }, { id: 4 })
  t.same(calls, [[{ id: 1 }, { id: 4 }]])
  t.same(outcomes(), ['acknowledged', 'dead-lettered', 'dead-lettered', 'acknowledged'])
  t.same(dead(), ['text', { id: 'two' }])
  t.match(broker.errors, [{ offset: 1n, stage: 'validate', attempt: 1 }, { offset: 2n, stage: 'validate', attempt: 1 }])
  t.match(broker.published('orders.dlq')[1], { key: 'k2', headers: { 'x-dlq-offset': '2', 'x-dlq-stage': 'validate' } })
})

t.test('without a message that can be handled the handler is not called, under any policy', async (t) => {
  for (const ackPolicy of ['MANUAL', 'ACK_FIRST', 'REJECT_ON_ERROR'] as const) {
    const { calls, dead, publish } = await build(t, { size: 2, options: { schema: { value: Order }, ackPolicy } })
    await publish('a', 'b')
    t.same([calls, dead()], [[], ['a', 'b']], ackPolicy)
  }
})

t.test('with true it has defaults, and the timeout hands over what there is', async (t) => {
  const app = await buildApp(t, { topicConfig: { partitions: 1 } })
  const calls: number[] = []
  app.broker.subscriber('orders', { batch: true }, (values) => { calls.push(values.length) })
  const broker = await testBroker(app)
  await app.broker.publishBatch('orders', Array.from({ length: 700 }, (_, i) => ({ value: i })))
  await broker.settled()
  t.equal(calls.reduce((sum, size) => sum + size), 700)
  t.equal(Math.max(...calls), 500)
})

t.test('impossible bounds, and options that do not go together, are refused', async (t) => {
  const app = await buildApp(t)
  const declare = (options: object) => () => app.broker.subscriber('orders', options as { batch: true }, () => {})
  const wrong: Array<[options: object, message: RegExp]> = [
    [{ batch: false }, /'batch' must be true, or \{ maxSize, maxBytes, timeout \}/],
    [{ batch: 10 }, /'batch' must be true/],
    [{ batch: { linger: 1 } }, /'batch.linger' is not known: there are maxSize, maxBytes, timeout/],
    [{ batch: { maxSize: 0 } }, /'batch.maxSize' must be a number of at least 1/],
    [{ batch: { maxSize: 1.5 } }, /'batch.maxSize' must be a whole number/],
    [{ batch: { maxBytes: 0 } }, /'batch.maxBytes' must be a number of at least 1/],
    [{ batch: { timeout: -1 } }, /'batch.timeout' must be a number of at least 0/],
    [{ batch: { timeout: 2 ** 31 } }, /'batch.timeout' must be .* at most 2147483647/],
    [{ batch: true, filter: () => true }, /'batch' must not be given with 'filter'/],
    [{ batch: true, schema: { reply: {} } }, /'schema.reply' must not be given with 'batch'/],
    [{ batch: true, filter: 'text' }, /'filter' must be a function/]
  ]
  for (const [options, message] of wrong) {
    t.throws(declare(options), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
  }
  const cases = { by: () => 'a', cases: { a: { handler: () => {} } }, batch: true }
  t.throws(() => app.broker.subscriber('orders', cases), { message: /'batch' is not known here. FastStream's 'batch'/ })
  t.throws(() => app.broker.publisher('orders', { batch: true } as object), { message: /publishBatch\(\)/ })
  for (const [index, options] of [{ maxSize: 1 }, { maxBytes: 1, timeout: 0 }, { timeout: 2 ** 31 - 1 }].entries()) {
    t.ok(app.broker.subscriber(`possible-${index}`, { batch: options }, () => {}))
  }
})

t.test('what the bounds must agree with is checked when everything is declared', async (t) => {
  const cases: Array<[plugin: FaststreamOptions, batch: true | BatchOptions, message: RegExp]> = [
    [{ ordering: 'key' }, true, /'ordering' must be 'partition' with 'batch', and is 'key' \(subscriber of 'orders'/],
    [{ buffer: { messages: 10 } }, { maxSize: 11 }, /'batch.maxSize' must be at most 'buffer.messages', which is 10/]
  ]
  for (const [plugin, batch, message] of cases) {
    const app = await buildApp(t, plugin)
    app.broker.subscriber('orders', { batch }, () => {})
    await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
  }
  const app = await buildApp(t, { buffer: { messages: 10 } })
  app.broker.subscriber('orders', { batch: true }, () => {})
  await app.ready()
  const shared = await buildApp(t)
  shared.broker.subscriber('orders', { filter: () => true }, () => {})
  shared.broker.subscriber('orders', { batch: true }, () => {})
  const clash = { code: 'FASTSTREAM_ERR_GROUP_CLASH', message: /different values of 'batch'/ }
  await t.rejects(async () => { await shared.ready() }, clash)
})

t.test('the index of a BatchError is a whole number, and its cause is kept', async (t) => {
  const cause = new Error('why')
  t.match(new BatchError(3, cause), { name: 'BatchError', index: 3, cause, message: 'message 3 of the batch failed' })
  t.notOk('cause' in new BatchError(0))
  for (const index of [-1, 0.5, NaN, '1' as never]) {
    t.throws(() => new BatchError(index), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'index'/ })
  }
})

t.test('the AsyncAPI document says how large its batches are, and describes one message', async (t) => {
  const { app } = await build(t, { size: 7, options: { schema: { value: Order }, title: 'Takes orders' } })
  const document = app.asyncapi() as any
  const operation = Object.values<any>(document.operations).find(({ title }) => title === 'Takes orders')
  t.match(operation['x-kafka-consumer'], { batch: 7, ordering: 'partition' })
  const [message] = Object.values<any>(document.components.messages).filter(({ name }) => name !== 'DeadLetter')
  t.notMatch(message.payload, { type: 'array' })
})

t.test('a batch has no message that was redriven for another group, and may have none at all', async (t) => {
  const { broker, calls, outcomes } = await build(t, { plugin: { groupId: 'shop' } })
  for (const [i, group] of ['shop', 'billing', 'shop', 'billing', 'billing', 'billing'].entries()) {
    await broker.publish('orders', i, { headers: { 'x-dlq-redrive-group': group } })
  }
  await broker.settled()
  t.same(calls, [[0, 2]])
  t.same(outcomes(), ['acknowledged', 'skipped', 'acknowledged', 'skipped', 'skipped', 'skipped'])
})

t.test('a batch has the params of its topic', async (t) => {
  const seen: unknown[] = []
  const { broker } = await build(t, {
    declare: (app) => {
      app.broker.publisher('returns.eu')
      app.broker.subscriber('returns.{region}', { batch: { maxSize: 2, timeout: 60_000 } }, (_values, { params }) => {
        seen.push(params)
      })
    }
  })
  for (const value of [1, 2]) await broker.publish('returns.eu', value, { partition: 0 })
  await broker.settled()
  t.same(seen, [{ region: 'eu' }])
})
