import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { hear } from '../support/hear.js'
import { turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

const OPTION = 'FASTSTREAM_ERR_INVALID_OPTION'

t.test('cases that come while the app runs share no topic with its filters', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', { filter: () => false }, () => {})
  app.broker.subscriber('returns', () => {})
  const broker = await testBroker(app)
  const seen: unknown[] = []
  const by = (): string => 'a'
  const cases = { a: { handler: (value: unknown) => { seen.push(value) } } }
  const orders = app.broker.subscriber('orders', { groupId: 'shop', by, cases })
  await t.rejects(orders.start(), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER', message: /'orders'.*'shop'/ })
  await using events = await app.broker.subscriber('events', { groupId: 'shop', by, cases }).start()
  await broker.publish('events', 1)
  await broker.settled()
  t.same([seen, events.topics], [[1], ['events']])
})

t.test('the error of a wrong argument of getOne() or seek() names the argument', async (t) => {
  const app = await build(t)
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders').start()
  await t.rejects(orders.getOne({ wait: 1 } as object), { code: OPTION, message: /^option 'wait' is not known/ })
  await t.rejects(orders.getOne({ timeout: -1 }), { code: OPTION, message: /^option 'timeout' must be a number/ })
  const at = { topic: 'orders', partition: 0, offset: 0n }
  for (const [place, message] of [
    [{}, /^option 'timestamp' must be/],
    [{ ...at, partition: 0.5 }, /^option 'partition' must be a whole number/],
    [{ ...at, offset: 0 }, /^option 'offset' must be a bigint/]
  ] as const) {
    await t.rejects(orders.seek(place as never), { code: OPTION, message })
  }
})

t.test('a subscriber reads on from a time, and from a place', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders', { offsetReset: 'latest' }).start()
  for (const value of [1, 2, 3]) {
    await app.broker.publish('orders', value, { partition: 0, timestamp: new Date(1000 * value) })
  }
  await orders.seek({ timestamp: new Date(2000) })
  t.equal((await orders.getOne())?.value, 2)
  await orders.seek({ topic: 'orders', partition: 0, offset: 0n })
  t.equal((await orders.getOne())?.value, 1)
})

t.test('with ACK_FIRST nothing is acknowledged before code asks for it', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  const settled = hear(t, 'faststream.message.settled')
  await using orders = await app.broker.subscriber('orders', { ackPolicy: 'ACK_FIRST' }).start()
  await app.broker.publishBatch('orders', [1, 2].map((value) => ({ value, partition: 0 })))
  while (app.broker.health().subscribers[0]?.lag !== 2) await turn()
  await turn()
  t.same(settled, [])
  t.equal((await orders.getOne())?.value, 1)
  await turn()
  t.match(settled.map(({ offset }) => offset), [0n])
  t.equal(settled.length, 1)
})
