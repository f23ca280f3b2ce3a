import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { Sealed } from '../../lib/sealed.js'
import { resolveInherited } from '../../lib/options/inherited.js'
import { checkTopic } from '../../lib/options/topic-name.js'

t.test('everything has a default', async (t) => {
  const settings = normaliseOptions({}, 10_000)
  t.match(settings, {
    name: 'default',
    transport: 'memory',
    brokers: [],
    clientId: 'fastify-faststream',
    groupId: undefined,
    startup: 'strict',
    offsetReset: 'earliest',
    handlerTimeout: 60_000,
    bodyLimit: 1_048_588,
    cleanupTimeout: 10_000,
    connectTimeout: 9000,
    drainTimeout: 9000,
    revokeDrain: 10_000,
    sessionTimeout: 30_000,
    rebalanceTimeout: 60_000,
    groupInstanceId: undefined,
    retry: { retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2 },
    ackPolicy: 'REJECT_ON_ERROR',
    ordering: 'partition',
    concurrency: 16,
    buffer: { messages: 1000, bytes: 8 * 1024 * 1024 },
    commit: { interval: 1000, count: 500 },
    topics: 'create',
    topicConfig: { partitions: 3, replicas: -1 },
    producer: { deadline: 30_000, queue: { messages: 10_000, bytes: 64 * 1024 * 1024 } }
  })
  t.equal(settings.deadLetter('orders'), 'orders.dlq')
  t.equal(settings.retry.retryOn(new Error('any')), true)
  t.ok(Object.isFrozen(settings))
})

t.test('no group is written by hand', async (t) => {
  t.equal(normaliseOptions({ groupId: null }, 10_000).groupId, null)
})

t.test('brokers mean kafka', async (t) => {
  t.match(normaliseOptions({ brokers: ['localhost:9092'] }, 10_000), {
    transport: 'kafkajs', brokers: ['localhost:9092']
  })
  t.match(normaliseOptions({ brokers: ['localhost:9092'], transport: 'memory' }, 10_000), { transport: 'memory' })
  t.same(normaliseOptions({ brokers: 'a:9092, [::1]:9093' }, 10_000).brokers, ['a:9092', '[::1]:9093'])
  t.same(normaliseOptions({ brokers: ['a:9092,b:9092', 'c:9092'] }, 10_000).brokers, ['a:9092', 'b:9092', 'c:9092'])
})

t.test('the time-outs of hooks stay below the pluginTimeout', async (t) => {
  t.match(normaliseOptions({}, 500), { connectTimeout: 450, drainTimeout: 450 })
  t.match(normaliseOptions({}, 0), { connectTimeout: 9000 })
  t.match(normaliseOptions({ drainTimeout: 60_000 }, 0), { drainTimeout: 60_000 })
  t.throws(() => normaliseOptions({ connectTimeout: 10_000 }, 10_000), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'connectTimeout' must be below Fastify's pluginTimeout of 10000 ms: raise that, too"
  })
})

t.test('wrong options fail with the option and the cure', async (t) => {
  const wrong: Array<[unknown, RegExp]> = [
    [{ broker: [] }, /'broker' is not known: there are brokers, transport/],
    [{ brokers: [] }, /'brokers' must be a list of addresses/],
    [{ brokers: 9092 }, /'brokers' must be a list of addresses/],
    [{ brokers: 'localhost' }, /'brokers' must be a list of addresses/],
    [{ brokers: 'a:9092,' }, /'brokers' must be a list of addresses/],
    [{ brokers: ['kafka://a:9092'] }, /'brokers' must be a list .* without a protocol: TLS is the option 'ssl'/],
    [{ brokers: ['PLAINTEXT://a:9092'] }, /without a protocol/],
    [{ brokers: ['user:secret@a:9092'] }, /'brokers' must hold no credentials: write them as 'sasl'$/],
    [{ brokers: ['kafka://user:secret@a:9092'] }, /'brokers' must hold no credentials: write them as 'sasl'$/],
    [{ brokers: ['::1:9092'] }, /'brokers' must be a list of addresses/],
    [{ brokers: ['localhost'] }, /'brokers'/],
    [{ transport: 'kafkajs' }, /'brokers' must be given/],
    [{ transport: 'pigeon' }, /'transport' must be one of 'kafkajs', 'memory'/],
    [{ groupId: '' }, /'groupId' must be a string that is not empty/],
    [{ groupId: 7 }, /'groupId' must be a string that is not empty/],
    [{ startup: 'lazy' }, /'startup' must be one of 'strict', 'background'/],
    [{ offsetReset: 'none' }, /'offsetReset' must be one of 'earliest', 'latest', 'fail'/],
    [{ handlerTimeout: 0 }, /'handlerTimeout' must be a number of at least 1/],
    [{ bodyLimit: 0 }, /'bodyLimit' must be a number of at least 1/],
    [{ cleanupTimeout: 0 }, /'cleanupTimeout' must be a number of at least 1/],
    [{ ackPolicy: 'MAYBE' }, /'ackPolicy' must be one of 'ACK_FIRST', 'ACK'/],
    [{ ordering: 'topic' }, /'ordering' must be one of 'partition', 'key', 'none'/],
    [{ name: 1 }, /'name'/],
    [{ clientId: null }, /'clientId'/],
    [{ connectTimeout: -1 }, /'connectTimeout' must be a number of at least 1/],
    [{ connectTimeout: 'soon' }, /'connectTimeout'/],
    [{ revokeDrain: 60_000 }, /'revokeDrain' must be at most 59000, 1 s below the rebalanceTimeout of 60000 ms/],
    [{ revokeDrain: -1 }, /'revokeDrain' must be a number of at least 0/],
    [{ rebalanceTimeout: 5000 }, /'revokeDrain' must be at most 4000/],
    [
      { rebalanceTimeout: 1000, revokeDrain: 0 },
      /'rebalanceTimeout' must be a number of at least 2000 and at most 1800000/
    ],
    [{ rebalanceTimeout: null }, /'rebalanceTimeout'/],
    [{ sessionTimeout: 999 }, /'sessionTimeout' must be a number of at least 1000 and at most 1800000/],
    [{ sessionTimeout: 6000.5 }, /'sessionTimeout'/],
    [{ sessionTimeout: 1_800_001 }, /'sessionTimeout'/],
    [{ sessionTimeout: '30s' }, /'sessionTimeout'/],
    [{ groupInstanceId: '' }, /'groupInstanceId' must be 1 to 249 letters, digits/],
    [{ groupInstanceId: 'pod 1' }, /'groupInstanceId'/],
    [{ groupInstanceId: null }, /'groupInstanceId'/],
    [{ groupInstanceId: 1 }, /'groupInstanceId'/],
    [{ retry: { retries: 1.5 } }, /'retry.retries' must be a whole number/],
    [{ retry: { times: 1 } }, /'retry.times' is not known: there are retries/],
    [{ retry: { jitter: 2 } }, /'retry.jitter'/],
    [{ retry: { retryOn: true } }, /'retry.retryOn' must be a function/],
    [{ retry: 3 }, /'retry' must be an object/],
    [{ deadLetter: { name: 'x' } }, /'deadLetter.name' is not known/],
    [{ concurrency: 0 }, /'concurrency'/],
    [{ buffer: { messages: 0 } }, /'buffer.messages'/],
    [{ commit: { interval: -1 } }, /'commit.interval'/],
    [{ topics: 'make' }, /'topics' must be one of/],
    [{ topicConfig: { partitions: 0 } }, /'topicConfig.partitions'/],
    [{ producer: { deadline: 0 } }, /'producer.deadline'/],
    [{ producer: { queue: { megabytes: 1 } } }, /'producer.queue.megabytes' is not known/],
    [{ correlationId: 'x' }, /'correlationId' must be a function/],
    [null, /'options' must be an object/],
    [[], /'options' must be an object/],
    [{ brokers: ['localhost:65536'] }, /'brokers' must be a list of addresses.*ports from 1 to 65535/],
    [{ brokers: ['localhost:0'] }, /'brokers'/],
    [{ brokers: [9092] }, /'brokers'/],
    [{ ssl: 'yes' }, /'ssl' must be true, false or the options of node:tls/],
    [{ ssl: null }, /'ssl'/],
    [{ ssl: [] }, /'ssl'/],
    [{ sasl: true }, /'sasl' must be an object/],
    [{ sasl: null }, /'sasl'/],
    [{ sasl: { username: 'a' } }, /'sasl.mechanism' must be a string/],
    [{ deadLetter: null }, /'deadLetter' must be an object/],
    [{ deadLetter: ['dead'] }, /'deadLetter' must be an object/],
    [{ ajv: true }, /'ajv' must be an object/],
    [{ ajv: null }, /'ajv' must be an object/],
    [
      { ajv: { coerceTypes: false } },
      /'ajv.coerceTypes' is not known: there are customOptions, plugins, onCreate, mode/
    ],
    [{ retry: null }, /'retry' must be an object/],
    [{ retry: { retries: null } }, /'retry.retries' must be a whole number/],
    [{ revokeDrain: null }, /'revokeDrain'/],
    [{ concurrency: null }, /'concurrency'/],
    [{ connectTimeout: null }, /'connectTimeout'/],
    [{ producer: { deadline: null } }, /'producer.deadline'/],
    [{ commit: null }, /'commit' must be an object/],
    [{ commit: { count: 0 } }, /'commit.count'/],
    [{ commit: { size: 0 } }, /'commit.size' is not known: there are interval, count/]
  ]
  for (const [options, message] of wrong) {
    t.throws(
      () => normaliseOptions(options as FaststreamOptions, 10_000),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message, statusCode: 500 },
      JSON.stringify(options)
    )
  }
})

t.test('times are no longer than the timers of Node', async (t) => {
  const longest = 2_147_483_647
  const times: Array<[string, (ms: number) => FaststreamOptions]> = [
    ['connectTimeout', (ms) => ({ connectTimeout: ms })],
    ['drainTimeout', (ms) => ({ drainTimeout: ms })],
    ['handlerTimeout', (ms) => ({ handlerTimeout: ms })],
    ['cleanupTimeout', (ms) => ({ cleanupTimeout: ms })],
    ['retry.delay', (ms) => ({ retry: { delay: ms } })],
    ['retry.maxDelay', (ms) => ({ retry: { maxDelay: ms } })],
    ['commit.interval', (ms) => ({ commit: { interval: ms } })],
    ['producer.deadline', (ms) => ({ producer: { deadline: ms } })]
  ]
  for (const [name, options] of times) {
    t.ok(normaliseOptions(options(longest), 0), name)
    t.throws(() => normaliseOptions(options(longest + 1), 0), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: new RegExp(`'${name}' must be a number of at least [01] and at most 2147483647`)
    })
  }
  t.throws(() => normaliseOptions({ connectTimeout: Infinity }, 0), {
    message: "option 'connectTimeout' must be a number of at least 1 and at most 2147483647"
  })
})

t.test('members that are undefined are as if they were absent', async (t) => {
  const absent = {
    retry: { retries: undefined, delay: 5 },
    buffer: { messages: undefined },
    commit: { interval: undefined },
    producer: { deadline: undefined, queue: { bytes: undefined } },
    topicConfig: { partitions: undefined },
    deadLetter: { topic: undefined }
  }
  const settings = normaliseOptions(absent as unknown as FaststreamOptions, 10_000)
  t.match(settings, {
    retry: { retries: 5, delay: 5 },
    buffer: { messages: 1000 },
    commit: { interval: 1000, count: 500 },
    producer: { deadline: 30_000, queue: { bytes: 64 * 1024 * 1024 } },
    topicConfig: { partitions: 3 }
  })
  t.equal(settings.deadLetter('orders'), 'orders.dlq')
})

t.test('security and compiler options are handed on as they are', async (t) => {
  const given: FaststreamOptions = {
    brokers: ['[::1]:65535'],
    ssl: { rejectUnauthorized: false },
    sasl: { mechanism: 'plain', username: 'a', password: 'b' },
    ajv: { customOptions: {}, plugins: [], onCreate () {} }
  }
  const settings = normaliseOptions(given, 10_000)
  t.same(settings.brokers, given.brokers)
  t.equal(settings.ajv, given.ajv)
  t.same(Sealed.open(settings.security), { ssl: given.ssl, sasl: given.sasl })
  for (const ssl of [true, false]) t.equal(Sealed.open(normaliseOptions({ ssl }, 10_000).security).ssl, ssl)
})

t.test('production without brokers is refused, unless memory is written', async (t) => {
  const before = process.env.NODE_ENV
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  process.env.NODE_ENV = 'production'
  t.throws(() => normaliseOptions({}, 10_000), { code: 'FASTSTREAM_ERR_BROKERS_REQUIRED' })
  t.match(normaliseOptions({ transport: 'memory' }, 10_000), { transport: 'memory' })
})

t.test('dead letters go where the option says', async (t) => {
  const topicOf = (
    deadLetter: FaststreamOptions['deadLetter']
  ) => resolveInherited([{ deadLetter }]).deadLetter('orders')
  t.equal(topicOf(false), undefined)
  t.equal(topicOf({ topic: 'dead' }), 'dead')
  t.equal(topicOf({ topic: (topic) => `dead.${topic}` }), 'dead.orders')
  t.throws(() => topicOf({ topic: 'a b' }), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
  t.throws(() => topicOf({ topic: () => 'a b' }), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
})

t.test("topic names follow Kafka's rules", async (t) => {
  for (const good of ['a', 'A.b_c-9', 'x'.repeat(249)]) t.equal(checkTopic(good), good)
  for (const bad of ['', '.', '..', 'a b', 'a/b', 'ü', 'x'.repeat(250), 7, undefined]) {
    t.throws(() => checkTopic(bad), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
  }
})
