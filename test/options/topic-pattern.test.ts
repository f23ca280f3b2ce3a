import t from 'tap'
import { TopicPattern } from '../../lib/options/topic-pattern.js'

const of = (written: string | RegExp): TopicPattern => {
  const pattern = TopicPattern.of(written)
  if (pattern === undefined) throw new Error('it is a name')
  return pattern
}

t.test('a name is no pattern', async (t) => {
  for (const name of ['orders', 'orders.eu', '_', '', 1, null, undefined]) t.equal(TopicPattern.of(name), undefined)
})

t.test('what is neither text nor a RegExp is no pattern, whatever it is as text', async (t) => {
  for (const written of [() => {}, ['orders.{region}']]) t.equal(TopicPattern.of(written), undefined)
})

t.test('a placeholder stands for a part without a dot', async (t) => {
  const pattern = of('orders.{region}.v{version}')
  t.ok(pattern.matches('orders.eu.v1'))
  for (const topic of [
    'orders.eu', 'orders.eu.west.v1', 'orders..v1', 'xorders.eu.v1', 'orders.eu.v1.dlq', 'ordersxeu.v1'
  ]) t.notOk(pattern.matches(topic), topic)
  t.same(pattern.params('orders.eu.v1'), { region: 'eu', version: '1' })
  t.ok(Object.isFrozen(pattern.params('orders.eu.v1')))
  t.equal(pattern.params('orders.eu.v1'), pattern.params('orders.eu.v1'), 'made once')
  t.same(pattern.names, ['region', 'version'])
  t.equal(pattern.text, 'orders.{region}.v{version}')
})

t.test('a RegExp is what the topic is compared with, and its named groups are the params', async (t) => {
  const pattern = of(/^orders\.(?<region>\w+)(\.(?<kind>\w+))?$/g)
  t.same([1, 2, 3].map(() => pattern.matches('orders.eu')), [true, true, true], 'without a state')
  t.notOk(pattern.matches('returns.eu'))
  t.same({ ...pattern.params('orders.eu') }, { region: 'eu', kind: undefined })
  t.same(pattern.names, ['region', 'kind'])
  t.same(of(/orders/i).params('ORDERS'), {})
  t.ok(of(/orders/i).matches('my.ORDERS'))
  t.equal(of(/^orders\./).text, '/^orders\\./')
})

t.test('internal topics match no pattern', async (t) => {
  t.notOk(of(/./).matches('__consumer_offsets'))
  t.notOk(of('__{name}').matches('__transaction_state'))
  t.ok(of(/./).matches('_orders'))
})

t.test('a prefix comes before the pattern, and a RegExp is compared with the rest', async (t) => {
  const placeholders = of('orders.{region}').behind('eu.').behind('shop.')
  t.equal(placeholders.text, 'shop.eu.orders.{region}')
  t.ok(placeholders.matches('shop.eu.orders.north'))
  t.notOk(placeholders.matches('orders.north'))
  t.same(placeholders.params('shop.eu.orders.north'), { region: 'north' })
  const regexp = of(/^orders\.(?<region>\w+)$/).behind('eu.')
  t.equal(regexp.text, 'eu./^orders\\.(?<region>\\w+)$/')
  t.ok(regexp.matches('eu.orders.north'))
  t.notOk(regexp.matches('orders.north'))
  t.same({ ...regexp.params('eu.orders.north') }, { region: 'north' })
  t.equal(of(/a/).behind('').text, '/a/')
})

t.test('the topics that a function makes of those of a pattern have a pattern', async (t) => {
  t.equal(of('orders.{region}').behind('eu.').mapped((topic) => `${topic}.dlq`), 'eu.orders.{region}.dlq')
  t.equal(of('orders.{region}').mapped(() => 'failed'), 'failed')
  t.equal(of('orders.{region}').mapped(() => undefined), undefined)
  t.equal(of('orders.{region}').mapped(() => { throw new Error('only of eu') }), undefined)
  t.equal(of(/orders/).mapped((topic) => `${topic}.dlq`), undefined)
})

t.test('a pattern that can match no topic is refused', async (t) => {
  const code = 'FASTSTREAM_ERR_INVALID_TOPIC'
  for (const [written, message] of [
    ['orders.{}', /'\{\}' whose name is no identifier/],
    ['orders.{a-b}', /'\{a-b\}' whose name is no identifier/],
    ['{a}.{a}', /two placeholders '\{a\}'/],
    ['{a}{b}', /without anything between/],
    ['orders {a}', /other characters .*'orders \{a\}'/],
    ['orders.{a', /other characters/],
    [`${'x'.repeat(249)}{a}`, /has 250 characters/]
  ] as const) t.throws(() => TopicPattern.of(written), { code, message }, written)
})
