import fc from 'fast-check'
import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { dependency, type DeadLetter, type DeadLetterCause } from '../../index.js'
import { causesOf, codeOf, readCauses, stackOf, violationsOf } from '../../lib/message/dead-letter-error.js'
import { Inbox } from '../support/inbox.js'

/** The dead letters of an app whose subscriber of `orders` is declared by `declare`. */
async function deadLetters (
  t: { teardown (end: () => unknown): void }, declare: (app: FastifyInstance) => void
): Promise<Inbox<DeadLetter>> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 0 } })
  const inbox = new Inbox<DeadLetter>()
  declare(app)
  app.broker.subscriber('orders.dlq', (_, { deadLetter }) => { if (deadLetter !== undefined) inbox.add(deadLetter) })
  await app.ready()
  await app.broker.publish('orders', 1)
  return inbox
}

t.test('a dead letter keeps the code and the causes of its error', async (t) => {
  const refused = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
  const inbox = await deadLetters(t, (app) => {
    app.broker.subscriber('orders', () => {
      const aggregate = new AggregateError([refused, new Error('the second')])
      throw Object.assign(new RangeError('not saved', { cause: aggregate }), { code: 23505 })
    })
  })
  const [{ error }] = await inbox.count(1) as [DeadLetter]
  t.match(error, { name: 'RangeError', message: 'not saved', code: '23505', dependency: undefined })
  t.same(error.cause, {
    name: 'AggregateError',
    message: '',
    code: undefined,
    cause: {
      name: 'Error', message: 'connect ECONNREFUSED', code: 'ECONNREFUSED', cause: undefined
    }
  })
})

t.test('a dead letter of a message that does not match its schema has the code of the catalogue', async (t) => {
  const inbox = await deadLetters(t, (app) => {
    app.broker.subscriber('orders', { schema: { value: { type: 'object' } } }, () => {})
  })
  t.match(await inbox.count(1), [{
    stage: 'validate', error: { code: 'FASTSTREAM_ERR_VALIDATION', dependency: undefined }
  }])
})

t.test('a dead letter names the dependency that threw: the need, not what needs it', async (t) => {
  const pool = dependency('pool', {}, () => { throw Object.assign(new Error('no connection'), { code: 'EPOOL' }) })
  const orders = dependency('orders', { pool }, () => 1)
  const inbox = await deadLetters(t, (app) => { app.broker.subscriber('orders', { deps: { orders } }, () => {}) })
  t.match(await inbox.count(1), [{ error: { message: 'no connection', code: 'EPOOL', dependency: 'pool' } }])
})

t.test('a dead letter names a generator that throws before its yield, and one whose clean-up fails', async (t) => {
  const early = dependency('early', {}, async function * () { throw new Error('too early') })
  const late = dependency('late', {}, async function * () { yield 1; throw new Error('too late') })
  for (const [dep, dependency] of [[early, 'early'], [late, 'late']] as const) {
    const inbox = await deadLetters(t, (app) => { app.broker.subscriber('orders', { deps: { dep } }, () => {}) })
    t.match(await inbox.count(1), [{ error: { message: `too ${dependency}`, dependency } }])
  }
})

t.test('a dead letter names a dependency whose clean-up does not end', async (t) => {
  const stuck = dependency('stuck', {}, async function * () { yield 1; await new Promise(() => {}) })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 0 }, cleanupTimeout: 1 })
  const inbox = new Inbox<DeadLetter>()
  app.broker.subscriber('orders', { deps: { stuck } }, () => {})
  app.broker.subscriber('orders.dlq', (_, { deadLetter }) => { if (deadLetter !== undefined) inbox.add(deadLetter) })
  await app.ready()
  await app.broker.publish('orders', 1)
  t.match(await inbox.count(1), [{ error: { code: 'FASTSTREAM_ERR_CLEANUP_TIMEOUT', dependency: 'stuck' } }])
})

t.test('a thrown value that is no error has no dependency, and is told all the same', async (t) => {
  // eslint-disable-next-line no-throw-literal
  const text = dependency('text', {}, () => { throw 'a text' })
  const inbox = await deadLetters(t, (app) => { app.broker.subscriber('orders', { deps: { text } }, () => {}) })
  t.match(await inbox.count(1), [{
    error: { message: 'thrown: a text', code: undefined, dependency: undefined, cause: undefined }
  }])
})

function chain (length: number, message: string): Error {
  return Array.from({ length }).reduce<Error>(
    (cause) => Object.assign(new Error(message, { cause }), { code: message }), new Error('end')
  )
}

function depthOf (cause: DeadLetterCause | undefined): number {
  return cause === undefined ? 0 : 1 + depthOf(cause.cause)
}

t.test('causes have bounds: their number, their texts and all of them together', async (t) => {
  t.equal(depthOf(readCauses(causesOf(chain(100, 'link')))), 4)
  const circle = new Error('circle')
  circle.cause = circle
  t.equal(depthOf(readCauses(causesOf(circle))), 4)
  const long = causesOf(chain(10, '"'.repeat(10_000)))
  t.ok(Buffer.byteLength(long as string) <= 4096)
  t.equal(readCauses(long)?.message, '"'.repeat(512))
  t.ok(depthOf(readCauses(long)) >= 1)
})

t.test('a cause may be anything', async (t) => {
  const throwing = {
    get name (): string { throw new Error('no') },
    get message (): string { throw new Error('no') },
    get cause (): string { throw new Error('no') }
  }
  t.same(readCauses(causesOf(new Error('x', { cause: 'a text' }))), {
    name: 'string', message: 'a text', code: undefined, cause: undefined
  })
  t.same(readCauses(causesOf(new Error('x', { cause: throwing }))), {
    name: '', message: '', code: undefined, cause: undefined
  })
  t.equal(causesOf(new Error('x', { cause: null })), undefined)
  for (const errors of ['none', [], [null], [undefined]]) t.equal(causesOf({ errors }), undefined)
  fc.assert(fc.property(fc.anything(), (cause) => {
    const json = causesOf({ cause })
    if (json !== undefined && readCauses(json) === undefined) throw new Error(json)
  }))
})

t.test('a code is a text or a number, on one line', async (t) => {
  t.equal(codeOf({ code: 'E_A\nB' }), 'E_A B')
  t.equal(codeOf({ code: 7 }), '7')
  t.equal(codeOf({ code: { toString: () => 'no' } }), undefined)
  t.equal(codeOf({ get code () { throw new Error('no') } }), undefined)
  t.equal(codeOf({ code: 'x'.repeat(1000) })?.length, 128)
})

t.test('whatever a sender writes as a cause, reading it does not throw', async (t) => {
  for (const json of [
    '', '{', 'null', '[]', '1', '{"name":1,"message":"m"}', '{"name":"n"}', `"${'x'.repeat(70_000)}"`
  ]) {
    t.equal(readCauses(json), undefined)
  }
  t.same(readCauses('{"name":"n","message":"m","code":1,"cause":{"name":2}}'), {
    name: 'n', message: 'm', code: undefined, cause: undefined
  })
  fc.assert(fc.property(fc.json(), (json) => { readCauses(json) }))
})

t.test('causes that were written by others are read as deep and as long as our own', async (t) => {
  const nested = (depth: number): object => ({ name: 'n', message: 'm', ...depth > 1 && { cause: nested(depth - 1) } })
  t.equal(depthOf(readCauses(JSON.stringify(nested(10)))), 4)
  t.match(readCauses('{"name":"n","message":"m","cause":null}'), { name: 'n', cause: undefined })
  const long = (length: number) => JSON.stringify({ name: 'n', message: 'm' }).padEnd(length)
  t.equal(readCauses(long(2 ** 16))?.name, 'n')
  t.equal(readCauses(long(2 ** 16 + 1)), undefined)
  t.equal(readCauses(undefined), undefined)
})

t.test('four causes are written at most, and as many as have room in 4096 bytes', async (t) => {
  t.equal(causesOf(chain(100, 'link'))?.match(/"message"/g)?.length, 4)
  const sized = (more: number) => {
    const [first, ...others] = ['"'.repeat(400) + 'x'.repeat(more), ...Array.from({ length: 3 }, () => '"'.repeat(512))]
    return causesOf({ cause: others.reduce((cause, message) => new Error(message, { cause }), new Error(first)) }) ?? ''
  }
  const room = 4096 - sized(0).length
  t.equal(sized(room).length, 4096)
  t.equal(depthOf(readCauses(sized(room))), 4)
  t.equal(depthOf(readCauses(sized(room + 1))), 3)
})

t.test('a dead letter has all of fifty violations, and no stack in production', async (t) => {
  const validation = Array.from({ length: 50 }, (_, i) => ({ instancePath: `/${i}`, keyword: 'type' }))
  t.same(JSON.parse(violationsOf(Object.assign(new Error('x'), { validation })) ?? ''), validation)
  const { NODE_ENV } = process.env
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  for (const environment of ['production', 'test', '']) {
    process.env.NODE_ENV = environment
    const stack = stackOf(new Error('no stock'))
    if (environment === 'production') t.equal(stack, undefined)
    else t.match(stack, /^Error: no stock\n/)
  }
})
