import Fastify from 'fastify'
import t from 'tap'
import { declarePublisher, declareSubscriber, writeReading } from '../../lib/broker/declaration.js'

/* Options of subscribers and publishers, where they are written: what is wrong is refused with its name. */

const scope = Fastify()
const code = 'FASTSTREAM_ERR_INVALID_OPTION'
const subscriber = (options: object) => declareSubscriber(scope, 'orders', options, () => {})
const publisher = (options: object) => declarePublisher(scope, 'orders', options)
const listener = { onAssigned () {} }

t.test('a wrong option of a subscriber is refused with its name', (t) => {
  const wrong: Array<[options: object, message: RegExp]> = [
    [{ filter: 1 }, /^option 'filter' must be a function of the message/],
    [{ filter: () => true, batch: true }, /^option 'batch' must not be given with 'filter'/],
    [{ batch: true, schema: { reply: {} } }, /^option 'schema.reply' must not be given with 'batch'/],
    [{ schema: { body: {} } }, /^option 'schema.body' is not known/],
    [{ deps: { a: 1 } }, /^option 'deps.a' /],
    [{ listener: 1 }, /^option 'listener' /],
    [{ batch: { maxSize: 0 } }, /^option 'batch.maxSize' /],
    [{ partitions: [-1] }, /^option 'partitions' /],
    [{ publish: 'out' }, /^option 'publish' must be what publisher\(\) returned/],
    [{ retries: 1 }, /^option 'retries' is not known/]
  ]
  for (const [options, message] of wrong) t.throws(() => subscriber(options), { code, message }, String(message))
  t.throws(() => declareSubscriber(scope, [], {}, () => {}), { code, message: /^option 'topics' must name one topic/ })
  t.end()
})

t.test('a wrong option of a publisher is refused with its name', (t) => {
  const wrong: Array<[options: object, message: RegExp]> = [
    [{ schema: { body: {} } }, /^option 'schema.body' is not known/],
    [{ key: 1 }, /^option 'key' must be a string or a function of the value/],
    [{ headers: 1 }, /^option 'headers' must be a plain object or a function of the value/],
    [{ partition: -1 }, /^option 'partition' must be .*at least 0/],
    [{ partition: '0' }, /^option 'partition' must be a number or a function of the value/],
    [{ partitioner: 1 }, /^option 'partitioner' must be/],
    [{ partition: 0, partitioner: () => 0 }, /^option 'partitioner' must not be given with 'partition'/],
    [{ tags: 'a' }, /^option 'tags' must be a list/],
    [{ acks: 1 }, /^option 'acks' is not known/]
  ]
  for (const [options, message] of wrong) t.throws(() => publisher(options), { code, message }, String(message))
  t.throws(() => publisher({ replyTo: 'a b' }), {
    code: 'FASTSTREAM_ERR_INVALID_TOPIC', message: /\(it is the option 'replyTo'\)/
  })
  t.end()
})

t.test('what a subscriber is declared with is kept: topics and partitions each once, partitions in order', (t) => {
  const declared = declareSubscriber(scope, ['b', 'a', 'b', 'x.{id}', 'x.{id}'], {
    partitions: [10, 9, 1, 9], listener
  }, () => {})
  t.same(declared.topics, ['b', 'a', 'x.{id}'])
  t.same(declared.patterns.map(({ text }) => text), ['x.{id}'])
  t.same(declared.partitions, [1, 9, 10])
  t.ok(Object.isFrozen(declared.partitions))
  t.equal(declared.kind, 'subscriber')
  t.ok(declared.listener)
  t.equal(subscriber({}).listener, undefined)
  t.equal(subscriber({ filter: undefined, batch: true }).isRead, false)
  t.end()
})

t.test('what a publisher is declared with is kept', (t) => {
  const declared = publisher({ headers: { a: 'b' }, key: 'k', partition: 0, replyTo: 'answers' })
  t.match(declared, { kind: 'publisher', topic: 'orders', headers: { a: 'b' }, key: 'k', partition: 0 })
  t.equal(declared.replyTo, 'answers')
  t.equal(publisher({}).replyTo, undefined)
  t.doesNotThrow(() => publisher({ key: () => 'k', headers: () => ({}), partition: () => 0 }))
  t.doesNotThrow(() => publisher({ partitioner: () => 0 }))
  t.end()
})

t.test('without a handler an option that says how it is called is refused with its name', (t) => {
  for (const option of ['publish', 'filter', 'ordering', 'concurrency']) {
    const value = { publish: [], filter: () => true, ordering: 'key', concurrency: 1 }[option]
    t.throws(() => writeReading('orders', { [option]: value } as object), {
      code, message: `option '${option}' has no effect without a handler`
    })
  }
  t.throws(() => writeReading('orders', { schema: { reply: {} } }), {
    code, message: "option 'schema.reply' has no effect without a handler"
  })
  t.throws(() => writeReading('orders', { ackPolicy: 'ACK' }), { code, message: /^option 'ackPolicy' must be one of/ })
  for (const ackPolicy of ['MANUAL', 'ACK_FIRST'] as const) t.equal(writeReading('orders', { ackPolicy }).isRead, true)
  t.end()
})
