import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import faststreamPlugin, { NackMessage, SkipMessage, type FaststreamOptions } from '../../index.js'
import '../../lib/transport/kafkajs/index.js'
import { loadKafkajs } from '../../lib/transport/kafkajs/load.js'
import { createMemoryCluster, createMemoryTransport, type MemoryCluster } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { gate, Inbox } from '../support/inbox.js'
import { useEnvironment } from '../support/environment.js'
import { memoryLog } from '../support/json-log.js'

const UUID = /^[\da-f-]{36}$/

interface Built {
  readonly app: FastifyInstance
  readonly linesOf: (message: string | RegExp) => Array<Record<string, unknown>>
}

async function build (
  t: Test, options: FaststreamOptions = {}, level = 'debug', cluster?: MemoryCluster
): Promise<Built> {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level, stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', retry: { retries: 1, delay: 0 }, ...options })
  if (cluster !== undefined) useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  const linesOf: Built['linesOf'] = (message) => lines.filter(
    ({ msg }) => typeof message === 'string' ? msg === message : message.test(msg)
  )
  return { app, linesOf }
}

t.test('the log of a request and the log of its messages are joined by the correlation id', async (t) => {
  const { app, linesOf } = await build(t)
  app.broker.subscriber('orders', function take (_, { log }) { log.info('taken') })
  app.post('/orders', async ({ body, broker, brokers }) => {
    await broker.publish('orders', body)
    await (brokers as unknown as { default: typeof broker }).default.publish('orders', body)
    return {}
  })
  await app.ready()
  await app.inject({ method: 'POST', url: '/orders', payload: {} })
  await eventually(async () => linesOf('message completed').length === 2)
  const [published, ...more] = linesOf('request publishes')
  t.same(more, [], 'once per request')
  t.match(published, { level: 20, reqId: 'req-1', broker: 'default', correlationId: UUID })
  const { correlationId } = published as { correlationId: string }
  const bindings = {
    subscriber: 'take', groupId: 'shop', topic: 'orders', partition: Number, offset: /^\d$/, correlationId
  }
  t.match(linesOf('taken'), [bindings, bindings])
  const completed = { level: 20, ...bindings, attempts: 1, outcome: 'acknowledged', responseTime: Number }
  t.match(linesOf('message completed'), [completed, completed])
})

t.test('a request that publishes nothing has no line, and neither has one whose message is refused', async (t) => {
  const { app, linesOf } = await build(t)
  const orders = app.broker.publisher('orders', { schema: { value: { type: 'object' } } })
  app.post('/refused', async ({ broker }) => { await broker.publish(orders, 1) })
  app.get('/id', async ({ broker }) => ({ name: String(broker) }))
  await app.ready()
  t.equal((await app.inject({ method: 'POST', url: '/refused' })).statusCode, 500)
  t.equal((await app.inject('/id')).statusCode, 200)
  t.same(linesOf('request publishes'), [])
})

t.test('a message without a correlation id gets one, the same for all attempts and in all lines', async (t) => {
  const { app, linesOf } = await build(t)
  const seen = new Inbox<string>()
  app.broker.subscriber('orders', function take (_, { log, correlationId }) {
    log.info('taken')
    seen.add(correlationId)
    throw new Error('no')
  })
  await app.ready()
  await app.broker.publish('orders', 1, { headers: { correlation_id: null } })
  await eventually(async () => linesOf('message completed').length === 1)
  const [one, two] = await seen.count(2)
  t.match(one, UUID)
  t.equal(two, one)
  const about = {
    subscriber: 'take', groupId: 'shop', topic: 'orders', partition: Number, offset: '0', correlationId: one
  }
  t.match(linesOf('taken'), [about, about])
  t.match(linesOf('handler failed, it will be run again'), [{
    ...about, level: 40, attempt: 1, err: { message: 'no' }
  }])
  t.match(linesOf(/moved to the dead-letter topic/), [{
    ...about, level: 50, attempts: 2, deadLetterTopic: 'orders.dlq'
  }])
  t.match(linesOf('message completed'), [{ ...about, attempts: 2, outcome: 'dead-lettered' }])
})

t.test('a correlation id that is replaced is told once, with the place of its message', async (t) => {
  const { app, linesOf } = await build(t)
  app.broker.subscriber('orders', (_, { log }) => { log.info('taken') })
  await app.ready()
  await app.broker.publish('orders', 1, { headers: { correlation_id: 'x'.repeat(300) } })
  await eventually(async () => linesOf('message completed').length === 1)
  const [replaced, ...more] = linesOf(/^a correlation id is longer/)
  t.same(more, [])
  t.match(replaced, { topic: 'orders', offset: '0', correlationId: UUID })
  t.match(linesOf(/^taken|^message completed/), [
    { correlationId: replaced?.correlationId }, { correlationId: replaced?.correlationId }
  ])
})

t.test('every way in which a message fails names subscriber, group and correlation id', async (t) => {
  const { app, linesOf } = await build(t, {
    retry: { retries: 1, delay: 0, retryOn: () => { throw new Error('a bug') } }
  })
  const invoices = app.broker.publisher('invoices', { schema: { value: { type: 'object' } } })
  const fail = (): never => { throw new Error('no') }
  app.broker.subscriber('undecodable', { schema: { value: { type: 'object' } } }, function take () {})
  app.broker.subscriber('settled', { ackPolicy: 'ACK' }, function take () { fail() })
  app.broker.subscriber('discarded', { deadLetter: false }, function take () { fail() })
  app.broker.subscriber('answering', { publish: invoices }, function take () { return 1 as never })
  app.broker.subscriber('late', { handlerTimeout: 1, retry: { retries: 0 } }, async function take (_, { signal }) {
    await new Promise((resolve) => { signal.onabort = resolve })
  })
  app.broker.subscriber('decided', function take (_, { ack }) { ack(); fail() })
  app.broker.subscriber('skipped', function take () { throw new SkipMessage() })
  let nacked = false
  app.broker.subscriber('nacked', function take () {
    if (nacked) return
    nacked = true
    throw new NackMessage({ delay: 0 })
  })
  await app.ready()
  const topics = ['undecodable', 'settled', 'discarded', 'answering', 'late', 'decided', 'skipped', 'nacked']
  for (const topic of topics) await app.broker.publish(topic, 1, { correlationId: `c-${topic}` })
  await eventually(async () => linesOf('message completed').length === topics.length)
  const expected: Array<[topic: string, message: RegExp]> = [
    ['undecodable', /moved to the dead-letter topic/], ['settled', /settled all the same/], ['discarded', /is skipped/],
    ['discarded', /retryOn failed/], ['answering', /moved to the dead-letter topic/], ['late', /has had its time/],
    ['late', /moved to the dead-letter topic/], ['decided', /had decided already/], ['skipped', /skipped the message/],
    ['nacked', /run again/]
  ]
  for (const [topic, message] of expected) {
    const lines = linesOf(message).filter((line) => line.topic === topic)
    t.ok(lines.length > 0, `${topic} ${message}`)
    for (const line of lines) {
      t.match(line, {
        subscriber: 'take', groupId: 'shop', partition: Number, offset: '0', correlationId: `c-${topic}`
      })
    }
  }
  const outcomes = Object.fromEntries(linesOf('message completed').map(({ topic, outcome }) => [topic, outcome]))
  t.match(outcomes, { discarded: 'discarded', skipped: 'skipped', settled: 'acknowledged', answering: 'dead-lettered' })
})

t.test('messageLogLevel is inherited: the plugin says one, a subscriber another', async (t) => {
  const { app, linesOf } = await build(t, { messageLogLevel: 'info' }, 'info')
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('told', (value) => { inbox.add(value) })
  app.broker.subscriber('silent', { messageLogLevel: 'silent' }, (value) => { inbox.add(value) })
  app.broker.subscriber('quiet', { messageLogLevel: 'debug' }, (value) => { inbox.add(value) })
  await app.ready()
  for (const topic of ['silent', 'quiet', 'told']) await app.broker.publish(topic, 1)
  await inbox.count(3)
  await app.close()
  t.match(linesOf('message completed').map(({ topic, level }) => [topic, level]), [['told', 30]])
  const wrong = { messageLogLevel: 'loud' as never }
  await t.rejects(async () => { await Fastify().register(faststreamPlugin, wrong) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'messageLogLevel' must be one of 'debug', 'info', 'silent'/
  })
})

t.test('a message that is not settled is not completed, and its line says so', async (t) => {
  const { app, linesOf } = await build(t, { drainTimeout: 50 })
  const inbox = new Inbox<unknown>()
  const { opened, open } = gate()
  app.broker.subscriber('orders', async function take (value) { inbox.add(value); await opened })
  await app.ready()
  await app.broker.publish('orders', 1)
  await inbox.count(1)
  await app.close()
  open()
  await eventually(async () => linesOf('message is not settled: it will be redelivered').length === 1)
  t.match(linesOf('message is not settled: it will be redelivered'), [{
    subscriber: 'take', outcome: 'unsettled', attempts: 1
  }])
  t.same(linesOf('message completed'), [])
  t.match(linesOf('closing: waits for running handlers'), [{
    level: 30,
    broker: 'default',
    inFlight: [{ subscriber: 'take', groupId: 'shop', messages: 1 }],
    unpublished: 0,
    timeout: 50
  }])
  t.match(linesOf('closed'), [{ level: 30, broker: 'default', duration: Number }])
  t.match(linesOf(/^handlers did not end in time/), [{ groupId: 'shop', reason: 'close' }])
})

t.test('joins and rebalances are logged with the partitions given and taken, reason and duration', async (t) => {
  const cluster = createMemoryCluster()
  const [one, two] = [
    await build(t, { topicConfig: { partitions: 2 } }, 'info', cluster),
    await build(t, { topicConfig: { partitions: 2 } }, 'info', cluster)
  ]
  one.app.broker.subscriber('orders', function take () {})
  one.app.broker.subscriber('alone', { groupId: null }, function read () {})
  two.app.broker.subscriber('orders', function take () {})
  await one.app.ready()
  t.match(one.linesOf('joined the group'), [{
    level: 30, groupId: 'shop', subscribers: ['take'], partitions: { orders: [0, 1] }, duration: Number
  }])
  t.match(one.linesOf('reads its partitions, without a group'), [{
    groupId: null, subscribers: ['read'], partitions: { alone: [0, 1] }
  }])
  await two.app.ready()
  await eventually(async () => one.linesOf('partitions were assigned anew').length === 1)
  const [given] = two.linesOf('joined the group').map(({ partitions }) => (partitions as { orders: number[] }).orders)
  t.match(one.linesOf('partitions were assigned anew'), [{
    level: 30, groupId: 'shop', reason: 'revoked', given: {}, taken: { orders: given }, duration: Number
  }])
  await two.app.close()
  await eventually(async () => one.linesOf('partitions were assigned anew').length === 2)
  t.match(one.linesOf('partitions were assigned anew')[1], {
    given: { orders: given }, taken: {}, partitions: { orders: [0, 1] }
  })
  t.match(two.linesOf('closing: no handler runs'), [{ inFlight: [] }])
})

t.test('subscribers of one group join it as one member', async (t) => {
  const { app, linesOf } = await build(t)
  app.broker.subscriber('orders', function take () {})
  app.broker.subscriber('returns', function takeBack () {})
  await app.ready()
  await eventually(async () => linesOf('joined the group').length > 0)
  t.match(linesOf('joined the group'), [{ groupId: 'shop', subscribers: ['take', 'takeBack'] }])
})

t.test('the first failed connection is told at once, and nothing says that messages are awaited', async (t) => {
  // Its modules take a while, which would count as time of the connection.
  loadKafkajs()
  const { app, linesOf } = await build(t, { brokers: '127.0.0.1:1', connectTimeout: 2000 }, 'info')
  app.broker.subscriber('orders', () => {})
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_CONNECT' })
  t.match(linesOf('no broker could be reached yet, it is tried again'), [{
    level: 40, broker: 'default', brokers: ['127.0.0.1:1'], err: { message: /ECONNREFUSED/ }
  }])
  t.same(linesOf(/joined|connected|waits for/), [])
})

t.test('in the background only the first failed connection of all tries is told as such', async (t) => {
  const { app, linesOf } = await build(t, { startup: 'background' }, 'info')
  let tries = 0
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        connect: async (_deadline, onFailure) => {
          onFailure?.(new Error('refused'))
          if (++tries < 3) throw new Error('nothing answers')
        }
      }
    }
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.same(linesOf('joined the group'), [])
  await eventually(async () => linesOf('joined the group').length === 1)
  t.equal(linesOf('no broker could be reached yet, it is tried again').length, 1)
  t.match(linesOf(/cannot be used/), [{ broker: 'default', attempt: 1 }, { broker: 'default', attempt: 2 }])
})

t.test('an app that closes before it is ready has nothing to tell', async (t) => {
  const { app, linesOf } = await build(t, {}, 'info')
  app.broker.subscriber('orders', () => {})
  await app.close()
  t.same(linesOf(/^clos/), [])
})

t.test('a logger of one\'s own, which knows no levels, gets every line', async (t) => {
  const lines: string[] = []
  const write = (_: unknown, message?: string): void => { if (message !== undefined) lines.push(message) }
  const loggerInstance = {
    level: 'debug',
    fatal: write,
    error: write,
    warn: write,
    info: write,
    debug: write,
    trace: write,
    silent: () => {},
    child: () => loggerInstance
  } as unknown as NonNullable<FastifyServerOptions['loggerInstance']>
  const app = Fastify({ loggerInstance })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await app.broker.publish('orders', 1)
  await eventually(async () => lines.includes('message completed'))
  t.ok(lines.includes('joined the group'))
})
