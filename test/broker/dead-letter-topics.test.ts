import t from 'tap'
import { DeadLetterTopics } from '../../lib/broker/dead-letter-topics.js'
import { TopicPattern } from '../../lib/options/topic-pattern.js'

/* Which topics have the dead letters of which others: headers of a dead letter are believed only there. */

const dlq = (topic: string): string => `${topic}.dlq`
const none = (): undefined => undefined

/** A subscriber, with the dead-letter topic of each topic that it names. */
const reads = (
  topics: Record<string, string>, deadLetter: (topic: string) => string | undefined, ...patterns: string[]
) => ({
  deadLetter,
  deadLetterTopics: new Map(Object.entries(topics)),
  patterns: patterns.map((text) => TopicPattern.of(text)!)
})

t.test('dead letters go where the plugin, or any subscriber, names a topic for them', (t) => {
  const topics = new DeadLetterTopics(dlq, [reads({}, (topic) => `failed.${topic}`), reads({}, none)])
  for (const method of ['receives', 'isNamedBy'] as const) {
    t.equal(topics[method]('orders.dlq', 'orders'), true, `${method}: named by the plugin`)
    t.equal(topics[method]('failed.orders', 'orders'), true, `${method}: named by a subscriber`)
    t.equal(topics[method]('orders.dlq', 'returns'), false, `${method}: of another topic`)
    t.equal(topics[method]('no topic.dlq', 'no topic'), false, `${method}: of what is no topic`)
  }
  t.end()
})

t.test('a dead letter that fails again ends further on, over any number of topics, also in a circle', (t) => {
  const topics = new DeadLetterTopics(dlq, [
    reads({ 'orders.dlq': 'second', returns: 'second' }, none), reads({ second: 'last', last: 'second' }, none)
  ])
  t.equal(topics.receives('second', 'orders'), true)
  t.equal(topics.receives('last', 'orders'), true)
  t.equal(topics.receives('last', 'invoices'), false)
  t.equal(topics.receives('orders.dlq', 'second'), false)
  t.equal(topics.isNamedBy('last', 'orders'), false, 'not at once')
  t.end()
})

t.test('a topic is found to have dead letters of topics that pass a test', (t) => {
  const isOrders = (origin: string): boolean => /^orders(\.\w+)?$/.test(origin)
  const topics = new DeadLetterTopics(dlq, [reads({ orders: 'failed', returns: 'refused' }, none)])
  t.equal(topics.receivesThoseOf(isOrders, 'failed'), true, 'a subscriber names origin and dead-letter topic')
  t.equal(topics.receivesThoseOf(isOrders, 'refused'), false, 'the origin does not pass')
  t.equal(topics.receivesThoseOf(isOrders, 'orders.eu.dlq'), true, 'the plugin names it by text behind')
  t.equal(topics.receivesThoseOf(isOrders, 'returns.eu.dlq'), false)
  t.equal(topics.receivesThoseOf(isOrders, 'orders.eu'), false, 'an origin is no dead-letter topic')
  const before = new DeadLetterTopics((topic) => `dead-${topic}`, [])
  t.equal(before.receivesThoseOf(isOrders, 'dead-orders'), true, 'the plugin names it by text before')
  t.end()
})

t.test('the naming of a subscriber counts for the topics that one of its patterns matches', (t) => {
  const isAny = (): boolean => true
  const failed = (topic: string): string => `${topic}.failed`
  const topics = new DeadLetterTopics(none, [
    reads({}, failed, 'orders.{region}', 'offers.{region}'), reads({}, dlq, 'returns.{region}')
  ])
  t.equal(topics.receivesThoseOf(isAny, 'orders.eu.failed'), true)
  t.equal(topics.receivesThoseOf(isAny, 'returns.eu.dlq'), true)
  t.equal(topics.receivesThoseOf(isAny, 'returns.eu.failed'), false, 'the pattern of another subscriber')
  t.equal(topics.receivesThoseOf(isAny, 'orders.eu.dlq'), false, 'the naming of another subscriber')
  t.end()
})

t.test('a function of the user that throws names no topic', (t) => {
  const topics = new DeadLetterTopics(() => { throw new Error('unknown') }, [reads({}, dlq)])
  t.equal(topics.receives('orders.dlq', 'orders'), true)
  t.equal(topics.receives('orders', 'orders'), false)
  t.equal(topics.receivesThoseOf(() => true, 'orders.dlq'), false)
  t.end()
})
