import t from 'tap'
import { Kafka, logLevel } from 'kafkajs'
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import avsc from 'avsc'
import faststreamPlugin, { cloudEventsCodec } from '../../index.js'
import { avroCodec } from '../../examples/registry/avro.js'
import { buildRegistry } from '../../examples/registry/fake-registry.js'
import { SchemaRegistry, unframe } from '../../examples/registry/schema-registry.js'
import { Inbox } from '../support/inbox.js'
import { brokers, createTopic, readLog, uniqueName } from './fixture.js'

const ORDER = { type: 'record', name: 'Order', fields: [{ name: 'id', type: 'string' }] } satisfies avsc.Schema

t.test('plain text, CloudEvents and Avro are written and read on Kafka, beside a plain client', async (t) => {
  const [lines, events, orders] = [
    await createTopic({ partitions: 1 }), await createTopic({ partitions: 1 }), await createTopic({ partitions: 1 })
  ]
  const registry = buildRegistry()
  t.teardown(() => registry.close())
  const url = await registry.listen({ port: 0 })
  const avro = await avroCodec(new SchemaRegistry(url), `${orders}-value`, ORDER)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId: uniqueName('g'), retry: { retries: 0 } })
  const seen = { lines: new Inbox<unknown>(), events: new Inbox<unknown>(), orders: new Inbox<unknown>() }
  const schema = { value: Type.Object({ id: Type.String() }) }
  const text = app.broker.publisher(lines, { codec: 'text' })
  const event = app.broker.publisher(events, { codec: cloudEventsCodec() })
  const order = app.broker.publisher(orders, { codec: avro, schema })
  app.broker.subscriber(lines, { codec: 'text' }, seen.lines.add)
  app.broker.subscriber(events, { codec: cloudEventsCodec() }, seen.events.add)
  app.broker.subscriber(orders, { codec: avro, schema }, seen.orders.add)
  await app.ready()

  const placed = { specversion: '1.0', id: '7', source: '/shop', type: 'order.placed' }
  await text.publish('{"not":"JSON"')
  await event.publish({ ...placed, data: { id: '1' } })
  await event.publish(placed, { key: 'k' })
  await order.publish({ id: '1' })
  // As the console tools write: no header at all.
  const producer = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).producer()
  t.teardown(() => producer.disconnect())
  await producer.connect()
  await producer.send({ topic: lines, messages: [{ value: 'a line' }] })
  const structured = { ...placed, data: { id: '2' } }
  const headers = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }
  await producer.send({ topic: events, messages: [{ value: JSON.stringify(structured), headers }] })

  t.same(await seen.lines.count(2), ['{"not":"JSON"', 'a line'])
  t.same(await seen.events.count(3), [
    { ...placed, datacontenttype: 'application/json', data: { id: '1' } }, placed, structured
  ])
  t.same(await seen.orders.count(1), [{ id: '1' }])

  const [first, second] = await readLog(events)
  t.match(first, { value: Buffer.from('{"id":"1"}'), headers: { ce_type: [Buffer.from('order.placed')] } })
  t.match(second, { key: Buffer.from('k'), value: null, headers: { ce_id: [Buffer.from('7')] } })
  const [written] = await readLog(orders)
  const { id, body } = unframe(written?.value ?? Buffer.alloc(0))
  const res = await registry.inject(`/schemas/ids/${id}`)
  t.same(avsc.Type.forSchema(JSON.parse(res.json().schema)).fromBuffer(body), { id: '1' })
})
