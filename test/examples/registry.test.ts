import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import avsc from 'avsc'
import protobuf from 'protobufjs'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/registry/app.js'
import { buildRegistry } from '../../examples/registry/fake-registry.js'
import { frame, unframe } from '../../examples/registry/schema-registry.js'
import { Inbox } from '../support/inbox.js'

/** The example on a registry of its own, and what was asked of that registry. */
async function open (t: Test, prepare: (registry: FastifyInstance) => void = () => {}) {
  const registry = buildRegistry()
  const asked = new Inbox<string>()
  registry.addHook('onRequest', async ({ method, url }) => { asked.add(`${method} ${url}`) })
  prepare(registry)
  t.teardown(() => registry.close())
  const url = await registry.listen({ port: 0 })
  const app = await build({}, { groupId: 'registry', retry: { retries: 0 } }, url)
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const register = async (schema: string): Promise<number> => {
    const res = await registry.inject({ method: 'POST', url: '/subjects/other/versions', payload: { schema } })
    return res.json().id
  }
  const fetched = (id: number) => asked.items.filter((line) => line === `GET /schemas/ids/${id}`)
  return { app, broker, register, fetched }
}

const fields = [{ name: 'id', type: 'string' }, { name: 'total', type: 'double' }]
/** What a later version of the shop writes. */
const NEWER = JSON.stringify({
  type: 'record', name: 'Order', namespace: 'shop', fields: [{ name: 'note', type: 'string' }, ...fields]
})
const newer = avsc.Type.forSchema(JSON.parse(NEWER))

t.test('an order is written as Avro, and its invoice as Protobuf', async (t) => {
  const { app, broker } = await open(t)
  const res = await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9.5 } })
  t.equal(res.statusCode, 202)
  await broker.settled()
  t.same(broker.errors, [])
  const [order] = broker.published('orders')
  t.equal(order?.headers['content-type'], 'application/vnd.apache.avro')
  // Avro: the length of the text as a zigzag varint, the text, and a double.
  t.same(order?.rawValue, Buffer.from([0, 0, 0, 0, 1, 2, 0x31, 0, 0, 0, 0, 0, 0, 0x23, 0x40]))
  const [invoice] = broker.published('invoices')
  t.equal(invoice?.key, '1')
  // Protobuf: one byte for the first message of the schema, then tag and content of each field.
  t.same(invoice?.rawValue, Buffer.from([0, 0, 0, 0, 2, 0, 0x0a, 1, 0x31, 0x11, 0, 0, 0, 0, 0, 0, 0x23, 0x40]))
})

t.test('a schema is fetched once, also for many messages at a time', async (t) => {
  const { broker, register, fetched } = await open(t)
  const id = await register(NEWER)
  const order = (n: number) => frame(id, newer.toBuffer({ note: 'new', id: String(n), total: n }))
  await Promise.all(Array.from({ length: 30 }, (_, n) => broker.publish('orders', order(n), { partition: n % 3 })))
  await broker.settled()
  t.same(broker.errors, [])
  t.equal(broker.published('invoices').length, 30)
  t.equal(fetched(id).length, 1)
})

t.test('a message waits for a registry that is down, and no dead letter is made', async (t) => {
  const failures = [503, 500]
  const down = new Inbox<number>()
  const { broker, register, fetched } = await open(t, (registry) => {
    registry.addHook('onRequest', async (request, reply) => {
      const status = request.method === 'GET' ? failures.shift() : undefined
      if (status === undefined) return
      down.add(status)
      return await reply.code(status).send({})
    })
  })
  const id = await register(NEWER)
  await broker.publish('orders', frame(id, newer.toBuffer({ note: 'new', id: '1', total: 1 })))
  await broker.settled()
  t.same(down.items, [503, 500])
  t.equal(fetched(id).length, 3)
  t.same(broker.errors, [])
  t.equal(broker.published('invoices').length, 1)
})

t.test('what is not in the registry, or not in its format, becomes a dead letter', async (t) => {
  const { broker, register } = await open(t)
  const id = await register(NEWER)
  const cases: Array<[value: Buffer, reason: RegExp]> = [
    [frame(77, Buffer.from('x')), /the registry has no \/schemas\/ids\/77/],
    [Buffer.from('{"id":"1"}'), /not in the wire format/],
    [Buffer.from([0, 0, 0]), /not in the wire format/],
    [frame(id, Buffer.from([200])), /cannot be decoded/],
    [frame(await register('no schema'), Buffer.from('x')), /a schema that cannot be read/]
  ]
  for (const [value] of cases) {
    await broker.publish('orders', value)
    await broker.settled()
  }
  t.match(broker.errors, cases.map(([, message]) => ({ stage: 'deserialize', error: { message } })))
  t.same(broker.published('orders.dlq').map(({ rawValue }) => rawValue), cases.map(([value]) => value))
})

t.test('a schema is checked on what Avro has decoded', async (t) => {
  const { broker, register } = await open(t)
  const id = await register(NEWER)
  await broker.publish('orders', frame(id, newer.toBuffer({ note: '', id: '1', total: -1 })))
  await broker.settled()
  t.match(broker.errors, [{ stage: 'validate', error: { message: 'value/total must be >= 0' } }])
})

const NESTED = `
syntax = "proto3";
package other;
enum Kind { NONE = 0; }
message First { message Inner { string orderId = 1; double amount = 2; } }
message Second { message Inner { string orderId = 1; double amount = 2; int64 big = 3; } }`

t.test('a Protobuf message is found by its indexes', async (t) => {
  const { broker, register } = await open(t)
  const id = await register(NESTED)
  const inner = protobuf.parse(NESTED).root.lookupType('other.Second.Inner')
  const body = inner.encode({ orderId: '1', amount: 2 }).finish()
  const cases: Array<[indexes: number[], error: RegExp | undefined]> = [
    // Their number and each of them, as zigzag varints: [1, 0] is `Second.Inner`.
    [[4, 2, 0], undefined],
    [[4, 0, 0], undefined],
    [[4, 4, 0], /the schema has no message at 2\.0/],
    [[4, 1, 0], /the schema has no message at -1\.0/],
    [[1], /nested -1 times/],
    [[254, 255, 255, 255, 15], /nested 2147483647 times/]
  ]
  for (const [indexes, message] of cases) {
    const before = broker.errors.length
    await broker.publish('invoices', frame(id, Buffer.concat([Buffer.from(indexes), body])))
    await broker.settled()
    if (message === undefined) t.equal(broker.errors.length, before, indexes.join())
    else t.match(broker.errors.at(-1), { stage: 'deserialize', error: { message } })
  }
})

t.test('an app does not start without its registry', async (t) => {
  await t.rejects(build({}, {}, 'http://127.0.0.1:9'), { message: 'fetch failed' })
})

t.test('a frame is taken apart as it was made', async (t) => {
  t.same(unframe(frame(0xffffffff, Buffer.from('x'))), { id: 0xffffffff, body: Buffer.from('x') })
})
