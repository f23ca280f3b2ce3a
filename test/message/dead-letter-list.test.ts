import t from 'tap'
import { deadLetterHeaderRows, describeDeadLetterHeaders } from '../../lib/message/dead-letter-described.js'
import {
  DEAD_LETTER_STAGES, ORIGIN_NAMES, originOf, readDeadLetterHeaders, writeDeadLetterHeaders, type DeadLetterFacts
} from '../../lib/message/dead-letter-headers.js'
import type { RawHeader } from '../../lib/transport/transport.js'

const FACTS: DeadLetterFacts = {
  topic: 'orders',
  partition: 2,
  offset: 7n,
  timestamp: 5,
  groupId: 'shop',
  subscriber: 'orders in shop',
  stage: 'validate',
  error: Object.assign(new RangeError('too large', { cause: new Error('full') }), {
    code: 'E_LARGE', validation: [{ instancePath: '/a' }], stack: 'RangeError: too large\n    at handler'
  }),
  attempts: 3,
  trips: 0,
  firstFailureAt: 0,
  failedAt: 1000,
  detailed: true,
  valueOmitted: false,
  keyOmitted: false,
  headersOmitted: false
}

const ALWAYS = {
  'x-dlq-topic': 'orders',
  'x-dlq-partition': '2',
  'x-dlq-offset': '7',
  'x-dlq-timestamp': '5',
  'x-dlq-group': 'shop',
  'x-dlq-subscriber': 'orders in shop',
  'x-dlq-stage': 'validate',
  'x-dlq-error-class': 'RangeError',
  'x-dlq-error-message': 'too large',
  'x-dlq-error-code': 'E_LARGE'
}
const DETAILS = {
  'x-dlq-error-cause': '{"name":"Error","message":"full"}',
  'x-dlq-error-stack': 'RangeError: too large\n    at handler',
  'x-dlq-errors': '[{"instancePath":"/a"}]'
}
const ENDS = {
  'x-dlq-attempts': '3',
  'x-dlq-first-failure-at': '1970-01-01T00:00:00.000Z',
  'x-dlq-failed-at': '1970-01-01T00:00:01.000Z'
}
const written = (facts: Partial<DeadLetterFacts>) => {
  const headers = writeDeadLetterHeaders([], { ...FACTS, ...facts }, false)
  return headers.map(([name, value]) => [name, String(value)])
}
const header = (name: string, text: string): RawHeader => [`x-dlq-${name}`, Buffer.from(text)]
const PLACE = [header('topic', 'orders'), header('offset', '7'), header('stage', 'validate')]
const read = (...more: RawHeader[]) => readDeadLetterHeaders([...PLACE, ...more])

t.test('the headers of a dead letter are written in the order of the list', async (t) => {
  t.strictSame(written({}), Object.entries({ ...ALWAYS, ...DETAILS, ...ENDS }))
  t.strictSame(written({ detailed: false }), Object.entries({ ...ALWAYS, ...ENDS }))
  const { 'x-dlq-attempts': attempts, ...times } = ENDS
  const omitted = { 'x-dlq-value-omitted': 'true', 'x-dlq-key-omitted': 'true', 'x-dlq-headers-omitted': 'true' }
  t.strictSame(
    written({ detailed: false, trips: 1, groupId: null, valueOmitted: true, keyOmitted: true, headersOmitted: true }),
    Object.entries({ ...ALWAYS, 'x-dlq-attempts': attempts, 'x-dlq-trips': '1', ...times, ...omitted })
      .filter(([name]) => name !== 'x-dlq-group')
  )
})

t.test('a message without details has the beginning of the message of its error', async (t) => {
  const error = new Error('x'.repeat(2000))
  const lengthOf = (detailed: boolean) => {
    return written({ error, detailed }).find(([name]) => name === 'x-dlq-error-message')?.[1]?.length
  }
  t.same([lengthOf(true), lengthOf(false)], [1024, 128])
})

t.test('what is written is read as it was', async (t) => {
  const { error, ...letter } = readDeadLetterHeaders(writeDeadLetterHeaders([], FACTS, false)) ?? {}
  t.strictSame(letter, {
    topic: 'orders',
    partition: 2,
    offset: 7n,
    timestamp: new Date(5),
    groupId: 'shop',
    subscriber: 'orders in shop',
    stage: 'validate',
    validation: [{ instancePath: '/a' }],
    attempts: 3,
    trips: 0,
    firstFailureAt: new Date(0),
    failedAt: new Date(1000),
    valueOmitted: false,
    keyOmitted: false,
    headersOmitted: false
  })
  t.strictSame(error, {
    name: 'RangeError',
    message: 'too large',
    code: 'E_LARGE',
    cause: { name: 'Error', message: 'full', code: undefined, cause: undefined },
    dependency: undefined,
    stack: 'RangeError: too large\n    at handler'
  })
})

t.test('a message is a dead letter that names topic, offset and stage', async (t) => {
  t.ok(read())
  for (const missing of PLACE) t.equal(readDeadLetterHeaders(PLACE.filter((each) => each !== missing)), undefined)
  t.equal(readDeadLetterHeaders(PLACE.map(([name, value]) => [name.slice(1), value])), undefined)
  t.match(read(), { error: { name: '', message: '' }, trips: 0, validation: undefined, valueOmitted: false })
})

t.test('what another program has written into a header is left out', async (t) => {
  const empty: RawHeader = ['x-dlq-subscriber', null]
  t.equal(read(empty)?.subscriber, '')
  for (const [text, offset] of [['0', 0n], ['9'.repeat(19), BigInt('9'.repeat(19))]] as const) {
    t.equal(read(header('offset', text))?.offset, offset)
  }
  for (const text of ['', '9'.repeat(20), '-1', '1x', 'x1']) t.equal(read(header('offset', text)), undefined, text)
  for (const [text, trips] of [['1', 1], ['999', 999], ['1000', 0], ['x', 0], ['1x', 0], ['x1', 0]] as const) {
    t.equal(read(header('trips', text))?.trips, trips, text)
  }
  for (const text of ['5x', 'x5', '', '--5', '-', '1e3', '0x10', ' 5']) {
    t.equal(read(header('timestamp', text))?.timestamp, undefined, text)
  }
  t.same(read(header('timestamp', '-5'))?.timestamp, new Date(-5))
  for (const part of ['value', 'key', 'headers'] as const) {
    t.equal(read(header(`${part}-omitted`, 'true'))?.[`${part}Omitted`], true)
    t.equal(read(header(`${part}-omitted`, 'yes'))?.[`${part}Omitted`], false)
  }
})

t.test('violations are read up to 64 KiB of JSON', async (t) => {
  const json = (length: number) => header('errors', `"${'x'.repeat(length - 2)}"`)
  t.equal((read(json(2 ** 16))?.validation as string).length, 2 ** 16 - 2)
  t.equal(read(json(2 ** 16 + 1))?.validation, undefined)
  t.equal(read(header('errors', '{'))?.validation, undefined)
  t.equal(read(header('errors', '{"__proto__":1}'))?.validation, undefined)
})

t.test('the origin is what stands in four headers, each in its form', async (t) => {
  t.strictSame(ORIGIN_NAMES, ['x-dlq-topic', 'x-dlq-partition', 'x-dlq-offset', 'x-dlq-timestamp'])
  const place = { topic: 'orders', partition: '1', offset: '7', timestamp: '-1' }
  const of = (other: object) => {
    return originOf(Object.entries({ ...place, ...other }).map(([name, text]) => header(name, text)))
  }
  t.equal(of({}), 'orders')
  t.equal(of({ offset: '9'.repeat(19), partition: '0', timestamp: '12' }), 'orders')
  for (const wrong of [
    { partition: '-1' }, { partition: '1x' }, { partition: 'x1' }, { partition: '' }, { offset: '9'.repeat(20) },
    { offset: 'x7' }, { offset: '7x' }, { timestamp: 'x1' }, { timestamp: '1x' }, { timestamp: '' }, { topic: '' }
  ]) {
    t.equal(of(wrong), undefined, JSON.stringify(wrong))
  }
})

t.test('headers of the original are kept, but for those of a dead letter', async (t) => {
  const original: RawHeader[] = [
    ['tenant', Buffer.from('a')], header('topic', 'first'), header('partition', '9'), header('stage', 'publish'),
    ['x-dlq', Buffer.from('b')]
  ]
  const names = (headers: RawHeader[]) => headers.map(([name, value]) => `${name}=${value}`)
  const fresh = names(writeDeadLetterHeaders(original, FACTS, false))
  t.same(fresh.slice(0, 4), ['tenant=a', 'x-dlq=b', 'x-dlq-topic=orders', 'x-dlq-partition=2'])
  const second = names(writeDeadLetterHeaders(original, FACTS, true))
  t.same(second.slice(0, 5), ['tenant=a', 'x-dlq-topic=first', 'x-dlq-partition=9', 'x-dlq=b', 'x-dlq-group=shop'])
  t.equal(second.filter((each) => each.startsWith('x-dlq-offset')).length, 0, 'an origin is written as a whole, or not')
})

t.test('the list is described for the document and for the page', async (t) => {
  t.strictSame(DEAD_LETTER_STAGES, ['deserialize', 'validate', 'retries-exhausted', 'rejected', 'publish'])
  const { type, required, properties } = describeDeadLetterHeaders() as {
    type: string, required: string[], properties: Record<string, Record<string, unknown>>
  }
  t.equal(type, 'object')
  t.strictSame(required, [
    'topic', 'partition', 'offset', 'timestamp', 'subscriber', 'stage', 'error-class', 'error-message', 'attempts',
    'first-failure-at', 'failed-at'
  ].map((name) => `x-dlq-${name}`))
  const forms = Object.entries(properties).map(([name, { description, ...form }]) => {
    t.match(description, /^\w+/)
    return [name.slice('x-dlq-'.length), form]
  })
  const text = { type: 'string' }
  const digits = { ...text, pattern: '^[0-9]+$' }
  t.strictSame(Object.fromEntries(forms), {
    topic: text,
    partition: digits,
    offset: { ...text, pattern: '^[0-9]{1,19}$' },
    timestamp: { ...text, pattern: '^-?[0-9]+$' },
    group: text,
    subscriber: text,
    stage: { ...text, enum: DEAD_LETTER_STAGES },
    'error-class': text,
    'error-message': text,
    'error-code': text,
    'error-cause': text,
    'error-dependency': text,
    'error-stack': text,
    errors: text,
    attempts: digits,
    trips: digits,
    'first-failure-at': { ...text, format: 'date-time' },
    'failed-at': { ...text, format: 'date-time' },
    'value-omitted': { ...text, const: 'true' },
    'key-omitted': { ...text, const: 'true' },
    'headers-omitted': { ...text, const: 'true' }
  })
  const rows = deadLetterHeaderRows()
  t.same(rows.map(({ name }) => name), Object.keys(properties))
  t.same(rows.filter(({ required }) => required).map(({ name }) => name), required)
  const stage = rows.find(({ name }) => name === 'x-dlq-stage')?.description
  t.equal(stage, `${properties['x-dlq-stage']?.['description']}: ${DEAD_LETTER_STAGES.join(', ')}`)
  t.equal(rows[0]?.description, properties['x-dlq-topic']?.['description'])
})
