import t from 'tap'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

t.test('publish by topic uses the publisher that the scope knows', async (t) => {
  const app = await build(t)
  const number = { schema: { value: { type: 'number' } } }
  app.broker.publisher('one', number)
  app.broker.publisher('two')
  app.broker.publisher('two', number)
  await app.register(async (scope) => {
    scope.broker.publisher('own', number)
    scope.get('/own', async (request) => await request.broker.publish('own', 'text'))
  })
  await app.ready()
  await t.rejects(app.broker.publish('one', 'text'), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(app.broker.publish('two', 1), { code: 'FASTSTREAM_ERR_DUPLICATE_PUBLISHER' })
  await app.broker.publish('own', 'text', { key: 'not known here' })
  t.match((await app.inject('/own')).json(), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', statusCode: 500 })
  await t.rejects(app.broker.publish({ topic: 'one' } as never, 1), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /what publisher\(\) returned/
  })
})

t.test('keys and headers come from the publisher and can be overruled', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  const publisher = app.broker.publisher('keyed', {
    key: (value) => `k${value}`, headers: (value) => ({ a: String(value), b: 'publisher' })
  })
  const fixed = app.broker.publisher('keyed', { key: 'fixed', headers: { a: 'fixed' } })
  app.broker.subscriber('keyed', (value, { rawKey, headers }) => {
    inbox.add([value, rawKey && String(rawKey), headers['a'], headers['b']])
  })
  await app.ready()
  for (const publish of [
    () => publisher.publish(1),
    () => publisher.publish(2, { key: null, headers: { b: 'option' } }),
    () => publisher.publish(null),
    () => fixed.publish(3)
  ]) {
    const { length } = inbox.items
    await publish()
    await inbox.count(length + 1)
  }
  t.same(await inbox.count(4), [
    [1, 'k1', '1', 'publisher'],
    [2, null, '2', 'option'],
    [null, null, undefined, undefined],
    [3, 'fixed', 'fixed', undefined]
  ])
})

t.test('what cannot be encoded says so and is not sent', async (t) => {
  const app = await build(t)
  const schema = { key: { type: 'string', minLength: 2 }, headers: { type: 'object', required: ['tenant'] } }
  const checked = app.broker.publisher('checked', { schema, key: () => 'x' })
  const broken = app.broker.publisher('broken', { key: () => { throw new Error('no key') } })
  const odd = app.broker.publisher('odd', { key: () => 7 as never })
  const thrown = app.broker.publisher('thrown', {
    headers: () => { throw 'text' } // eslint-disable-line no-throw-literal
  })
  await app.ready()
  await t.rejects(checked.publish(1, { headers: { tenant: 'a' } }), {
    code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /key/
  })
  await t.rejects(checked.publish(1, { key: 'xx' }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /headers/ })
  await checked.publish(1, { key: Buffer.from('xx'), headers: { tenant: 'a', none: null } })
  await t.rejects(broken.publish(1), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /key.*function 'key'.*threw an error/, cause: { message: 'no key' }
  })
  await t.rejects(odd.publish(1), { code: 'FASTSTREAM_ERR_ENCODE', message: /key.*number/ })
  await t.rejects(thrown.publish(1), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /headers.*function 'headers'.*threw an error/, cause: 'text'
  })
  await t.rejects(app.broker.publish('thrown2', 1, { headers: { a: 1 as never } }), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /header 'a'/
  })
  await t.rejects(app.broker.publish('thrown2', 1n), { code: 'FASTSTREAM_ERR_ENCODE' })
})

t.test('publish errors have their HTTP status', async (t) => {
  const app = await build(t, { producer: { queue: { messages: 1 } } })
  app.broker.publisher('orders')
  app.get('/', async (request) => {
    await Promise.all([request.broker.publish('orders', 1), request.broker.publish('orders', 2)])
  })
  t.match((await app.inject('/')).json(), { statusCode: 503, code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
})

t.test('all that a request publishes carries one correlation id', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<string>()
  app.broker.subscriber('seen', (_, { correlationId }) => { inbox.add(correlationId) })
  app.get('/', async (request) => {
    t.equal(request.broker, request.broker)
    await request.broker.publish('seen', 1)
    await request.broker.publish('seen', 2)
  })
  await app.inject('/')
  const [one, two] = await inbox.count(2)
  t.match(one, /^[0-9a-f-]{36}$/)
  t.equal(two, one)
  await app.inject('/')
  t.not((await inbox.count(4))[2], one, 'and another request another one')
})

t.test('a message has a logger with its place, and an id when it came without one', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { level: 'info', stream } })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('logged', function take (_, message) {
    message.log.info({ at: message.offset }, 'seen')
    t.equal(message.log, message.log)
    t.equal(message.broker, message.broker)
    inbox.add(message.correlationId)
  })
  await app.ready()
  await app.broker.publish('logged', 1, { headers: { correlation_id: null } })
  t.match(await inbox.count(1), [/^[0-9a-f-]{36}$/])
  t.match(lines.filter(({ msg }) => msg === 'seen'), [{ topic: 'logged', offset: '0', at: 0, level: 30 }])
  t.match(lines.filter(({ level }) => level === 40), [{
    msg: 'in-memory broker: nothing leaves this process, and it forgets everything when it ends'
  }])
  t.match(lines.filter(({ msg }) => msg === 'joined the group'), [{
    subscribers: ['take'], groupId: 'fastify-faststream', partitions: { logged: [0, 1, 2] }
  }])
})
