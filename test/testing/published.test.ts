import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

async function build (t: Test, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  return app
}

const NOT_UTF8 = Buffer.from([0xff, 0x00, 0x01])

t.test('what published() returns shows no bytes, and has them', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1' }, { key: 'k', headers: { tenant: 'a' } })
  await broker.publish('orders', { id: '2' }, { key: NOT_UTF8 })
  await broker.publish('orders', { id: '3' })
  const [first, binary, keyless] = broker.published('orders')
  const names = ['topic', 'partition', 'offset', 'key', 'value', 'headers', 'timestamp']
  t.same(Object.keys(first!), names)
  t.match([first, binary, keyless], [{ key: 'k' }, { key: 'base64:/wAB' }, { key: null }])
  t.match(first, { rawKey: Buffer.from('k'), rawValue: Buffer.from('{"id":"1"}') })
  t.same(first?.rawHeaders.filter(([name]) => name === 'tenant'), [['tenant', Buffer.from('a')]])
  t.same([binary?.rawKey, keyless?.rawKey], [NOT_UTF8, null])
  t.notMatch(inspect(broker.published('orders'), { depth: Infinity }), /Buffer|raw/)
})

t.test('a key is text in lines of message.log, in JSON and in inspections', async (t) => {
  const { lines, stream } = memoryLog()
  const app = await build(t, { logger: { stream } })
  const inbox = new Inbox<string>()
  app.broker.subscriber('orders', (_, message) => {
    message.log.info({ key: message.key, message }, 'handled')
    inbox.add(inspect(message) + JSON.stringify(message))
  })
  const broker = await testBroker(app)
  await broker.publish('orders', {}, { key: 'customer-7' })
  await broker.settled()
  await broker.publish('orders', {}, { key: NOT_UTF8 })
  await broker.settled()
  await broker.publish('orders', {})
  const texts = await inbox.count(3)
  const keys = ['customer-7', 'base64:/wAB', null]
  t.match(lines.filter(({ msg }) => msg === 'handled'), keys.map((key) => ({ key, message: { key } })))
  for (const [i, key] of keys.entries()) t.ok(texts[i]?.includes(`"key":${JSON.stringify(key)}`), String(key))
  for (const text of texts) t.notMatch(text, /Buffer/)
})

t.test("an app's own serializer of keys goes before that of message.log", async (t) => {
  const { lines, stream } = memoryLog()
  const app = await build(t, { logger: { stream, serializers: { key: () => 'hidden' } } })
  app.broker.subscriber('orders', (_, { log, key }) => { log.info({ key }, 'handled') })
  const broker = await testBroker(app)
  await broker.publish('orders', {}, { key: 'customer-7' })
  await broker.settled()
  t.match(lines.filter(({ msg }) => msg === 'handled'), [{ key: 'hidden', topic: 'orders' }])
})
