import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../index.js'
import { steady } from '../lib/log.js'
import { eventually } from './conformance/eventually.js'
import { Inbox } from './support/inbox.js'
import { memoryLog } from './support/json-log.js'
import { logLines } from './support/log-lines.js'

function throws (): never {
  throw new TypeError('the handler throws this')
}

function withGetter (name: string): Error {
  return Object.defineProperty(new Error('evil'), name, { enumerable: true, get: throws })
}

t.test('each message has its outcome and health() works, also with odd errors and a broken logger', async (t) => {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    groupId: 'g', retry: { retries: 1, delay: 0 }, topicConfig: { partitions: 1 }
  })
  const chain = Array.from({ length: 20_000 }).reduce<Error | undefined>(
    (cause) => new Error('link', { cause }), undefined
  )
  const thrown = [...['message', 'name', 'stack', 'code', 'cause'].map(withGetter), chain]
  const dead = new Inbox<unknown>()
  app.broker.subscriber('orders', (index) => { throw thrown[index as number] })
  app.broker.subscriber('orders.dlq', (index) => {
    t.doesNotThrow(() => JSON.stringify(app.broker.health()))
    dead.add(index)
  })
  await app.ready()
  for (const index of thrown.keys()) {
    await app.broker.publish('orders', index)
    await dead.count(index + 1)
  }
  t.same(dead.items, [...thrown.keys()])
  const told = lines.filter(({ msg }) => msg.startsWith('message cannot be handled and was moved'))
  t.same(told.map(({ offset }) => offset), ['0', '1', '2', '3', '4', '5'])
  t.notOk(lines.some(({ msg }) => msg.includes('unexpected error')))
})

t.test('a log line that cannot be written says what it can, and throws no error', async (t) => {
  const { lines, details, ...log } = logLines()
  const err = new Error('evil')
  const serialize = (line: object): object => 'err' in line ? throws() : line
  const app = { ...log, warn: (line: object, message: string) => { log.warn(serialize(line), message) } }
  steady(app).warn({ err, offset: '1' }, 'handler failed')
  steady(app).warn({ offset: '2' }, 'handler is late')
  t.same(lines, ['warn handler failed (its error cannot be logged)', 'warn handler is late'])
  t.same(details, [{ offset: '1' }, { offset: '2' }])
  steady({ ...log, error: throws }).error({ err }, 'no line can be written')
})

t.test('no line has what is in a message, however it fails', async (t) => {
  const secret = 'hunter2'
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'trace', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'g', retry: { retries: 1, delay: 0 } })
  const schema = {
    value: { type: 'object', properties: { n: { type: 'integer', enum: [1, 2] } } },
    key: { type: 'string', maxLength: 3 },
    headers: { type: 'object', properties: { h: { type: 'string', maxLength: 3 } } }
  }
  app.broker.subscriber('orders', {
    schema, publish: app.broker.publisher('invoices', { schema: { value: { type: 'integer' } } })
  }, (value, { key }) => {
    if (key === 'no') throw new Error('no')
    return value
  })
  app.broker.subscriber('late', { handlerTimeout: 5 }, async (_value, { signal }) => {
    await new Promise((resolve) => { signal.onabort = resolve })
  })
  app.broker.subscriber(['orders.dlq', 'late.dlq'], { deadLetter: false }, () => {})
  app.broker.subscriber('skipped', { schema, deadLetter: false }, () => {})
  const strict = app.broker.publisher('strict', { schema: { value: { type: 'integer' } } })
  app.post('/', async (request) => await request.broker.publish(strict, request.body))
  await app.ready()

  const { broker } = app
  const json = { 'content-type': 'application/json' }
  await broker.publish('orders', { secret }, { key: 'no', headers: { other: secret } })
  await broker.publish('orders', { secret }, { key: 'k' })
  await broker.publish('orders', { n: secret }, { key: 'k' })
  await broker.publish('orders', {}, { key: secret })
  await broker.publish('orders', {}, { key: 'k', headers: { h: secret } })
  for (const text of [`{"${secret}`, `{"__proto__":"${secret}"}`, `"${secret}\u{1}"`, `${'['.repeat(65)}"${secret}"`]) {
    await broker.publish('orders', Buffer.from(text), { key: 'k', headers: json })
  }
  await broker.publish('orders', Buffer.from([...Buffer.from(`"${secret}`), 0xff, 0x22]), { key: 'k', headers: json })
  await broker.publish('late', { secret }, { key: secret })
  await broker.publish('skipped', { n: secret }, { key: secret })
  const { statusCode } = await app.inject({ method: 'POST', url: '/', payload: { secret } })
  t.equal(statusCode, 500)
  const settled = /^message cannot be handled and (was moved|is skipped)/
  // What is no JSON is none in its dead letter either.
  await eventually(async () => lines.filter(({ msg }) => settled.test(msg)).length === 12 + 5)
  t.notMatch(JSON.stringify(lines), secret)
  t.notMatch(JSON.stringify(broker.health()), secret)
})
