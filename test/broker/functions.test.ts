import t from 'tap'
import { response } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const number = { schema: { value: { type: 'number' } } }

t.test('the name of a function says its topic', async (t) => {
  const { broker } = await build(t)
  const handlers: Array<[handler: () => void, topic: string, prefix?: string]> = [
    [function onOrders () {}, 'orders'],
    [function on_orders () {}, 'orders'], // eslint-disable-line camelcase
    [function onOrderPlaced () {}, 'orderPlaced'],
    [function on_order_placed () {}, 'order_placed'], // eslint-disable-line camelcase
    [function on_Returns () {}, 'Returns'], // eslint-disable-line camelcase
    [function handleMail () {}, 'mail', 'handle'],
    [function handle_post () {}, 'post', 'handle_'], // eslint-disable-line camelcase
    [function handle_the_post () {}, 'post', 'handle_the_'], // eslint-disable-line camelcase
    [function onOrder_placed () {}, 'order_placed'] // eslint-disable-line camelcase
  ]
  for (const [handler, topic, prefix] of handlers) {
    t.same(broker.consumes({ prefix, groupId: `${handler.name}` }, handler).topics, [topic], handler.name)
  }
  const onArrows = (): void => {}
  t.same(broker.consumes(onArrows).topics, ['arrows'])
  t.same(broker.consumes({ topic: 'a.b' }, () => {}).topics, ['a.b'], 'a topic that is given needs no name')
})

t.test('a name that says no topic is an error', async (t) => {
  const { broker } = await build(t)
  const wrong: Array<[handler: () => void, prefix?: string]> = [
    [function orders () {}], [function online () {}], [function onlineUp () {}], [function on () {}],
    [function on_ () {}], [() => {}],
    [function toOrders () {}], [function onOrders () {}, 'handle']
  ]
  for (const [handler, prefix] of wrong) {
    const stem = prefix ?? 'on'
    t.throws(() => broker.consumes({ prefix }, handler), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: `option 'topic' must be given: the function '${handler.name}' has no name like ${stem}Orders or ${stem}_orders`
    })
  }
  t.throws(() => broker.producing(function onOrders () {}), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /has no name like toOrders or to_orders/
  })
})

t.test('wrong arguments are refused', async (t) => {
  const { broker } = await build(t)
  function onOrders () {}
  function toOrders () {}
  const wrong: Array<[declare: () => unknown, code: string, message: RegExp]> = [
    [() => broker.consumes(onOrders as object, onOrders), 'FASTSTREAM_ERR_INVALID_ARGUMENTS', /comes last/],
    [() => broker.consumes(null as never, onOrders), 'FASTSTREAM_ERR_INVALID_OPTION', /'options' must be an object/],
    [
      () => broker.consumes({} as never),
      'FASTSTREAM_ERR_INVALID_OPTION', /'function' must be the last argument: consumes/
    ],
    [() => broker.producing({}, 7 as never), 'FASTSTREAM_ERR_INVALID_OPTION', /the last argument: producing/],
    [() => broker.consumes({ prefix: '' }, onOrders), 'FASTSTREAM_ERR_INVALID_OPTION', /'prefix' must be a string/],
    [() => broker.consumes({ topic: 'a b' }, onOrders), 'FASTSTREAM_ERR_INVALID_TOPIC', /'a b'/],
    [() => broker.consumes({ executor: 'x' } as object, onOrders), 'FASTSTREAM_ERR_INVALID_OPTION', /'executor'/],
    [() => broker.producing({ encoder: 'json' } as object, toOrders), 'FASTSTREAM_ERR_INVALID_OPTION', /'encoder'/],
    [
      () => (broker.consumes as (...args: unknown[]) => unknown)({}, onOrders, 1),
      'FASTSTREAM_ERR_INVALID_ARGUMENTS', /consumes\(options, handler\)/
    ],
    [
      () => (broker.producing as (...args: unknown[]) => unknown)({}, toOrders, 1),
      'FASTSTREAM_ERR_INVALID_ARGUMENTS', /producing\(options, function\)/
    ]
  ]
  for (const [declare, code, message] of wrong) t.throws(declare, { code, message }, String(message))
})

t.test('consumes takes the options of a subscriber, and publishes what its handler returns', async (t) => {
  const app = await build(t)
  const doubled = app.broker.publisher('doubled')
  app.broker.consumes({ ...number, publish: doubled, concurrency: 1 }, function onNumbers (value) {
    t.equal(this.broker, app.broker)
    return Number(value) * 2
  })
  const broker = await testBroker(app)
  await broker.publish('numbers', 4)
  await broker.publish('numbers', 'four')
  await broker.settled()
  t.match(broker.published('doubled'), [{ value: 8 }])
  t.match(broker.errors, [{ stage: 'validate' }])
  t.equal(app.broker.health().subscribers[0]?.name, 'onNumbers')
})

t.test('a producing function publishes what it returns, and resolves to that', async (t) => {
  const app = await build(t)
  const toSums = app.broker.producing({ ...number, key: (sum) => `k${sum}`, partition: 0 }, function toSums (
    a: number, b: number
  ) {
    return a + b
  })
  const toLater = app.broker.producing({ topic: 'sums', partition: 0 }, async (value: unknown) => value)
  const broker = await testBroker(app)
  t.equal(toSums.name, 'toSums')
  t.equal(await toSums(2, 3), 5)
  t.equal(await toLater(response(7, { key: 'k', headers: { a: 'b' } })), 7)
  t.equal(await toLater(undefined), undefined)
  t.equal(await toLater(null), null)
  t.same(await toLater([1, 2]), [1, 2])
  t.match(broker.published('sums'), [
    { key: 'k5', value: 5 }, { key: 'k', value: 7, headers: { a: 'b' } }, { value: null }, { value: [1, 2] }
  ])
  await t.rejects(toSums('2' as never, 3), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  t.equal(broker.published('sums').length, 4)
})

t.test('a producing function that throws publishes nothing', async (t) => {
  const app = await build(t)
  const toSums = app.broker.producing(function toSums () { throw new Error('no sum') })
  const broker = await testBroker(app)
  await t.rejects(toSums(), { message: 'no sum' })
  t.same(broker.published('sums'), [])
})
