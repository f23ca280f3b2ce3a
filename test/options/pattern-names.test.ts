import t from 'tap'
import { TopicPattern } from '../../lib/options/topic-pattern.js'
import { checkTopic, checkTopicPrefix } from '../../lib/options/topic-name.js'

const of = (written: string | RegExp): TopicPattern => TopicPattern.of(written) as TopicPattern
const CODE = 'FASTSTREAM_ERR_INVALID_TOPIC'

t.test('a placeholder has the name of an identifier', async (t) => {
  for (const name of ['a', '_', 'A9_z', 'region2']) {
    t.same(of(`orders.{${name}}`).names, [name])
    t.same({ ...of(`orders.{${name}}`).params('orders.x') }, { [name]: 'x' })
  }
  for (const name of ['', '9a', 'a-b', 'a.b', 'ä', 'a b']) {
    t.throws(() => of(`orders.{${name}}`), { code: CODE, message: /whose name is no identifier/ }, name)
  }
  t.throws(() => of('{a}.{a}'), { message: /two placeholders '\{a\}'/ })
  for (const wrong of ['{a}{b}', 'orders.{a}{b}.v1', '{{a}}', 'a}', '{a', 'a.{b}}', 'a$.{b}', 'a+.{b}', '(a).{b}']) {
    t.throws(() => of(wrong), { code: CODE }, wrong)
  }
  t.ok(of('{a}-{b}').matches('x-y'))
})

t.test('what stands beside a placeholder is text, and the placeholder no dot', async (t) => {
  const pattern = of('{region}.orders.v{version}')
  t.same({ ...pattern.params('eu.orders.v1') }, { region: 'eu', version: '1' })
  for (const topic of ['eu.orders.v', '.orders.v1', 'euxorders.v1', 'eu.orders.v1.dlq', 'a.eu.orders.v1', 'eu']) {
    t.equal(pattern.matches(topic), false, topic)
  }
})

t.test('the address of a pattern is what was written, behind its prefixes', async (t) => {
  t.equal(of('orders.{a}').address, 'orders.{a}')
  t.equal(of('orders.{a}').behind('eu.').address, 'eu.orders.{a}')
  t.equal(of(/a/).address, undefined)
  t.equal(of(/a/).behind('eu.').address, undefined)
  const pattern = of('orders.{a}')
  t.equal(pattern.behind(''), pattern)
  t.ok(Object.isFrozen(pattern))
  t.same(of(/^(?<a>\w)-(?<b1>\w)(\w)$/y).names, ['a', 'b1'])
})

t.test('a RegExp has no state, whatever its flags, and keeps the others', async (t) => {
  for (const flags of ['g', 'y', 'gy', 'giy']) {
    const pattern = of(new RegExp('orders', flags))
    t.same([1, 2, 3].map(() => pattern.matches('orders')), [true, true, true], flags)
    t.equal(pattern.matches('ORDERS'), flags.includes('i'))
    t.equal(pattern.matches('my.orders'), true)
  }
})

t.test('params of a topic are made once, those without groups are none', async (t) => {
  const pattern = of(/^orders/)
  t.strictSame({ ...pattern.params('orders') }, {})
  t.equal(pattern.params('orders'), pattern.params('orders.eu'))
  t.strictSame({ ...of('a.{b}').behind('x.').params('x.a.c') }, { b: 'c' })
  t.strictSame({ ...of('a.{b}').params('b') }, {}, 'those of a topic that does not match')
})

t.test('the topics of a function are those of the pattern, with several placeholders', async (t) => {
  t.equal(of('a.{b}.{c}').mapped((topic) => `dead.${topic}`), 'dead.a.{b}.{c}')
  t.equal(of('a.{b}').mapped((topic) => `${topic}.${topic}`), 'a.{b}.a.{b}')
  const seen: string[] = []
  of('a.{b}').mapped((topic) => { seen.push(checkTopic(topic)); return topic })
  t.equal(seen.length, 1, 'the function gets a name that is legal')
})

t.test('a topic has the characters and the length that Kafka allows', async (t) => {
  for (const topic of ['a', 'A-z_0.9', '...', '.a']) t.equal(checkTopic(topic), topic)
  for (const [topic, message] of [
    ['.', /is not allowed/], ['..', /is not allowed/], ['', /has 0 characters/],
    ['x'.repeat(250), /has 250 characters/], ['a b', /has other characters/],
    [`${'x'.repeat(248)} `, /has other characters/],
    [7, /'7' is no string/], [undefined, /is no string/]
  ] as const) {
    t.throws(() => checkTopic(topic, ' (of x)'), { code: CODE, message: new RegExp(`${message.source} \\(of x\\)`) })
    t.throws(() => checkTopic(topic), { code: CODE, message: new RegExp(`${message.source}: use 1 to 249`) })
  }
  for (const prefix of ['', 'a.', '_-.Z9']) t.equal(checkTopicPrefix('topicPrefix', prefix), prefix)
  for (const prefix of [' a', 'a ', 'a/b', 7]) {
    t.throws(() => checkTopicPrefix('topicPrefix', prefix), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topicPrefix' must be text/
    })
  }
})
