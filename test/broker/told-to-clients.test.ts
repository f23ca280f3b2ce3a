import t from 'tap'
import Fastify, {
  type FastifyInstance, type FastifyRequest, type InjectOptions, type LightMyRequestResponse
} from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin, { dependency, KafkaRouter, type Codec, type DeadLetters } from '../../index.js'
import * as errors from '../../lib/errors.js'
import { notAuthorized } from '../../lib/missing-rights.js'
import { createMemoryCluster, createMemoryTransport, type MemoryTransport } from '../../lib/transport/memory/index.js'
import {
  SendError, type ProducedRecord, type RawHeader, type TransportProducer
} from '../../lib/transport/transport.js'
import { useEnvironment } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

/* Each error of the catalogue that a route can throw is provoked in one, and the HTTP answer is looked at. */

type Code = keyof typeof errors
type Handler = (app: FastifyInstance) => unknown

/** What no HTTP client may see: hosts, groups, the app's user, and the texts of causes. */
const SECRET = /kafka-7|9092|the-group|User:shop|ECONNREFUSED|top secret|password/

/** Errors that stop the start of an app, or that only logs, dead letters and tests see. */
const NOT_FROM_ROUTES: readonly Code[] = [
  'FASTSTREAM_ERR_ALREADY_REGISTERED', 'FASTSTREAM_ERR_BROKERS_REQUIRED', 'FASTSTREAM_ERR_GROUP_REQUIRED',
  'FASTSTREAM_ERR_INSECURE_SASL', 'FASTSTREAM_ERR_SASL', 'FASTSTREAM_ERR_SSL', 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER',
  'FASTSTREAM_ERR_GROUP_CLASH', 'FASTSTREAM_ERR_HOOK_TIMEOUT', 'FASTSTREAM_ERR_UNKNOWN_CLUSTER',
  'FASTSTREAM_ERR_ASYNCAPI', 'FASTSTREAM_ERR_CONNECT', 'FASTSTREAM_ERR_START_TIMEOUT',
  'FASTSTREAM_ERR_KAFKAJS', 'FASTSTREAM_ERR_API_VERSION', 'FASTSTREAM_ERR_FENCED', 'FASTSTREAM_ERR_CODEC',
  'FASTSTREAM_ERR_HANDLER_TIMEOUT', 'FASTSTREAM_ERR_HANDLER_ABORTED', 'FASTSTREAM_ERR_CLOSE_IN_HANDLER',
  'FASTSTREAM_ERR_OFFSET_RESET', 'FASTSTREAM_ERR_TEST_BROKER', 'FASTSTREAM_ERR_LOCAL_KAFKA',
  'FASTSTREAM_ERR_NOT_SETTLED', 'FASTSTREAM_ERR_ROUTER',
  'FASTSTREAM_ERR_UNMATCHED', 'FASTSTREAM_ERR_BATCH', 'FASTSTREAM_ERR_ASSERTION', 'FASTSTREAM_ERR_COPIES'
]

const refused = new Error('connect ECONNREFUSED kafka-7:9092')
const connect = new errors.FASTSTREAM_ERR_CONNECT('kafka-7:9092', 'ECONNREFUSED', { cause: refused })
const denied = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'denied' }], 'User:shop')
const unready = dependency('unready', async function * () {})
const twice = dependency(async function * twice () { yield 1; yield 2 })
const session = dependency('session', () => 'me')
const other = dependency('other', () => 'you')
const endless = dependency(async function * endless () { yield 1; await new Promise(() => {}) })
const blames = dependency(async function * blames () {
  yield 1
  throw Object.assign(new Error('top secret'), { statusCode: 404 })
})

const stuck = gate()

/** The producer of the cluster in each case; `name` is that of the topic. */
function producerOf (producer: TransportProducer): TransportProducer {
  const fail = (error: Error) => ({ partitionCount: async () => { throw error } })
  const cases: Record<string, Partial<TransportProducer>> = {
    'no-cluster': fail(connect),
    'no-credentials': fail(new errors.FASTSTREAM_ERR_SASL('kafka-7:9092', 'wrong password', { cause: refused })),
    'no-tls': fail(new errors.FASTSTREAM_ERR_SSL('kafka-7:9092', 'ECONNREFUSED', { cause: refused })),
    'no-kafkajs': fail(new errors.FASTSTREAM_ERR_KAFKAJS('/srv/password/kafkajs', { cause: refused })),
    'old-cluster': fail(new errors.FASTSTREAM_ERR_API_VERSION('Produce', '0 to 1', '3 to 9')),
    forbidden: fail(new errors.FASTSTREAM_ERR_TOPICS('forbidden', 'topic authorization failed', { cause: refused })),
    unprepared: fail(new errors.FASTSTREAM_ERR_TOPICS('unprepared', refused.message, { cause: refused })),
    denied: fail(denied),
    broken: fail(refused),
    unknown: fail(new errors.FASTSTREAM_ERR_UNKNOWN_TOPIC('unknown'))
  }
  return {
    ...producer,
    close: () => producer.close(),
    partitionCount: (topic) => (cases[topic]?.partitionCount ?? (
      (topic: string) => producer.partitionCount(topic)
    ))(topic),
    async send (records, deadline) {
      const [{ topic }] = records as unknown as [{ topic: string }]
      if (topic === 'refused') throw new SendError('it could not be sent', 'not-sent', 'refused', { cause: refused })
      if (topic === 'denied-late') throw new SendError(denied.message, 'not-sent', 'refused', { cause: denied })
      if (topic === 'slow') {
        throw new SendError('connect ECONNREFUSED kafka-7:9092', 'unknown', 'timeout', { cause: refused })
      }
      if (topic === 'closed') throw new SendError('the producer is closed', 'not-sent', 'closed', { cause: refused })
      if (topic === 'stuck') await stuck.opened
      return await producer.send(records, deadline)
    }
  }
}

/** What the cluster refuses: to describe a topic, or `start` and `commit` of a consumer. */
const faults: Record<string, Error | undefined> = {}

function transportOf (transport: MemoryTransport): MemoryTransport {
  return {
    ...transport,
    producer: () => producerOf(transport.producer()),
    async describeTopics (topics) {
      const fault = topics.map((topic) => faults[topic]).find((each) => each !== undefined)
      if (fault !== undefined) throw fault
      return await transport.describeTopics(topics)
    },
    consumer (options, listener) {
      const consumer = transport.consumer(options, listener)
      const { start, commit } = faults
      if (start !== undefined) consumer.start = async () => { throw start }
      if (commit !== undefined) consumer.commit = async () => { throw commit }
      return consumer
    }
  }
}

/** Works on dead letters while the cluster refuses something. */
const failing = (what: string, error: Error, work: (letters: DeadLetters) => Promise<unknown>): Handler => {
  return async (app) => {
    faults[what] = error
    return await work(app.broker.deadLetters).finally(() => { faults[what] = undefined })
  }
}
const list = (letters: DeadLetters) => letters.list()
const discard = (letters: DeadLetters) => letters.discard({ reason: 'a test' })

/** It fails with a text that is for the log. */
const unreadable: Codec = {
  contentType: 'application/json',
  encode: () => Buffer.from('1'),
  decode () { throw new Error('top secret') }
}

const publish = (
  topic: string, value: unknown = {}, options?: object
): Handler => (app) => app.broker.publish(topic, value, options)
const page = (body: unknown, operation = 'sendChecked'): InjectOptions => {
  return {
    method: 'POST',
    url: `/asyncapi/publish/${operation}`,
    headers: { 'content-type': 'application/json' },
    payload: JSON.stringify(body)
  }
}

const batch = (topic: string, options?: object): Handler => (app) => {
  return app.broker.publishBatch(topic, [{ value: 1, ...options }, { value: 2 }])
}
const request = (topic: string, options?: object): Handler => (app) => app.broker.request(topic, 1, options)
const letters = (path: string, payload?: object, headers = {}): InjectOptions => {
  return { method: payload === undefined ? 'GET' : 'POST', url: `/dead-letters${path}`, payload, headers }
}

const CASES: ReadonlyArray<readonly [code: Code, status: number, provoke: Handler | InjectOptions, deps?: object]> = [
  ['FASTSTREAM_ERR_INVALID_OPTION', 500, publish('orders', {}, { keys: 'top secret' })],
  [
    'FASTSTREAM_ERR_INVALID_ARGUMENTS',
    500,
    (app) => (app.broker.publish as (...args: unknown[]) => unknown)('orders', {}, {}, 'top secret')
  ],
  ['FASTSTREAM_ERR_INVALID_TOPIC', 500, publish('a b')],
  ['FASTSTREAM_ERR_DUPLICATE_PUBLISHER', 500, publish('several')],
  ['FASTSTREAM_ERR_ROUTER_HANDLE', 500, (app) => app.broker.publish(new KafkaRouter().publisher('orders'), {})],
  [
    'FASTSTREAM_ERR_ALREADY_STARTED',
    500,
    (app) => { app.broker.options({ groupId: 'the-group' }) }
  ],
  ['FASTSTREAM_ERR_NOT_READY', 503, publish('closed')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('no-cluster')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('no-credentials')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('no-tls')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('no-kafkajs')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('old-cluster')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('broken')],
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, publish('unprepared')],
  ['FASTSTREAM_ERR_NOT_AUTHORIZED', 500, publish('denied')],
  ['FASTSTREAM_ERR_NOT_AUTHORIZED', 500, publish('denied-late')],
  ['FASTSTREAM_ERR_TOPICS', 503, publish('forbidden')],
  ['FASTSTREAM_ERR_UNKNOWN_TOPIC', 500, publish('unknown')],
  ['FASTSTREAM_ERR_UNKNOWN_PARTITION', 500, publish('orders', {}, { partition: 99 })],
  ['FASTSTREAM_ERR_INVALID_MESSAGE', 500, publish('checked', { id: 7 })],
  ['FASTSTREAM_ERR_ENCODE', 500, publish('orders', new Map())],
  ['FASTSTREAM_ERR_ENCODE', 500, publish('keyed', { id: 'top secret' })],
  ['FASTSTREAM_ERR_ENCODE', 500, publish('labelled', { id: 'top secret' })],
  ['FASTSTREAM_ERR_PARTITION', 500, publish('spread', { id: 'top secret' })],
  ['FASTSTREAM_ERR_PUBLISH_TIMEOUT', 503, publish('slow')],
  ['FASTSTREAM_ERR_PUBLISH_REFUSED', 500, publish('refused')],
  ['FASTSTREAM_ERR_SKIP', 409, (app) => { (app as never as Skipping).skip() }],
  ['FASTSTREAM_ERR_SUBSCRIBER_CALL', 500, async (app) => { await app.broker.subscriber('late').getOne() }],
  ['FASTSTREAM_ERR_SEEK', 409, async (app) => {
    await using orders = await app.broker.subscriber('orders').start()
    await orders.seek({ topic: 'orders', partition: 99, offset: 0n })
  }],
  ['FASTSTREAM_ERR_DECODE', 400, { ...page({}), payload: '{' }],
  ['FASTSTREAM_ERR_VALIDATION', 400, page({ value: 'top' }, 'takeChecked')],
  ['FASTSTREAM_ERR_UNKNOWN_OPERATION', 404, page({ value: 1 }, 'nothing')],
  ['FASTSTREAM_ERR_PUBLISH_FORBIDDEN', 403, page({ value: 1 }, 'sendOrders')],
  ['FASTSTREAM_ERR_PUBLISH_AUTHORIZE', 500, page({ value: 1 }, 'sendKeyed')],
  ['FASTSTREAM_ERR_PUBLISH_BODY', 400, page({ values: 1 })],
  ['FASTSTREAM_ERR_EXPLAIN', 500, (app) => app.broker.explain('orders', 0, 0n)],
  ['FASTSTREAM_ERR_HEALTH_FORBIDDEN', 403, { method: 'GET', url: '/health' }],
  ['FASTSTREAM_ERR_DEPENDENCY_YIELD', 500, () => 'not reached', { unready }],
  ['FASTSTREAM_ERR_DEPENDENCY_YIELD', 500, () => 'not sent', { twice }],
  ['FASTSTREAM_ERR_CLEANUP', 500, () => 'not sent', { blames }],
  ['FASTSTREAM_ERR_CLEANUP_TIMEOUT', 500, () => 'not sent', { endless }],
  ['FASTSTREAM_ERR_PUBLISH_BATCH', 500, batch('orders', { partition: 99 })],
  ['FASTSTREAM_ERR_PUBLISH_BATCH', 503, batch('broken')],
  ['FASTSTREAM_ERR_PUBLISH_BATCH', 503, batch('slow')],
  ['FASTSTREAM_ERR_PUBLISH_BATCH', 500, batch('denied-late')],
  // The first request creates the topic of the replies.
  ['FASTSTREAM_ERR_UNAVAILABLE', 503, async (app) => {
    faults.start = refused
    await app.broker.request('orders', 1).finally(() => { faults.start = undefined })
  }],
  ['FASTSTREAM_ERR_REQUEST_TIMEOUT', 504, request('orders', { timeout: 50 })],
  ['FASTSTREAM_ERR_REQUEST_ABORTED', 499, request('orders', { signal: AbortSignal.abort(new Error('top secret')) })],
  ['FASTSTREAM_ERR_REQUEST_REFUSED', 502, request('refusing')],
  ['FASTSTREAM_ERR_REPLY', 502, request('echo', { schema: Type.Object({ id: Type.String() }) })],
  ['FASTSTREAM_ERR_REPLY', 502, request('sealed')],
  ['FASTSTREAM_ERR_SCHEMA_BUILD', 500, request('echo', { schema: { type: 'nothing' } })],
  ['FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN', 403, letters('')],
  ['FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN', 403, letters('/redrive', {}, { 'sec-fetch-site': 'cross-site' })],
  ['FASTSTREAM_ERR_DEAD_LETTER_INPUT', 400, letters('/checked.dlq/a/1')],
  ['FASTSTREAM_ERR_DEAD_LETTER_INPUT', 400, letters('/discard', { reason: 'a test', deadLetterTopic: 'orders' })],
  ['FASTSTREAM_ERR_NO_DEAD_LETTER', 404, letters('/checked.dlq/0/99')],
  ['FASTSTREAM_ERR_DEAD_LETTERS', 503, failing('start', refused, list)],
  ['FASTSTREAM_ERR_DEAD_LETTERS', 503, failing('start', denied, list)],
  ['FASTSTREAM_ERR_DEAD_LETTERS', 503, failing('checked.dlq', connect, list)],
  ['FASTSTREAM_ERR_DEAD_LETTERS', 503, failing('checked', connect, (letters) => letters.redrive())],
  ['FASTSTREAM_ERR_REDRIVE', 409, failing('commit', refused, discard)],
  ['FASTSTREAM_ERR_REDRIVE', 409, failing('commit', denied, discard)],
  ['FASTSTREAM_ERR_REDRIVE', 409, async ({ broker: { deadLetters } }) => {
    const first = deadLetters.redrive({ dryRun: true })
    await deadLetters.redrive().finally(() => first)
  }],
  // Last: the queue stays full.
  ['FASTSTREAM_ERR_PUBLISH_QUEUE_FULL', 503, (app) => {
    app.broker.publish('stuck', 1).catch(() => {})
    return Promise.all(Array.from({ length: 20 }, () => app.broker.publish('stuck', 2))).finally(stuck.open)
  }]
]

/** One that can be redriven. */
function deadLetter (): ProducedRecord {
  const facts = { topic: 'checked', partition: '0', offset: '0', timestamp: '1', group: 'the-group', stage: 'rejected' }
  const headers = Object.entries(facts).map(([name, value]): RawHeader => [`x-dlq-${name}`, Buffer.from(value)])
  return { topic: 'checked.dlq', partition: 0, key: null, value: Buffer.from('{}'), headers, timestamp: Date.now() }
}

interface Skipping { skip (): void }

t.test('no error that a route can throw tells an HTTP client of hosts, groups, users or causes', async (t) => {
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  const cluster = createMemoryCluster()
  useEnvironment(app, {
    createTransport: async () => transportOf(createMemoryTransport({ cluster }))
  })
  await app.register(faststreamPlugin, {
    groupId: 'the-group',
    cleanupTimeout: 1,
    producer: { queue: { messages: 5 } },
    deadLetters: { authorize: (_, action) => action !== 'list' },
    health: { details: '/health', authorize: () => false },
    asyncapi: {
      publish: {
        authorize (_, { id }) {
          if (id === 'sendKeyed') throw new Error('top secret')
          return id !== 'sendOrders'
        }
      }
    }
  })
  const schema = { value: Type.Object({ id: Type.String() }) }
  for (const topic of ['orders', 'several', 'several', 'stuck', 'slow', 'refused', 'closed', 'denied-late']) {
    app.broker.publisher(topic)
  }
  app.broker.publisher('checked', { schema })
  app.broker.publisher('keyed', { key: () => { throw new Error('top secret') } })
  app.broker.publisher('labelled', { headers: () => { throw new Error('top secret') } })
  app.broker.publisher('spread', { partitioner: () => { throw new Error('top secret') } })
  const subscriber = app.broker.subscriber('checked', { schema }, function takeChecked () {})
  app.broker.publisher('sealed', { codec: unreadable })
  app.broker.subscriber(['echo', 'sealed'], { schema: { reply: Type.Any() } }, function echo (value) { return value })
  app.broker.subscriber('refusing', { schema: { reply: Type.Any() }, retry: { retries: 0 } }, function refuse () {
    throw new Error('top secret')
  })
  app.decorate('skip', () => { subscriber.skipTo({ topic: 'checked', partition: 0, offset: 5n }) })
  for (const [i, [, , provoke, deps]] of CASES.entries()) {
    if (typeof provoke !== 'function') continue
    app.get(`/${i}`, deps === undefined ? {} : { config: { deps: deps as never } }, async () => await provoke(app))
  }
  app.register(async (scope) => {
    scope.broker.addMiddleware({ publishScope: async () => 'top secret' as never })
    scope.get('/next', async () => await scope.broker.publish('orders', {}))
  })
  app.register(async (scope) => {
    scope.broker.addMiddleware({ publishScope: async () => { throw new Error('top secret') } })
    scope.get('/middleware', async () => await scope.broker.publishBatch('orders', [{ value: 1 }]))
  })
  let held!: FastifyRequest
  app.get('/hold', async (request) => {
    held = request
    return await request.resolve(session)
  })
  app.get('/done', async () => await held.resolve(other))
  app.setNotFoundHandler(async (request) => { await request.resolve(unready) })
  await app.ready()
  await createMemoryTransport({ cluster }).producer().send([deadLetter()], Infinity)

  const answered = new Set<string>()
  const checkAnswer = (code: Code, status: number, { statusCode, body }: LightMyRequestResponse): void => {
    t.match([statusCode, JSON.parse(body).code], [status, code], body)
    t.notMatch(body, SECRET, code)
    answered.add(code)
  }
  const expectAnswer = async (code: Code, status: number, request: InjectOptions | string): Promise<void> => {
    checkAnswer(code, status, await app.inject(request))
  }
  await expectAnswer('FASTSTREAM_ERR_NEXT', 500, '/next')
  await expectAnswer('FASTSTREAM_ERR_PUBLISH_BATCH', 500, '/middleware')
  for (const [i, [code, status, provoke]] of CASES.entries()) {
    await expectAnswer(code, status, typeof provoke === 'function' ? `/${i}` : provoke)
  }
  await expectAnswer('FASTSTREAM_ERR_NO_DEPENDENCIES', 500, '/nowhere')

  await app.inject('/hold')
  await expectAnswer('FASTSTREAM_ERR_DEPENDENCY_DONE', 500, '/done')
  const many = await Promise.all(Array.from({ length: 40 }, () => app.inject(page({ values: 1 }))))
  const late = many.filter(({ statusCode }) => statusCode === 429)
  t.ok(late.length > 0)
  for (const answer of late) checkAnswer('FASTSTREAM_ERR_PUBLISH_RATE', 429, answer)

  t.match(JSON.stringify(lines), /ECONNREFUSED kafka-7:9092/, 'the log has the causes')
  t.match(JSON.stringify(lines), /top secret/)
  t.same(
    [...answered, ...NOT_FROM_ROUTES].sort(),
    Object.keys(errors).sort(),
    'every error of the catalogue is in one of the lists'
  )
})
