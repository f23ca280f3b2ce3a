import fc from 'fast-check'
import t from 'tap'
import { Ajv } from 'ajv'
import { describeDeadLetterHeaders } from '../../lib/message/dead-letter-described.js'
import {
  DEAD_LETTER_STAGES, originOf, readDeadLetterHeaders, writeDeadLetterHeaders,
  type DeadLetterFacts
} from '../../lib/message/dead-letter-headers.js'
import type { RawHeader } from '../../lib/transport/transport.js'

const schema = describeDeadLetterHeaders()
const isDateTime = (text: string): boolean => new Date(text).toISOString() === text
const validate = new Ajv({
  strict: false, formats: { 'date-time': isDateTime }
}).compile({ ...schema, additionalProperties: false })

const time = fc.integer({ min: 0, max: 4e12 })
const facts: fc.Arbitrary<DeadLetterFacts> = fc.record({
  topic: fc.constantFrom('orders', 'a.b'),
  partition: fc.nat(),
  offset: fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
  timestamp: fc.oneof(time, fc.constantFrom(-1, -2, 8.64e15, 8.64e15 + 1, 1.7e18, Number(2n ** 63n - 1n))),
  groupId: fc.option(fc.string()),
  subscriber: fc.string(),
  stage: fc.constantFrom(...DEAD_LETTER_STAGES),
  error: fc.record({ message: fc.string(), validation: fc.option(fc.array(fc.string())) }).map(
    ({ message, validation }) => Object.assign(new RangeError(message), validation && { validation })
  ),
  attempts: fc.integer({ min: 1 }),
  trips: fc.nat({ max: 999 }),
  firstFailureAt: time,
  failedAt: time,
  detailed: fc.boolean(),
  valueOmitted: fc.boolean(),
  keyOmitted: fc.boolean(),
  headersOmitted: fc.boolean()
})

function texts (headers: readonly RawHeader[]): Record<string, string> {
  return Object.fromEntries(headers.map(([name, value]) => [name, String(value)]))
}

t.test('what is written is what is described', async (t) => {
  fc.assert(fc.property(facts, (facts) => {
    if (!validate(texts(writeDeadLetterHeaders([], facts, false)))) throw new Error(JSON.stringify(validate.errors))
  }))
  t.pass('for any facts')
})

t.test('what is written is read again', async (t) => {
  fc.assert(fc.property(facts, (facts) => {
    const read = readDeadLetterHeaders(writeDeadLetterHeaders([], facts, false))
    t.equal(read?.trips, facts.trips)
    const { topic, partition, offset, subscriber, stage, attempts, valueOmitted, keyOmitted, headersOmitted } = facts
    t.match(read, { topic, partition, offset, subscriber, stage, attempts, valueOmitted, keyOmitted, headersOmitted })
    const isDate = facts.timestamp !== -1 && facts.timestamp <= 8.64e15
    t.same(read?.timestamp, isDate ? new Date(facts.timestamp) : undefined)
    t.same([read?.firstFailureAt?.getTime(), read?.failedAt?.getTime(), read?.groupId], [
      facts.firstFailureAt, facts.failedAt, facts.groupId ?? undefined
    ])
  }), { numRuns: 20 })
})

const place: RawHeader[] = [
  ['x-dlq-topic', Buffer.from('orders')],
  ['x-dlq-partition', Buffer.from('1')],
  ['x-dlq-offset', Buffer.from('7')],
  ['x-dlq-timestamp', Buffer.from('-1')]
]

t.test('the origin is a complete place', async (t) => {
  t.equal(originOf(place), 'orders')
  for (const missing of place) {
    t.equal(originOf(place.filter((header) => header !== missing)), undefined, `without ${missing[0]}`)
  }
  for (const [at, wrong] of ['', 'x', '1e3', '1.5'].entries()) {
    t.equal(
      originOf(place.map(([name, value], i) => [name, i === at ? Buffer.from(wrong) : value])),
      undefined,
      `with '${wrong}'`
    )
  }
})

t.test('a dead letter of a dead letter keeps the place, and nothing else of the first', async (t) => {
  const [first] = fc.sample(facts, 1) as [DeadLetterFacts]
  const original: RawHeader[] = [
    ['tenant', Buffer.from('a')], ...writeDeadLetterHeaders([], { ...first, stage: 'validate' }, false)
  ]
  const second = writeDeadLetterHeaders(
    original, { ...first, topic: 'orders.dlq', partition: 99, stage: 'publish' }, true
  )
  t.match(texts(second), {
    tenant: 'a', 'x-dlq-topic': first.topic, 'x-dlq-partition': String(first.partition), 'x-dlq-stage': 'publish'
  })
  t.equal(second.filter(([name]) => name === 'x-dlq-topic').length, 1)
  t.equal(second.filter(([name]) => name === 'x-dlq-stage').length, 1)
})
