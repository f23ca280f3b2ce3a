import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { faststreamPlugin, response, type FaststreamOptions, type MessagePublishContext } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { hearTrace } from '../support/hear.js'
import { gate } from '../support/inbox.js'

const Query = Type.Object({ sku: Type.String() })
const Price = Type.Object({ amount: Type.Number() })
const schema = { value: Query, reply: Price }

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

t.test('a request resolves to what the handler returned, checked and converted by its schema', async (t) => {
  const app = await build(t)
  const quotes = app.broker.publisher('quotes', { schema, key: ({ sku }) => sku })
  app.broker.subscriber('quotes', { schema }, ({ sku }) => ({ amount: sku.length }))
  const broker = await testBroker(app)
  t.same(await quotes.request({ sku: 'abc' }), { amount: 3 }, 'of the publisher')
  t.same(await app.broker.request(quotes, { sku: 'ab' }), { amount: 2 }, 'of the broker')
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 1 }, 'by the topic, through its publisher')
  const text = Type.Object({ amount: Type.String() })
  t.same(await app.broker.request(quotes, { sku: 'a' }, { schema: text }), { amount: '1' }, 'by another schema')
  await broker.settled()
  const [asked] = broker.published('quotes')
  const [answer] = broker.published('replies.fastify-faststream')
  t.match(asked, { key: 'abc', headers: { reply_to: 'replies.fastify-faststream', reply_partition: /^[012]$/ } })
  t.match(asked!.headers.correlation_id, /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/, 'a UUID')
  t.equal(answer!.headers.correlation_id, asked!.headers.correlation_id)
  t.equal(String(answer!.partition), asked!.headers.reply_partition)
  const ids = broker.published('quotes').map(({ headers }) => headers.correlation_id)
  t.equal(new Set(ids).size, 4, 'each has an id of its own')
  t.same(app.broker.health().requests, { open: 0, late: 0 })
})

t.test('key and headers are those of the request; the plugin says where the reply goes', async (t) => {
  const app = await build(t)
  app.broker.subscriber('echo', { schema: { reply: Type.Any() } }, (_, { rawKey, headers }) => {
    return { key: String(rawKey), tenant: headers.tenant, to: headers.reply_to }
  })
  await testBroker(app)
  const headers = { tenant: 'a', reply_to: 'elsewhere' }
  const reply = await app.broker.request('echo', null, { key: 'k', headers })
  t.same(reply, { key: 'k', tenant: 'a', to: 'replies.fastify-faststream' })
})

t.test('what a handler returns is the reply, also null, nothing and response()', async (t) => {
  const app = await build(t)
  const answers = new Map<unknown, unknown>([
    ['null', null], ['nothing', undefined], ['false', false],
    ['response', response({ a: 1 }, { headers: { tenant: 'b' }, key: 'k', partition: 99 })]
  ])
  app.broker.subscriber('echo', { schema: { reply: Type.Any() } }, (value) => answers.get(value))
  const broker = await testBroker(app)
  t.equal(await app.broker.request('echo', 'null'), null)
  t.equal(await app.broker.request('echo', 'nothing'), null)
  t.equal(await app.broker.request('echo', 'false'), false)
  t.same(await app.broker.request('echo', 'response'), { a: 1 })
  await broker.settled()
  t.match(broker.published('replies.fastify-faststream').at(-1), { key: 'k', headers: { tenant: 'b' } })
})

t.test('a result goes to the publishers and to the one who asked', async (t) => {
  const app = await build(t)
  const audit = app.broker.publisher('audit', { schema: { value: Price } })
  app.broker.subscriber('quotes', { schema, publish: audit }, () => ({ amount: 7 }))
  const broker = await testBroker(app)
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 7 })
  await broker.settled()
  t.match(broker.published('audit'), [{ value: { amount: 7 } }])
})

t.test('a subscriber without schema.reply answers nothing, nor does one whose message asks for nothing', async (t) => {
  const app = await build(t)
  app.broker.subscriber('silent', () => 'a result')
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  const broker = await testBroker(app)
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 1 })
  await t.rejects(app.broker.request('silent', 1, { timeout: 50 }), {
    code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT', statusCode: 504, message: /'silent' came within 50 ms \(it may be handled/
  })
  await broker.publish('quotes', { sku: 'a' })
  await broker.publish('quotes', { sku: 'a' }, { headers: { reply_to: '' } })
  await broker.settled()
  t.equal(broker.published('replies.fastify-faststream').length, 1)
})

t.test('the error of a late request names the topic of its publisher', async (t) => {
  const app = await build(t)
  const quotes = app.broker.publisher('quotes')
  await testBroker(app)
  await t.rejects(app.broker.request(quotes, 1, { timeout: 20 }), {
    code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT', message: /'quotes' came within 20 ms/
  })
})

t.test('processes choose among the partitions of their reply topic', async (t) => {
  const chosen = new Set<unknown>()
  // By chance all of them choose the same one once in 10 ** 14 runs.
  for (let i = 0; i < 30 && chosen.size < 2; i++) {
    const app = await build(t)
    app.broker.subscriber('echo', { schema: { reply: Type.Any() } }, (_, { headers }) => headers.reply_partition)
    await testBroker(app)
    chosen.add(await app.broker.request('echo', 1))
  }
  t.equal(chosen.size, 2)
})

t.test('a message that is skipped is not answered: another subscriber may', async (t) => {
  const app = await build(t)
  const { SkipMessage, AckMessage } = await import('../../index.js')
  app.broker.subscriber('jobs', { schema: { reply: Type.Any() }, groupId: 'one' }, (value) => {
    throw value === 'skip' ? new SkipMessage() : new AckMessage()
  })
  app.broker.subscriber('jobs', { schema: { reply: Type.Any() }, groupId: 'two' }, async (value) => {
    if (value !== 'skip') throw new SkipMessage()
    return 'two'
  })
  const broker = await testBroker(app)
  t.equal(await app.broker.request('jobs', 'skip'), 'two')
  t.equal(await app.broker.request('jobs', 'ack'), null, 'what is acknowledged is answered')
  await broker.settled()
  t.equal(broker.published('replies.fastify-faststream').length, 2)
})

t.test('a request before ready() waits; one after close() is refused', async (t) => {
  const app = await build(t)
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  const early = app.broker.request('quotes', { sku: 'a' })
  const short = app.broker.request('quotes', { sku: 'a' }, { timeout: 1 })
  await t.rejects(short, { code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT', message: /it was not sent/ })
  await testBroker(app)
  t.same(await early, { amount: 1 })
  await app.close()
  await t.rejects(app.broker.request('quotes', { sku: 'a' }), { code: 'FASTSTREAM_ERR_NOT_READY', statusCode: 503 })
})

t.test('requests that are open when the app closes are refused, not left', async (t) => {
  const app = await build(t, { drainTimeout: 20 })
  const holding = gate()
  const asked = gate()
  app.broker.subscriber('quotes', { schema }, async () => { asked.open(); await holding.opened; return { amount: 1 } })
  await testBroker(app)
  const open = app.broker.request('quotes', { sku: 'a' })
  await asked.opened
  t.equal(app.broker.health().requests.open, 1)
  await Promise.all([app.close(), t.rejects(open, { code: 'FASTSTREAM_ERR_NOT_READY', statusCode: 503 })])
  t.equal(app.broker.health().requests.open, 0)
  holding.open()
})

t.test('a late reply is counted, and so is a second one', async (t) => {
  const app = await build(t)
  const holding = gate()
  app.broker.subscriber('slow', { schema: { reply: Type.Any() } }, async () => { await holding.opened; return 1 })
  const both = { schema: { reply: Type.Any() } }
  app.broker.subscriber('once', both, () => 1)
  app.broker.subscriber('twice', { ...both, groupId: 'one' }, () => 1)
  app.broker.subscriber('twice', { ...both, groupId: 'two' }, () => 1)
  const broker = await testBroker(app)
  t.equal(await app.broker.request('once', 1), 1)
  await t.rejects(app.broker.request('slow', 1, { timeout: 20 }), { code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT' })
  t.equal(app.broker.health().requests.late, 0)
  holding.open()
  await broker.settled()
  t.same(app.broker.health().requests, { open: 0, late: 1 })
  t.equal(await app.broker.request('twice', 1), 1)
  await broker.settled()
  t.same(app.broker.health().requests, { open: 0, late: 2 })
  await broker.publish('replies.fastify-faststream', 1, { correlationId: 'of another process' })
  await broker.settled()
  t.equal(app.broker.health().requests.late, 2)
})

t.test('a signal ends a request', async (t) => {
  const app = await build(t)
  const holding = gate()
  app.broker.subscriber('slow', { schema: { reply: Type.Any() } }, async () => { await holding.opened })
  const broker = await testBroker(app)
  const reason = new Error('enough')
  const controller = new AbortController()
  const aborted = t.rejects(app.broker.request('slow', 1, { signal: controller.signal }), {
    code: 'FASTSTREAM_ERR_REQUEST_ABORTED', statusCode: 499, cause: reason
  })
  while (broker.published('slow').length === 0) await new Promise(setImmediate)
  controller.abort(reason)
  await aborted
  holding.open()
  const { signal } = controller
  await t.rejects(app.broker.request('slow', 2, { signal }), { code: 'FASTSTREAM_ERR_REQUEST_ABORTED' })
  await broker.settled()
  t.match(broker.published('slow'), [{ value: 1 }], 'the second one was not sent')
  t.equal(broker.published('slow').length, 1)
})

t.test('options of a request are checked, and nothing is sent', async (t) => {
  const app = await build(t)
  const quotes = app.broker.publisher('quotes', { schema })
  const broker = await testBroker(app)
  const wrong: Array<[options: object, message: RegExp]> = [
    [{ timeOut: 1 }, /'timeOut' is not known/], [{ timeout: 0 }, /'timeout' must be a number of at least 1/],
    [{ timeout: 2 ** 31 }, /at most 2147483647/], [{ signal: {} }, /'signal' must be an AbortSignal/],
    [{ schema: 1 }, /'schema' must be the schema/], [{ headers: [] }, /'headers' must be a plain object/],
    [{ partition: 1 }, /'partition' is not known/], [[], /'options' must be an object/]
  ]
  for (const [options, message] of wrong) {
    await t.rejects(app.broker.request(quotes, { sku: 'a' }, options as never), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message
    })
  }
  const call = (surplus: string[]): Promise<unknown> => {
    return Reflect.apply(app.broker.request, undefined, [quotes, { sku: 'a' }, {}, ...surplus])
  }
  await t.rejects(call(['surplus']), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
  await t.rejects(Reflect.apply(quotes.request, undefined, [{ sku: 'a' }, {}, 1]) as Promise<unknown>, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  await t.rejects(app.broker.request(7 as never, 1), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await t.rejects(quotes.request({ sku: 1 } as never), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(app.broker.request(quotes, { sku: 'a' }, { schema: { type: 'nonsense' } as never }), {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD'
  })
  t.same(broker.published('quotes'), [])
  t.same(app.broker.health().requests, { open: 0, late: 0 })
})

t.test('a schema in a scope without compilers is compiled by the options of the plugin', async (t) => {
  const app = await build(t, { ajv: { customOptions: { coerceTypes: false } } })
  app.register(async (child) => {
    child.broker.subscriber('quotes', { schema: { reply: Type.Any() } }, () => ({ amount: 1 }))
  })
  await testBroker(app)
  t.same(await app.broker.request('quotes', 1, { schema: Price }), { amount: 1 })
  const text = Type.Object({ amount: Type.String() })
  await t.rejects(app.broker.request('quotes', 1, { schema: text }), { code: 'FASTSTREAM_ERR_REPLY' })
  await t.rejects(app.broker.request('quotes', 2, { schema: text }), { code: 'FASTSTREAM_ERR_REPLY' }, 'once more')
})

t.test('a failed publish is the failure of its request', async (t) => {
  const app = await build(t)
  await testBroker(app)
  await t.rejects(app.broker.request('unknown', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
})

t.test('a request passes the middlewares of its place, and so does the reply', async (t) => {
  const seen: string[] = []
  const app = await build(t, {
    middlewares: [{
      publishScope: (next, command) => {
        seen.push(`${command.topic} ${Object.keys(command.headers ?? {}).join()}`)
        return next({ ...command, headers: { ...command.headers, source: 'shop' } })
      }
    }]
  })
  app.broker.subscriber('quotes', { schema }, (_, { headers }) => ({ amount: headers.source === 'shop' ? 1 : 0 }))
  const broker = await testBroker(app)
  t.same(await app.broker.request('quotes', { sku: 'a' }), { amount: 1 })
  await broker.settled()
  t.same(seen, ['quotes reply_to,reply_partition', 'replies.fastify-faststream '])
  t.match(broker.published('replies.fastify-faststream'), [{ headers: { source: 'shop' } }])
})

t.test('a trace of the publish of a reply can read the headers of its request', async (t) => {
  const app = await build(t)
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  await testBroker(app)
  const publishes = hearTrace<MessagePublishContext>(t, 'faststream.message.publish')
  await app.broker.request('quotes', { sku: 'a' }, { headers: { traceparent: 'of the request' } })
  const [request, reply] = publishes.filter(({ phase }) => phase === 'start').map(({ context }) => context)
  t.same([request?.topic, request?.repliedHeader], ['quotes', undefined])
  t.same([reply?.topic, reply?.repliedHeader?.('traceparent')], ['replies.fastify-faststream', 'of the request'])
})

t.test('requests keep the order of their calls with publishes', async (t) => {
  const app = await build(t)
  app.broker.subscriber('quotes', { schema: { reply: Type.Any() } }, (value) => value)
  const broker = await testBroker(app)
  await app.broker.request('quotes', 0, { key: 'k' })
  const asked = [1, 2, 3].map((i) => i === 2
    ? app.broker.publish('quotes', i, { key: 'k' })
    : app.broker.request('quotes', i, { key: 'k' }))
  await Promise.all(asked)
  t.same(broker.published('quotes').map(({ value }) => value), [0, 1, 2, 3])
})
