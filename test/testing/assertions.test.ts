import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'
import { messageOf } from '../support/thrown.js'

t.test('a published message is found by value, key, headers, partition and correlation id', async (t) => {
  const { app, invoices } = await buildShop(t, { topicConfig: { partitions: 1 } })
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1', total: 9 }, { correlationId: 'c-1' })
  await broker.settled()
  const record = broker.assertPublished(invoices, {
    value: { amount: Number },
    key: '1',
    headers: { correlation_id: /^c-/ },
    partition: 0,
    correlationId: 'c-1',
    times: 1
  })
  t.match(record, { topic: 'invoices', value: { orderId: '1', amount: 9 } })
  t.equal(broker.assertPublished('invoices'), record)
  for (const [expected, difference] of [
    [{ key: null }, "key: expected null, got '1'"],
    [{ partition: 2 }, 'partition: expected 2, got 0'],
    [{ correlationId: 'c-2' }, "correlationId: expected 'c-2', got 'c-1'"],
    [{ headers: { tenant: 'a' } }, "headers.tenant: expected 'a', got undefined"],
    [{ value: null }, 'value: expected null, got']
  ] as const) {
    t.match(messageOf(() => broker.assertPublished(invoices, expected)), difference)
  }
})

t.test('a failure names what is expected, and each candidate with its differences', async (t) => {
  const { app, invoices } = await buildShop(t, { topicConfig: { partitions: 1 } })
  const broker = await testBroker(app)
  await invoices.publish({ orderId: '1', amount: 9 })
  await invoices.publish({ orderId: '2', amount: 7 })
  t.equal(messageOf(() => broker.assertPublished(invoices, { key: '2', value: { amount: 8 } })), [
    "'invoices' has no message that was published as expected",
    "  expected { key: '2', value: { amount: 8 } }",
    '0 of 2 match:',
    "  invoices[0] 1, key '2': { orderId: '2', amount: 7 }",
    '    value.amount: expected 8, got 7',
    "  invoices[0] 0, key '1': { orderId: '1', amount: 9 }",
    "    key: expected '2', got '1'",
    '    value.amount: expected 8, got 9'
  ].join('\n'))
  const thrice = messageOf(() => broker.assertPublished(invoices, { value: { orderId: String }, times: 3 }))
  t.match(thrice, /, 3 times\n.*\n2 of 2/)
  t.match(messageOf(() => broker.assertPublished('orders')), /there is nothing to compare it with$/)
  t.throws(() => broker.assertPublished(invoices, { times: 0 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('a failure has 40 lines at most, however many candidates and differences there are', async (t) => {
  const { app, invoices } = await buildShop(t)
  app.broker.publisher('wide')
  const broker = await testBroker(app)
  for (let i = 0; i < 100; i++) await invoices.publish({ orderId: 'x'.repeat(300), amount: i })
  const text = messageOf(() => broker.assertPublished(invoices, { value: { amount: -1 } }))
  t.ok(text.split('\n').length <= 40)
  t.match(text, /… and 8\d more$/)
  t.ok(text.split('\n').every((line) => line.length <= 161))
  const wide = Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`m${i}`, i]))
  await broker.publish('wide', {})
  t.ok(messageOf(() => broker.assertPublished('wide', { value: wide })).split('\n').length <= 40)
})

t.test('nothing was published: to a topic, or at all', async (t) => {
  const { app, invoices } = await buildShop(t)
  const broker = await testBroker(app)
  broker.assertNothingPublished()
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.settled()
  broker.assertNothingPublished('orders.dlq')
  const text = messageOf(() => { broker.assertNothingPublished(invoices) })
  t.match(text, /^1 messages were published to 'invoices':\n {2}invoices/)
  t.match(messageOf(() => { broker.assertNothingPublished() }), /^2 messages were published:\n/)
})

t.test('a handled message is found by its call', async (t) => {
  const { app, onOrder } = await buildShop(t)
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1', total: 9 }, { key: 'k', headers: { tenant: 'a' }, correlationId: 'c' })
  await broker.settled()
  const call = broker.assertHandled(onOrder, {
    value: { id: '1' },
    key: 'k',
    headers: { tenant: 'a' },
    correlationId: 'c',
    attempt: 1,
    outcome: 'returned',
    times: 1
  })
  t.same(call.result, { orderId: '1', amount: 9 })
  broker.assertHandled(onOrder)
  t.match(messageOf(() => broker.assertHandled(onOrder, { attempt: 2 })), /attempt: expected 2, got 1$/)
})

t.test('a topic that no app declares, or an unknown option, is an error', async (t) => {
  const { app, invoices, onOrder } = await buildShop(t)
  const broker = await testBroker(app)
  t.throws(() => broker.assertPublished('typo'), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.throws(() => { broker.assertNothingPublished('typo') }, { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.throws(() => broker.assertPublished(invoices, { body: 1 } as {}), { message: /'body' is not known/ })
  t.throws(() => broker.assertHandled(onOrder, { body: 1 } as {}), { message: /'body' is not known/ })
  t.throws(() => broker.assertPublished({} as never), { message: /'publisher' must be a topic, or what publisher/ })
  await t.rejects(app.broker.publish('typo', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
})

t.test('eventually() waits until an assertion holds, and fails with what it has seen', async (t) => {
  const { app, invoices } = await buildShop(t)
  const broker = await testBroker(app)
  const found = broker.eventually(() => broker.assertPublished(invoices, { key: '1' }))
  await broker.publish('orders', { id: '1', total: 9 })
  t.match(await found, { value: { amount: 9 } })
  await t.rejects(broker.eventually(() => broker.assertPublished(invoices, { key: '2' }), { timeout: 1 }), {
    code: 'FASTSTREAM_ERR_ASSERTION', message: /key: expected '2', got '1'/
  })
  await t.rejects(broker.eventually(() => 1, { timeout: -1 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})
