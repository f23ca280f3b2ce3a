import t from 'tap'
import { Type } from '@sinclair/typebox'
import { MAX_DEPTH } from '../../lib/codec/json-form.js'
import { isJson, parseJson, toJson } from '../../lib/codec/json.js'
import { readDeadLetterHeaders, originOf } from '../../lib/message/dead-letter-headers.js'
import { decodeHeaders } from '../../lib/message/headers.js'
import { checkPublishOptions } from '../../lib/message/publish-options.js'
import { testBroker } from '../../lib/testing/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { build } from '../support/plugin-app.js'

/** A value of `levels` levels: lists and objects in turns. */
function nested (levels: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

t.test('a value may be nested 64 levels deep, in every part that counts them', async (t) => {
  t.equal(MAX_DEPTH, 64)
  for (const [levels, fits] of [[63, true], [64, true], [65, false]] as const) {
    // Several deep members have more brackets than levels.
    const value = [nested(levels - 1), '[{"', nested(levels - 1), nested(1)]
    const json = JSON.stringify(value)
    t.equal(isJson(value), fits, `isJson ${levels}`)
    if (fits) {
      t.equal(toJson(value, 'value', 'orders'), json, `toJson ${levels}`)
      t.same(parseJson(Buffer.from(json), 'value'), value, `parseJson ${levels}`)
    } else {
      const message = /deeper than 64/
      t.throws(() => toJson(value, 'value', 'orders'), { code: 'FASTSTREAM_ERR_ENCODE', message })
      t.throws(() => parseJson(Buffer.from(json), 'value'), { code: 'FASTSTREAM_ERR_DECODE', message })
    }
  }
})

t.test('a text of 64 brackets is never too deep, one of 65 may be', async (t) => {
  for (const levels of [63, 64]) t.same(parseJson(Buffer.from(JSON.stringify(nested(levels))), 'value'), nested(levels))
  t.throws(() => parseJson(Buffer.from(JSON.stringify(nested(65))), 'value'), { code: 'FASTSTREAM_ERR_DECODE' })
})

t.test('what may be published may be read: 64 levels, with a schema and without', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: unknown[] = []
  const schema = { value: Type.Unknown() }
  const checked = app.broker.publisher('checked', { schema })
  app.broker.subscriber('checked', { schema }, (value) => { seen.push(value) })
  app.broker.subscriber('plain', (value) => { seen.push(value) })
  const broker = await testBroker(app)
  for (const levels of [64, 65]) {
    const value = nested(levels)
    for (const publish of [() => app.broker.publish(checked, value), () => app.broker.publish('plain', value)]) {
      if (levels === 64) await publish()
      else await t.rejects(publish(), { code: 'FASTSTREAM_ERR_ENCODE' })
    }
  }
  await broker.settled()
  t.same(seen, [nested(64), nested(64)])
  t.same(broker.errors, [])
})

t.test('a timestamp may be the first millisecond of 1970, and none before it', async (t) => {
  const message = /'timestamp' must be a valid Date, not before 1970/
  const refused = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
  for (const time of [0, 1]) checkPublishOptions({ timestamp: new Date(time) })
  for (const time of [-1, NaN]) t.throws(() => { checkPublishOptions({ timestamp: new Date(time) }) }, refused)

  const app = await build(t, { groupId: 'shop' })
  app.broker.publisher('orders')
  const broker = await testBroker(app)
  await app.broker.publish('orders', 1, { timestamp: new Date(0) })
  t.same(broker.published('orders')[0]?.timestamp, new Date(0))
})

t.test('partition 0 may be given, and no number below it', async (t) => {
  checkPublishOptions({ partition: 0 })
  t.throws(() => { checkPublishOptions({ partition: -1 }) }, { message: /'partition' must be a whole number/ })
})

t.test('a message may have 2000 headers, and its handler reads no more', async (t) => {
  const headers = (count: number): RawHeader[] => Array.from({ length: count }, (_, i) => [`h${i}`, Buffer.from('1')])
  for (const count of [1999, 2000]) t.equal(Object.keys(decodeHeaders(headers(count))).length, count)
  t.throws(() => decodeHeaders(headers(2001)), { code: 'FASTSTREAM_ERR_DECODE', message: /more than 2000/ })
})

const DEAD_LETTER: RawHeader[] = Object.entries({
  topic: 'orders',
  partition: '1',
  offset: '7',
  timestamp: '3',
  stage: 'validate',
  attempts: '2',
  'first-failure-at': '2026-01-01T00:00:00.000Z',
  'failed-at': '2026-01-01T00:00:00.000Z'
}).map(([name, value]): RawHeader => [`x-dlq-${name}`, Buffer.from(value)])

t.test('the last of two dead-letter headers of one name counts', async (t) => {
  for (const [name, other] of Object.entries({
    topic: 'spoofed', partition: '5', offset: '8', timestamp: '9', stage: 'rejected', attempts: '6'
  })) {
    const twice: RawHeader[] = [[`x-dlq-${name}`, Buffer.from(other)], ...DEAD_LETTER]
    t.same(readDeadLetterHeaders(twice), readDeadLetterHeaders(DEAD_LETTER), name)
    t.equal(originOf(twice), 'orders', name)
    const overwritten: RawHeader[] = [...DEAD_LETTER, [`x-dlq-${name}`, Buffer.from(other)]]
    t.notSame(readDeadLetterHeaders(overwritten), readDeadLetterHeaders(DEAD_LETTER), name)
    t.equal(originOf(overwritten), name === 'topic' ? 'spoofed' : 'orders', name)
  }
  t.equal(originOf([...DEAD_LETTER, ['x-dlq-topic', null]]), undefined, 'the last one is empty')
  t.equal(originOf([...DEAD_LETTER, ['x-dlq-partition', Buffer.from('x')]]), undefined, 'the last one is no number')
})
