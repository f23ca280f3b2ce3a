import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { RejectMessage } from '../index.js'
import { boundedError } from '../lib/bounded-error.js'
import { Budget, boundedValue } from '../lib/bounded-value.js'
import { readDeadLetterHeaders } from '../lib/message/dead-letter-headers.js'
import { FASTSTREAM_ERR_VALIDATION } from '../lib/errors.js'
import { oneLine, visible, visibleLines } from '../lib/foreign-text.js'
import { isSmall } from '../lib/schema/small.js'
import { invalid } from '../lib/codec/violations.js'
import { Inbox } from './support/inbox.js'
import { HostileSchema, hostileBodies } from './support/hostile-bodies.js'
import { memoryLog } from './support/json-log.js'

// eslint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]/

async function build (t: Test) {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'info', stream }, bodyLimit: 2 ** 21 })
  t.teardown(() => app.close())
  app.addSchema(HostileSchema)
  await app.register(faststreamPlugin, { retry: { retries: 0 }, topicConfig: { partitions: 1 } })
  return { app, lines }
}

function bytesOf (value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value))
}

t.test('a hostile body costs a route little: answer, error and log are bounded', async (t) => {
  const { app, lines } = await build(t)
  const publisher = app.broker.publisher('orders', { schema: { value: { $ref: 'Hostile#' } } })
  const errors: Array<Error & { validation?: Array<{ instancePath: string }> }> = []
  app.addHook('onError', async (_, __, error) => { errors.push(error) })
  app.post('/', async (request) => await request.broker.publish(publisher, request.body))
  await app.ready()
  for (const { kind, json } of hostileBodies(20)) {
    lines.length = 0
    const res = await app.inject({
      method: 'POST', url: '/', headers: { 'content-type': 'application/json' }, payload: json
    })
    const { message, validation } = errors.pop()!
    t.equal(res.json().code, 'FASTSTREAM_ERR_INVALID_MESSAGE', kind)
    t.ok(res.rawPayload.length <= 4096, `${kind}: an answer of ${res.rawPayload.length} bytes`)
    t.ok(bytesOf(lines) <= 65_536, `${kind}: a log of ${bytesOf(lines)} bytes`)
    t.ok(Buffer.byteLength(message) <= 1024 && !CONTROLS.test(message), `${kind}: the message`)
    t.ok(validation!.length <= 50 && bytesOf(validation) <= 16_384, `${kind}: the violations`)
    t.ok(
      validation!.every(({ instancePath }) => instancePath.length <= 256 && !CONTROLS.test(instancePath)),
      `${kind}: the paths`
    )
  }
})

t.test('a hostile message costs its topic little: log and dead letter are bounded', async (t) => {
  const { app, lines } = await build(t)
  const dead = new Inbox<number>()
  app.broker.subscriber('orders', { schema: { value: { $ref: 'Hostile#' } } }, () => {})
  app.broker.subscriber('orders.dlq', { groupId: 'dead' }, (_, { rawHeaders }) => {
    dead.add(rawHeaders.reduce((sum, [name, value]) => sum + name.length + (value?.length ?? 0), 0))
  })
  await app.ready()
  for (const [i, { kind, json }] of hostileBodies(10).entries()) {
    lines.length = 0
    await app.broker.publish('orders', Buffer.from(json), { headers: { 'content-type': 'application/json' } })
    await dead.count(i + 1)
    t.ok(bytesOf(lines) <= 65_536, `${kind}: a log of ${bytesOf(lines)} bytes`)
    t.ok(dead.items[i]! < 16_384, `${kind}: ${dead.items[i]} bytes of headers`)
  }
})

t.test('the error of a handler is bounded in the log and in the dead letter', async (t) => {
  const { app, lines } = await build(t)
  const dead = new Inbox<string>()
  app.broker.subscriber('orders', () => {
    const text = '\u001b[31m' + 'x'.repeat(900_000)
    const body = Object.fromEntries(Array.from({ length: 50_000 }, (_, i) => [`name-${i}`, text]))
    throw Object.assign(new RejectMessage(text), {
      body, validation: [body], cause: new Error(text, { cause: new Error(text) })
    })
  })
  app.broker.subscriber('orders.dlq', (_, { rawHeaders, deadLetter }) => {
    dead.add(String(rawHeaders.find(([name]) => name === 'x-dlq-error-message')?.[1]))
    t.ok(rawHeaders.every(([, value]) => value!.length <= 4096))
    t.match(deadLetter, { error: { message: /^\\u001b\[31mxxx/ } })
  })
  await app.ready()
  await app.broker.publish('orders', { id: 1 })
  await dead.count(1)
  t.ok(bytesOf(lines) <= 65_536, `a log of ${bytesOf(lines)} bytes`)
  t.match(lines.find(({ err }) => err !== undefined), { err: { type: 'RejectMessage', message: /^\\u001b\[31mxxx/ } })
  t.notMatch(dead.items[0], CONTROLS)
})

t.test('a small value is told all that is wrong, a large one the first', async (t) => {
  const { app } = await build(t)
  const publisher = app.broker.publisher('orders', { schema: { value: { type: 'array', items: { type: 'integer' } } } })
  await app.ready()
  const violationsOf = (length: number) => publisher.publish(Array.from({ length }, () => 'x')).catch(
    ({ validation }) => validation.length
  )
  t.equal(await violationsOf(50), 50)
  t.equal(await violationsOf(51), 1)
  t.notOk(isSmall('x'.repeat(5000)))
  t.ok(isSmall(Buffer.alloc(100_000)))
  t.notOk(isSmall({ a: ['x'.repeat(2000), { ['y'.repeat(3000)]: null }] }))
})

t.test('a correlation id that is no such thing is replaced, and the first one is in the log', async (t) => {
  const { app, lines } = await build(t)
  const seen = new Inbox<string>()
  app.broker.publisher('orders')
  app.broker.subscriber('orders', (_, { correlationId }) => { seen.add(correlationId) })
  await app.ready()
  const given = ['ordinary 1', 'é'.repeat(256), 'x'.repeat(257), 'x'.repeat(500_000), '\u001b[2J']
  for (const id of given) await app.broker.publish('orders', 1, { headers: { correlation_id: id } })
  await app.broker.publish('orders', 1, { correlationId: 'x'.repeat(257) })
  await seen.count(6)
  t.same(seen.items.slice(0, 2), given.slice(0, 2))
  for (const id of seen.items.slice(2)) t.match(id, /^[\w-]{36}$/)
  const told = lines.filter(({ msg }) => msg.startsWith('a correlation id'))
  t.same(told.map(({ given }) => given).sort(), [...['x', 'x', 'x'].map((x) => x.repeat(256)), '\\u001b[2J'].sort())
})

t.test('a request may not choose such an id either', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { correlationId: (request) => request.headers['x-id'] as string })
  app.get('/', async ({ broker }) => (broker as unknown as { correlationId: string }).correlationId)
  const idFor = async (id: string) => (await app.inject({ url: '/', headers: { 'x-id': id } })).body
  t.equal(await idFor('mine'), 'mine')
  t.match(await idFor('x'.repeat(257)), /^[\w-]{36}$/)
})

t.test('a validator set by hand may find anything: it is bounded as a whole', async (t) => {
  const found = Array.from({ length: 90 }, () => ({
    instancePath: `/${'x'.repeat(999)}`, keyword: 'k', message: 'm'.repeat(999), params: { name: '\u001b'.repeat(999) }
  }))
  const error = invalid(
    'value', found, (...args) => new FASTSTREAM_ERR_VALIDATION(...args)
  ) as Error & { validation: unknown[] }
  t.ok(bytesOf(error.validation) <= 16_384 && error.validation.length > 5)
  t.ok(Buffer.byteLength(error.message) <= 1024)
  const long = new Error('x'.repeat(5000))
  t.equal(
    (invalid('value', long, (...args) => new FASTSTREAM_ERR_VALIDATION(...args)).cause as Error).message.length, 1024
  )
  t.equal(new FASTSTREAM_ERR_VALIDATION('a', { cause: 'text' }).cause, 'text')
})

t.test('the violations that a dead letter tells are read as strictly as a value', async (t) => {
  const read = (errors: string) => readDeadLetterHeaders(
    Object.entries({
      topic: 'orders', offset: '7', stage: 'validate', errors
    }).map(([name, value]) => [`x-dlq-${name}`, Buffer.from(value)])
  )?.validation
  t.same(read('[{"instancePath":"/a"}]'), [{ instancePath: '/a' }])
  for (const hostile of [
    '[{"__proto__":{"x":1}}]', '['.repeat(65) + ']'.repeat(65), `["${'x'.repeat(100_000)}"]`, '[{"cut'
  ]) {
    t.equal(read(hostile), undefined)
  }
})

t.test('text: bounded in bytes, and what cannot be seen is escaped as JSON does it', async (t) => {
  t.equal(visible('a\n\u001b\u202e\ud800\u{e0001}é', 100), 'a\\u000a\\u001b\\u202e\\ud800\\udb40\\udc01é')
  t.equal(JSON.parse(`"${visible('\u{e0001}\u0085', 100)}"`), '\u{e0001}\u0085')
  t.equal(visible('é'.repeat(10), 5), 'éé')
  t.equal(oneLine('a\n\t b', 100), 'a b')
  t.equal(visibleLines('a\n\tb', 100), 'a\n\\u0009b')
})

t.test('values: as much of them as the budget allows', async (t) => {
  const budget = new Budget(5, 200)
  t.same(boundedValue([1, [2, [3, [4, [5]]]], 'x'], budget), [1, [2, [3]]])
  t.ok(budget.cut)
  const date = new Date(0)
  const value = {
    date,
    n: 1n,
    big: 2n ** 200n,
    bytes: Buffer.alloc(9),
    run () {},
    error: new Error('x'),
    deep: [[[[[1]]]]],
    nothing: undefined,
    '\u001b': null,
    get evil () { throw new Error('x') }
  }
  t.strictSame(boundedValue(value, new Budget(100, 1000)), {
    date,
    n: '1',
    big: '[…]',
    bytes: '[…]',
    run: undefined,
    error: '[…]',
    deep: [[['[…]']]],
    nothing: undefined,
    '\\u001b': null
  })
  t.strictSame(Object.keys(boundedValue(JSON.parse('{"__proto__":1}'), new Budget(1, 100)) as object), ['__proto__'])
  const list = new Budget(9, 99)
  boundedValue(new Map(), list)
  t.ok(list.cut, 'a copy of an instance is no instance')
})

t.test('errors: one within the bounds is logged as it is, of another there is a copy of its class', async (t) => {
  const small = Object.assign(
    new TypeError('small', { cause: new AggregateError([new Error('a')]) }), { code: 'E', at: { x: 1 } }
  )
  t.equal(boundedError(small), small)
  const endless = new RangeError('loop')
  endless.cause = endless
  const copy = boundedError(endless)
  t.ok(copy instanceof RangeError && copy !== endless)
  const evil = boundedError(Object.defineProperty(new Error('x'.repeat(2000)), 'cause', {
    get () { throw new Error('read') }
  }))
  t.match([evil.message.length, evil.cause], [1024, undefined])
})
