import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import { runInNewContext } from 'node:vm'
import { faststreamPlugin, response, type FaststreamOptions, type PublishOptions } from '../../index.js'
import {
  FASTSTREAM_ERR_CONNECT, FASTSTREAM_ERR_NOT_SETTLED, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_PUBLISH_TIMEOUT
} from '../../lib/errors.js'
import { testBroker } from '../../lib/testing/index.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

async function buildTwo (t: Test) {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing' })
  return app
}

t.test('wrong publish options are refused before anything is sent', async (t) => {
  const app = await build(t)
  const orders = app.broker.publisher('orders')
  const broker = await testBroker(app)
  const wrong: Array<[title: string, options: unknown, message: RegExp]> = [
    ['no options', null, /'options' must be an object/],
    ['text', 'key', /'options' must be an object/],
    ['a list', [], /'options' must be an object/],
    [
      'an unknown name', { flush: 1 }, /'flush' is not known: there are key, headers, partition, timestamp/
    ],
    ['a name that every object has', { constructor: 1 }, /'constructor' is not known/],
    ['an inherited unknown name', Object.create({ nope: 1 }), /'nope' is not known/],
    ['a Map of headers', { headers: new Map([['a', '1']]) }, /'headers' must be a plain object/],
    ['a list of headers', { headers: [['a', '1']] }, /'headers' must be a plain object/],
    ['headers that are null', { headers: null }, /'headers' must be a plain object/],
    ['a time in ms', { timestamp: Date.now() }, /'timestamp' must be a valid Date/],
    ['no time', { timestamp: new Date('soon') }, /'timestamp' must be a valid Date/],
    [
      'a time that Kafka does not have',
      { timestamp: new Date(-1) },
      /'timestamp' must be a valid Date, not before 1970/
    ],
    ['half a partition', { partition: 0.5 }, /'partition' must be a whole number of at least 0/],
    ['a partition below 0', { partition: -1 }, /'partition'/],
    ['a partition as text', { partition: '1' }, /'partition'/],
    ['a correlation id that is no text', { correlationId: 7 }, /'correlationId' must be a string/]
  ]
  for (const [title, options, message] of wrong) {
    const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    await t.rejects(orders.publish(1, options as PublishOptions), error, title)
    await t.rejects(app.broker.publish('orders', 1, options as PublishOptions), error, `${title}, by topic`)
  }
  t.same(broker.published('orders'), [])
})

t.test('undefined publish options count as absent, and objects of another realm are plain', async (t) => {
  const app = await build(t)
  const orders = app.broker.publisher('orders', { key: 'fixed' })
  const broker = await testBroker(app)
  await orders.publish(
    1,
    {
      key: undefined, headers: undefined, partition: undefined, timestamp: undefined, correlationId: undefined
    } as object
  )
  await orders.publish(
    2, runInNewContext("({ headers: { a: '1' }, timestamp: new Date(5), partition: 2, correlationId: 'mine' })")
  )
  t.match(broker.published('orders').find(({ value }) => value === 1), { key: 'fixed' })
  t.match(broker.published('orders').find(({ value }) => value === 2), {
    headers: { a: '1', correlation_id: 'mine' }, timestamp: new Date(5), partition: 2
  })
})

t.test('what a headers function returns is checked', async (t) => {
  const app = await build(t)
  const odd = app.broker.publisher('odd', { headers: () => new Map() as never })
  await app.ready()
  await t.rejects(odd.publish(1), { code: 'FASTSTREAM_ERR_ENCODE', message: /headers must be a plain object/ })
})

t.test('what a publisher or a subscriber is declared with may not be null', async (t) => {
  const { broker } = await build(t)
  const wrong: Array<[string, () => unknown, RegExp]> = [
    ['publisher options', () => broker.publisher('a', null as never), /'options' must be an object/],
    ['a publisher schema', () => broker.publisher('a', { schema: null } as object), /'schema' must be an object/],
    [
      'publisher headers',
      () => broker.publisher('a', { headers: null } as object),
      /'headers' must be a plain object or a function/
    ],
    ['a list of publisher headers', () => broker.publisher('a', { headers: [] } as object), /'headers'/],
    [
      'a subscriber schema',
      () => broker.subscriber('a', { schema: null } as object, () => {}),
      /'schema' must be an object/
    ],
    [
      'a dead letter',
      () => broker.subscriber('a', { deadLetter: null } as object, () => {}),
      /'deadLetter' must be an object/
    ],
    [
      'a concurrency',
      () => broker.subscriber('a', { concurrency: null } as object, () => {}),
      /'concurrency' must be a whole number/
    ]
  ]
  for (const [title, declare, message] of wrong) {
    t.throws(declare, { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }, title)
  }
})

/** Declares in an app of its own, which is made ready. */
async function started (t: Test, options: FaststreamOptions, declare: (broker: FastifyInstance['broker']) => void) {
  const app = await build(t, options)
  declare(app.broker)
  await app.ready()
}

t.test('dead letters do not come back to where they failed', async (t) => {
  const options = { deadLetter: { topic: 'dead' } }
  async function refused (path: RegExp, declare: (broker: FastifyInstance['broker']) => void) {
    await t.rejects(started(t, options, declare), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: new RegExp(`'deadLetter\\.topic' must not lead back to .*\\(${path.source}\\) of .*deadLetter: false`)
    })
  }
  await refused(/a → a/, (broker) => broker.subscriber('a', { deadLetter: { topic: 'a' } }, () => {}))
  await refused(/a → a/, (broker) => broker.subscriber(['b', 'a'], { deadLetter: { topic: () => 'a' } }, () => {}))
  await refused(/dead → dead/, (broker) => broker.subscriber('dead', () => {}))
  const several = ({ subscriber }: FastifyInstance['broker']) => {
    subscriber('one', { deadLetter: { topic: 'two' } }, () => {})
    subscriber('two', { deadLetter: { topic: 'three' } }, () => {})
    subscriber('two', { groupId: 'other', deadLetter: false }, () => {})
  }
  await refused(/three → one → two → three/, (broker) => {
    several(broker)
    broker.subscriber(['four', 'three'], { deadLetter: { topic: 'one' } }, () => {})
  })
  await started(t, options, (broker) => {
    several(broker)
    broker.subscriber(['four', 'three'], { deadLetter: { topic: 'five' } }, () => {})
    broker.subscriber(['dead', 'five'], { deadLetter: { topic: (topic) => `${topic}.again` } }, () => {})
  })
})

t.test('subscribers of one group agree on what is their consumer\'s', async (t) => {
  const options = { groupId: 'shop', offsetReset: 'latest' as const }
  await t.rejects(started(t, options, (broker) => {
    broker.subscriber('a', () => {})
    broker.subscriber('b', { offsetReset: 'earliest' }, function take () {})
  }), {
    code: 'FASTSTREAM_ERR_GROUP_CLASH',
    message: /'shop' .* 'offsetReset' \(subscriber of 'a' in scope 'fastify'; subscriber 'take' of 'b' in scope/
  })
  await started(t, options, (broker) => {
    broker.subscriber('a', () => {})
    broker.subscriber('b', { offsetReset: 'earliest', groupId: 'other' }, () => {})
    broker.subscriber('c', { offsetReset: 'latest' }, () => {})
    broker.subscriber('a', { groupId: null, offsetReset: 'fail' }, () => {})
    broker.subscriber('a', { groupId: null, offsetReset: 'earliest' }, () => {})
  })
})

t.test('a function for the dead-letter topic is asked once per topic', async (t) => {
  const app = await build(t)
  const asked: string[] = []
  app.broker.subscriber(
    ['a', 'b'],
    {
      deadLetter: { topic: (topic) => { asked.push(topic); return `${topic}.${asked.length}` } }, retry: { retries: 0 }
    },
    () => { throw new Error('no') }
  )
  const broker = await testBroker(app)
  await broker.publish('a', 1)
  await broker.publish('b', 2)
  await broker.settled()
  t.same(asked, ['a', 'b'])
  t.match([broker.published('a.1'), broker.published('b.2')], [[{ value: 1 }], [{ value: 2 }]])
})

t.test('a tombstone has the given key, else the fixed key, else the key of the handled message', async (t) => {
  const app = await build(t)
  const computed = app.broker.publisher('computed', { key: (value) => `k${value}` })
  const fixed = app.broker.publisher('fixed', { key: 'fixed' })
  const keyless = app.broker.publisher('keyless')
  app.broker.subscriber('bare', { publish: [computed, fixed, keyless] }, () => null)
  app.broker.subscriber('given', { publish: [computed, fixed, keyless] }, () => response(null, { key: 'given' }))
  app.broker.subscriber('none', { publish: computed }, () => response(null, { key: null }))
  app.broker.subscriber('value', { publish: [computed, keyless] }, () => 1)
  const broker = await testBroker(app)
  for (const topic of ['bare', 'given', 'none', 'value']) {
    await broker.publish(topic, 'gone', { key: 'own' })
    await broker.settled()
  }
  // Partitions are listed one after the other.
  const keys = (topic: string, value: unknown): string[] => broker.published(topic).filter(
    (record) => record.value === value
  ).map(({ key }) => String(key)).sort()
  t.same(keys('computed', null), ['given', 'null', 'own'])
  t.same(keys('fixed', null), ['fixed', 'given'])
  t.same(keys('keyless', null), ['given', 'own'])
  t.same(keys('computed', 1), ['k1'])
  t.same(keys('keyless', 1), ['null'], 'what is no tombstone does not take the key of its message')
})

t.test('a response without options is the value alone, and one of undefined publishes nothing', async (t) => {
  const app = await build(t)
  const out = app.broker.publisher('out')
  app.broker.subscriber('in', { publish: out }, (value) => response(value === 'nothing' ? undefined : value))
  const broker = await testBroker(app)
  await broker.publish('in', 'nothing')
  await broker.publish('in', 'all')
  await broker.settled()
  t.match(broker.published('out'), [{ value: 'all' }])
  t.same(broker.published('out').length, 1)
  t.same(broker.errors, [])
})

t.test('a response with wrong options makes a dead letter, and its handler is not run again', async (t) => {
  const app = await build(t)
  const out = app.broker.publisher('out')
  app.broker.subscriber('in', { publish: out }, () => response(1, null as never))
  const broker = await testBroker(app)
  await broker.publish('in', 1)
  await broker.settled()
  t.match(broker.errors, [{ stage: 'publish', attempt: 1, error: { code: 'FASTSTREAM_ERR_INVALID_OPTION' } }])
  t.equal(broker.published('in.dlq').length, 1)
})

t.test('a publisher is published through its own broker', async (t) => {
  const app = await buildTwo(t)
  const orders = app.broker.publisher('orders')
  const bills = app.brokers.billing.publisher('bills')
  app.get('/', async (request) => { await request.brokers.billing.publish(orders, 1) })
  await app.ready()
  const error = {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'publisher' belongs to broker 'default': publish it through that one"
  }
  await t.rejects(app.brokers.billing.publish(orders, 1), error)
  t.match((await app.inject('/')).json(), error)
  await t.rejects(app.broker.publish(bills, 1), { message: /belongs to broker 'billing'/ })
  t.match(await app.brokers.billing.publish(bills, 1), { topic: 'bills' })
})

t.test('what a handler returns may go to another broker', async (t) => {
  const app = await buildTwo(t)
  const bills = app.brokers.billing.publisher('bills')
  const billed = new Promise((resolve) => { app.brokers.billing.subscriber('bills', resolve) })
  app.broker.subscriber('orders', { publish: bills }, (order) => ({ bill: order }))
  await app.ready()
  await app.broker.publish('orders', 7)
  t.same(await billed, { bill: 7 })
})

t.test('the message of an error says what to do', async (t) => {
  const cures: Array<[Error, RegExp]> = [
    [
      new FASTSTREAM_ERR_CONNECT('kafka:9092', 'ECONNREFUSED'),
      /kafka:9092 \(ECONNREFUSED\): check 'brokers'.*listeners/
    ],
    [
      new FASTSTREAM_ERR_PUBLISH_QUEUE_FULL('orders'),
      /'orders' was not sent: raise 'producer\.queue', or publish more slowly/
    ],
    [
      new FASTSTREAM_ERR_PUBLISH_TIMEOUT('orders', 'it may be in the log'),
      /\(it may be in the log\): raise 'producer\.deadline'.*outcome 'unknown'/
    ],
    [new FASTSTREAM_ERR_NOT_SETTLED(5000, 'group shop'), /5000 ms: group shop \(raise 'timeout'.*handler/]
  ]
  for (const [{ message }, cure] of cures) t.match(message, cure)
})

t.test('a route may return what a publish resolved to', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  app.post('/', async (request) => await request.broker.publish('orders', 1, { partition: 0 }))
  await app.ready()
  t.same((await app.inject({ method: 'POST', url: '/' })).json(), { topic: 'orders', partition: 0, offset: '0' })
})
