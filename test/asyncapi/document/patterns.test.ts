import t from 'tap'
import { Type } from '@sinclair/typebox'
import { createModel } from '../../../lib/asyncapi/page/model.js'
import { diagnostics } from '../../support/asyncapi-rules.js'
import { document } from '../../support/document-app.js'
import { build } from '../../support/publish-app.js'

t.test('a pattern with placeholders is a channel with parameters, and so are its dead letters', async (t) => {
  const made = await document(t, ({ broker }) => {
    broker.subscriber('orders.{region}.v{version}', { schema: { value: Type.String() } }, function take () {})
  }, { topicPrefix: 'eu.' })
  const parameters = { region: {}, version: {} }
  const [orders, letters, ...more] = Object.values(made.channels)
  t.same(more, [])
  t.strictSame(orders, {
    address: 'eu.orders.{region}.v{version}',
    parameters,
    servers: [{ $ref: '#/servers/default' }],
    messages: { EuOrdersRegionVVersion: { $ref: '#/components/messages/EuOrdersRegionVVersion' } },
    bindings: { kafka: { bindingVersion: '0.5.0' } }
  })
  t.match(letters, { address: 'eu.orders.{region}.v{version}.dlq', parameters, tags: [{ name: 'dead-letter' }] })
  t.match(made.operations.take['x-kafka-consumer'], { deadLetterTopic: 'eu.orders.{region}.v{version}.dlq' })
  t.same(await diagnostics(made), [])
})

t.test('the topics of a RegExp have no address, and the channel says what they match', async (t) => {
  const made = await document(t, ({ broker }) => {
    broker.subscriber([/^orders\./, /^orders_/, /^\W+$/, 'returns'], { deadLetter: false }, function take () {})
  })
  t.match(made.channels, {
    'orders_.': { address: null, title: '/^orders\\./', bindings: { kafka: { topic: undefined } } },
    orders_: { address: null, title: '/^orders_/' },
    returns: { address: 'returns', title: undefined }
  })
  t.equal(Object.keys(made.channels).length, 4)
  t.same(await diagnostics(made), [])
  const { operations } = createModel(made)
  t.same(operations.map(({ channel }) => [channel.address, channel.isOneTopic]).sort(), [
    ['/^\\W+$/', false], ['/^orders\\./', false], ['/^orders_/', false], ['returns', true]
  ])
})

t.test('a RegExp without a character that a key may have is called a pattern', async (t) => {
  const made = await document(t, ({ broker }) => {
    broker.subscriber([/[^]/, /[^]+/], { deadLetter: false }, function take () {})
  })
  t.match(made.channels, { pattern: { title: '/[^]+/' }, pattern_2: { title: '/[^]/' } })
  t.same(await diagnostics(made), [])
})

t.test('the page publishes to no pattern', async (t) => {
  const { publish } = await build(t, {
    declare ({ broker }) { broker.subscriber('orders.{region}', function take () {}) }
  })
  t.match((await publish('take', { value: 1 })).json(), {
    statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', message: /its topic is a pattern/
  })
})
