import t from 'tap'
import { Type } from '@sinclair/typebox'
import { response, type Message } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

/* FastStream's own tests of publishing, as far as no other test here has them: scenarios.ts lists all of them. */

const VALUES: ReadonlyArray<readonly [name: string, value: unknown, arrives?: unknown]> = [
  ['text', 'hello'],
  ['empty text', ''],
  ['bytes', Buffer.from([0, 255])],
  ['a whole number', 1],
  ['a number', 1.5],
  ['true', true],
  ['an object', { a: 1 }],
  ['a list', [1, 'a', null]],
  ['a date', new Date(0), '1970-01-01T00:00:00.000Z'],
  ['an object that says how it is written', { toJSON: () => ({ id: '1' }) }, { id: '1' }]
]

for (const [name, value, arrives = value] of VALUES) {
  t.test(`${name} that is published arrives as ${arrives === value ? 'it was' : 'JSON writes it'}`, async (t) => {
    const app = await build(t, { groupId: 'shop' })
    const seen: unknown[] = []
    app.broker.subscriber('values', (value) => { seen.push(value) })
    const broker = await testBroker(app)
    await app.broker.publish('values', value)
    await broker.settled()
    t.same(seen, [arrives])
  })
}

t.test('the next handler sees key, headers and correlation id of a response', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: Message[] = []
  const invoices = app.broker.publisher('invoices', { headers: { tenant: 'publisher', source: 'publisher' } })
  app.broker.subscriber('orders', { publish: invoices }, () => {
    return response({ id: '1' }, { key: 'k', headers: { tenant: 'a' }, correlationId: 'c-2' })
  })
  app.broker.subscriber('invoices', (_, message) => { seen.push(message) })
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { correlationId: 'c-1' })
  await broker.settled()
  t.match(seen, [{
    value: { id: '1' }, rawKey: Buffer.from('k'), correlationId: 'c-2', headers: { tenant: 'a', source: 'publisher' }
  }])
})

t.test('a subscriber may publish to several publishers, and a publisher may serve several subscribers', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const first = app.broker.publisher('first', { schema: { value: Type.Number() } })
  const second = app.broker.publisher('second', { key: (value) => `k${value}` })
  app.broker.subscriber('a', { publish: [first, second] }, (value) => Number(value) + 1)
  app.broker.subscriber('b', { publish: first }, (value) => Number(value) + 2)
  const broker = await testBroker(app)
  await broker.publish('a', 1)
  await broker.publish('b', 1)
  await broker.settled()
  t.same(broker.published('first').map(({ value }) => value).sort(), [2, 3])
  t.match(broker.published('second'), [{ key: 'k2', value: 2 }])
})

t.test('a handler that returns nothing publishes nothing, also with a keyed publisher', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const invoices = app.broker.publisher('invoices', { key: 'k' })
  app.broker.subscriber('orders', { publish: invoices }, () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(broker.published('invoices'), [])
})
