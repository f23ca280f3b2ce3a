import { Type } from '@sinclair/typebox'
import t, { type Test } from 'tap'
import { cloudEventsCodec, type CloudEventsOptions, type OutgoingHeaders } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const PLACED = { specversion: '1.0', id: '7', source: '/shop', type: 'order.placed' }
const HEADERS = { ce_specversion: '1.0', ce_id: '7', ce_source: '/shop', ce_type: 'order.placed' }
const STRUCTURED = { 'content-type': 'application/cloudevents+json; charset=UTF-8' }

/** An app that reads events of `in` and writes them to `out`. */
async function events (t: Test, { schema, ...options }: CloudEventsOptions & { schema?: object } = {}) {
  const app = await build(t, { codec: cloudEventsCodec(options) })
  const seen: unknown[] = []
  app.broker.subscriber('in', { schema }, (event) => { seen.push(event) })
  const out = app.broker.publisher('out')
  const broker = await testBroker(app)
  return {
    app,
    broker,
    seen,
    async read (value: unknown, headers: OutgoingHeaders) {
      await broker.publish('in', value, { headers: { correlation_id: 'c', ...headers } })
      await broker.settled()
      return seen.at(-1)
    },
    async write (event: unknown) {
      await out.publish(event, { correlationId: 'c' })
      const { rawValue, headers: { correlation_id: _, ...headers } = {} } = broker.published('out').at(-1) ?? {}
      return { value: rawValue === null ? null : String(rawValue), headers }
    },
    async refuses (event: unknown, message: RegExp) {
      await t.rejects(out.publish(event), { code: 'FASTSTREAM_ERR_ENCODE', message })
    }
  }
}

t.test('an event in binary mode is read from headers and value', async (t) => {
  const { read } = await events(t)
  const json = { 'content-type': 'application/json' }
  const headers = { ...HEADERS, ce_time: '2018-04-05T03:56:24Z', ce_partitionkey: 'k', ...json }
  t.strictSame(await read(Buffer.from('{"a":1}'), headers), {
    ...PLACED, time: '2018-04-05T03:56:24Z', partitionkey: 'k', datacontenttype: 'application/json', data: { a: 1 }
  })
  t.match(await read(Buffer.from('<a/>'), { ...HEADERS, 'content-type': 'text/xml' }), { data: '<a/>' })
  const avro = { ...HEADERS, 'content-type': 'application/avro' }
  t.match(await read(Buffer.from([1]), avro), { datacontenttype: 'application/avro', data: Buffer.from([1]) })
  t.strictSame(await read(Buffer.from('{"a":1}'), { ...HEADERS, 'content-type': null }), { ...PLACED, data: { a: 1 } })
  t.match(await read(Buffer.from('null'), { ...HEADERS, 'content-type': 'application/json' }), { data: null })
})

t.test('headers that are no attributes are none', async (t) => {
  const { read } = await events(t)
  const headers = {
    ...HEADERS, ce_data: 'x', ce_Upper: 'x', ce_data_base64: 'x', ce___proto__: 'x', other: 'x', ce_constructor: 'x'
  }
  const event = await read(1, headers) as object
  t.same(Object.keys(event), ['specversion', 'id', 'source', 'type', 'constructor', 'datacontenttype', 'data'])
  t.equal(Object.getPrototypeOf(event), Object.prototype)
})

t.test('an event in structured mode is read from the value', async (t) => {
  const { read } = await events(t)
  const event = { ...PLACED, count: 5, subject: null, unset: null, data: { a: null } }
  t.strictSame(await read(Buffer.from(JSON.stringify(event)), { ...HEADERS, ...STRUCTURED }), {
    ...PLACED, count: 5, data: { a: null }
  })
  const empty = { ...PLACED, data: null }
  t.strictSame(await read(Buffer.from(JSON.stringify(empty)), STRUCTURED), empty)
  const base64 = { ...PLACED, datacontenttype: 'image/png', data_base64: Buffer.from([1, 2]).toString('base64') }
  t.strictSame(await read(Buffer.from(JSON.stringify(base64)), { 'content-type': 'Application/CloudEvents+JSON' }), {
    ...PLACED, datacontenttype: 'image/png', data: Buffer.from([1, 2])
  })
})

t.test('an event without data is a tombstone in binary mode, and keeps its attributes', async (t) => {
  const { read, write } = await events(t)
  t.strictSame(await read(null, HEADERS), PLACED)
  t.equal(await read(null, {}), null, 'a tombstone that is no event')
  t.strictSame(await write(PLACED), { value: null, headers: HEADERS })
  t.strictSame(await write(null), { value: null, headers: {} })
  const structured = await events(t, { mode: 'structured' })
  t.strictSame(await structured.write(PLACED), {
    value: JSON.stringify(PLACED), headers: { 'content-type': 'application/cloudevents+json' }
  })
})

t.test('what is no event becomes a dead letter that says why', async (t) => {
  const { read, broker, seen } = await events(t)
  const json = (value: unknown) => Buffer.from(JSON.stringify(value))
  const cases: Array<[value: unknown, headers: OutgoingHeaders, reason: RegExp]> = [
    [1, {}, /it has no attribute 'specversion'/],
    [null, { ce_specversion: '1.0' }, /it has no attribute 'id'/],
    [1, { ...HEADERS, ce_source: '' }, /it has no attribute 'source'/],
    [Buffer.from('{'), { ...HEADERS, 'content-type': 'application/json' }, /it is not valid JSON/],
    [Buffer.from('{'), STRUCTURED, /it is not valid JSON/],
    [json([PLACED]), STRUCTURED, /which is an object/],
    [json({ ...PLACED, type: 1 }), STRUCTURED, /it has no attribute 'type'/],
    [json({ ...PLACED, id: null }), STRUCTURED, /it has no attribute 'id'/],
    [json([PLACED]), { 'content-type': 'application/cloudevents-batch+json' }, /'application.*batch.* is not/],
    [Buffer.from([1]), { 'content-type': 'application/cloudevents+avro' }, /the event format .* is not known/]
  ]
  for (const [value, headers] of cases) await read(value, headers)
  t.same(seen, [])
  t.match(broker.errors, cases.map(([,, message]) => ({ stage: 'deserialize', error: { message } })))
})

t.test('a schema describes the whole event', async (t) => {
  const data = Type.Object({ a: Type.Integer() })
  const schema = { value: Type.Object({ type: Type.Literal('order.placed'), data }) }
  const { read, broker } = await events(t, { schema })
  const headers = { ...HEADERS, 'content-type': 'application/json' }
  t.match(await read(Buffer.from('{"a":1}'), headers), { data: { a: 1 } })
  await read(Buffer.from('{"a":"x"}'), headers)
  await read(Buffer.from('{"a":1}'), { ...headers, 'content-type': 'application/octet-stream' })
  t.match(broker.errors, [{ error: { message: 'value/data/a must be integer' } }, { stage: 'validate' }])
})

t.test('an event is written in binary mode, and read back as it was', async (t) => {
  const { write, read } = await events(t)
  const event = { ...PLACED, count: 5, urgent: true, datacontenttype: 'application/vnd.a+json', data: { a: ['ü'] } }
  const written = await write(event)
  t.strictSame(written, {
    value: '{"a":["ü"]}',
    headers: { ...HEADERS, ce_count: '5', ce_urgent: 'true', 'content-type': 'application/vnd.a+json' }
  })
  t.strictSame(await read(Buffer.from(written.value ?? ''), written.headers), { ...event, count: '5', urgent: 'true' })
  t.match(await write({ ...PLACED, data: 'text' }), {
    value: '"text"', headers: { 'content-type': 'application/json' }
  })
  t.match(await write({ ...PLACED, datacontenttype: 'text/xml', data: '<a/>' }), { value: '<a/>' })
  t.match(await write({ ...PLACED, data: Buffer.from('A') }), {
    value: 'A', headers: { 'content-type': 'application/octet-stream' }
  })
  t.match(await write({ ...PLACED, datacontenttype: 'image/png', data: new Uint8Array([65]) }), {
    value: 'A', headers: { 'content-type': 'image/png' }
  })
  t.match(await write({ ...PLACED, data: null }), { value: 'null' })
  const odd = { ...PLACED, time: new Date(0), hash: Buffer.from('A'), subject: null, unset: undefined }
  t.strictSame((await write(odd)).headers, { ...HEADERS, ce_time: '1970-01-01T00:00:00.000Z', ce_hash: 'QQ==' })
})

t.test('specversion and id are added where they are left out', async (t) => {
  const { write } = await events(t)
  const { source, type } = PLACED
  const ids = [await write({ source, type }), await write({ source, type })].map(({ headers }) => headers.ce_id)
  t.equal(new Set(ids).size, 2)
  for (const id of ids) t.match(id, /^[0-9a-f-]{36}$/)
  t.match((await write({ source, type })).headers, { ce_specversion: '1.0' })
})

t.test('an event is written in structured mode, and read back as it was', async (t) => {
  const { write, read } = await events(t, { mode: 'structured' })
  for (const event of [
    { ...PLACED, count: 5, data: { a: ['ü'] } },
    { ...PLACED, datacontenttype: 'text/xml', data: '<a/>' },
    { ...PLACED, datacontenttype: 'image/png', data: Buffer.from([1]) },
    { ...PLACED, data: null }
  ]) {
    const { value, headers } = await write(event)
    t.strictSame(headers, { 'content-type': 'application/cloudevents+json' })
    t.strictSame(await read(Buffer.from(value ?? ''), headers), event)
  }
})

t.test('what cannot be written as an event fails the publish', async (t) => {
  for (const mode of ['binary', 'structured'] as const) {
    const { refuses } = await events(t, { mode })
    await refuses('text', /a CloudEvent is an object/)
    await refuses({ ...PLACED, source: undefined }, /needs the attribute 'source'/)
    await refuses({ ...PLACED, id: '' }, /needs the attribute 'id'/)
    await refuses({ ...PLACED, type: 1 }, /needs the attribute 'type'/)
    await refuses({ ...PLACED, partitionKey: 'x' }, /'partitionKey' must be of the letters a-z and digits/)
    for (const odd of [{}, 1.5, NaN, [], new Date(NaN)]) await refuses({ ...PLACED, odd }, /'odd' must be text, a/)
    await refuses({ ...PLACED, data: new Map() }, /instance of Map/)
    await refuses({ ...PLACED, datacontenttype: 'text/xml', data: {} }, /as 'text\/xml' must be text or bytes/)
  }
})

t.test('an event is no key, and a wrong option is refused', async (t) => {
  const app = await build(t, { codec: { key: cloudEventsCodec() } })
  app.broker.subscriber('in', { schema: { key: {} } }, () => {})
  const publisher = app.broker.publisher('out', { schema: { key: {} } })
  const broker = await testBroker(app)
  await broker.publish('in', 1, { key: 'k' })
  await broker.settled()
  t.match(broker.errors, [{ error: { message: 'the key cannot be decoded: a CloudEvent is a value' } }])
  await t.rejects(publisher.publish(1, { key: 'k' }), { message: /the key .* a CloudEvent is a value/ })
  const refused = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  t.throws(() => cloudEventsCodec({ mode: 'batch' as never }), { ...refused, message: /'mode' must be one of/ })
  t.throws(() => cloudEventsCodec({ format: 'avro' } as object), { ...refused, message: /'format' is not known/ })
})
