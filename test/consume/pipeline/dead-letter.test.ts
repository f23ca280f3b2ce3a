import fc from 'fast-check'
import t from 'tap'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { deadLetter, detailsFor, type Failure } from '../../../lib/consume/pipeline/dead-letter.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { readDeadLetterHeaders } from '../../../lib/message/dead-letter-headers.js'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { record } from '../../support/record.js'

const failure: Failure = {
  stage: 'validate',
  error: Object.assign(new RangeError('too much'), { validation: [{ instancePath: '/total' }] }),
  attempts: 2,
  firstAt: 1000,
  at: 2000
}

function planOf (groupId: string | null): SubscriberPlan {
  return { name: 'take', groupId, isDeadLetterOf: () => false } as unknown as SubscriberPlan
}

function headers (said: Record<string, string | null>): RawHeader[] {
  return Object.entries(said).map(([name, value]) => [`x-dlq-${name}`, value === null ? null : Buffer.from(value)])
}

t.test('a dead letter says what became of its message, and is read back', async (t) => {
  const { headers, timestamp } = deadLetter(
    'orders.dlq', new Delivery('orders', 3, record(2n ** 60n)), planOf('shop'), failure
  )
  t.equal(timestamp, 2000, 'the message may be older than the retention of its dead letter')
  t.match(readDeadLetterHeaders(headers), {
    topic: 'orders',
    partition: 3,
    offset: 2n ** 60n,
    timestamp: new Date(1_700_000_000_000),
    groupId: 'shop',
    subscriber: 'take',
    stage: 'validate',
    error: { name: 'RangeError', message: 'too much', stack: /RangeError: too much/ },
    validation: [{ instancePath: '/total' }],
    attempts: 2,
    firstFailureAt: new Date(1000),
    failedAt: new Date(2000),
    valueOmitted: false
  })
})

t.test('a shortened dead letter is marked, and one without a group has no group header', async (t) => {
  const { headers } = deadLetter('orders.dlq', new Delivery('orders', 3, record(7)), planOf(null), failure, 'reference')
  t.match(readDeadLetterHeaders(headers), {
    offset: 7n, groupId: undefined, validation: undefined, error: { stack: undefined }, valueOmitted: true
  })
})

t.test('a dead letter without room for details has its origin only', async (t) => {
  const outgoing = deadLetter(
    'orders.dlq',
    new Delivery('orders', 3, record(7, 'v', { key: Buffer.from('k'), headers: [['a', Buffer.from('1')]] })),
    planOf('shop'),
    failure,
    'place'
  )
  t.match(outgoing, { key: null, value: null })
  t.ok(outgoing.headers.every(([name]) => name.startsWith('x-dlq-')))
  t.match(readDeadLetterHeaders(outgoing.headers), {
    topic: 'orders', offset: 7n, valueOmitted: true, keyOmitted: true, headersOmitted: true
  })
})

t.test('no header of it is longer than it may be, whatever failed', async (t) => {
  const long = 'ä'.repeat(10_000)
  const error = Object.assign(new Error(long), { name: long, stack: long, validation: [{ instancePath: long }] })
  const { headers } = deadLetter(
    'orders.dlq', new Delivery('orders', 3, record(7)), planOf('shop'), { ...failure, error }
  )
  const lengths = Object.fromEntries(headers.map(([name, value]) => [name, value?.length]))
  t.match(lengths, { 'x-dlq-error-class': 128, 'x-dlq-error-message': 1024, 'x-dlq-error-stack': 4096 })
  t.ok(lengths['x-dlq-errors']! <= 4096)
  t.same(
    readDeadLetterHeaders(headers)?.validation, [{ instancePath: 'ä'.repeat(512) }], 'what is cut can still be read'
  )
  const numbers = Object.assign(new Error(), { validation: Array.from({ length: 400 }, () => -Math.PI * 1e-300) })
  t.equal(
    readDeadLetterHeaders(
      deadLetter(
        'orders.dlq', new Delivery('orders', 3, record(7)), planOf('shop'), { ...failure, error: numbers }
      ).headers
    )?.validation,
    undefined,
    'what is still too long is left out'
  )
})

t.test('a message that was redriven keeps its first origin in the topic that it names, and nowhere else', async (t) => {
  const origin = Object.entries({ topic: 'orders', partition: '5', offset: '1', timestamp: '2', stage: 'handler' })
  const written = origin.map(([name, value]): RawHeader => [`x-dlq-${name}`, Buffer.from(value)])
  const redriven: RawHeader[] = [...written, ['x-dlq-redrive-group', Buffer.from('shop')]]
  for (const [topic, headers, partition] of [
    ['orders', redriven, 5], ['others', redriven, 3], ['orders', written, 3]
  ] as const) {
    const delivery = new Delivery(topic, 3, record(7, 'v', { headers: [...headers] }))
    const letter = deadLetter('dlq', delivery, planOf('shop'), failure)
    t.match(readDeadLetterHeaders(letter.headers), { topic, partition })
  }
})

t.test('of what is larger than anything that is handled nothing is tried that keeps others waiting', async (t) => {
  const limit = { bodyLimit: 1000 } as SubscriberPlan
  const key = Buffer.alloc(900)
  const many = Array.from({ length: 2 ** 17 + 1 }, (): RawHeader => ['a', null])
  const all = ['full', 'brief', 'reference', 'place']
  t.same(detailsFor(record(7, null, { size: 1000, headers: many.slice(1) }), limit), all)
  t.same(detailsFor(record(7, 'x'.repeat(100), { size: 1001, key }), limit), ['reference', 'place'])
  t.same(detailsFor(record(7, 'x'.repeat(100), { size: 1101, key }), limit), ['place'])
  t.same(detailsFor(record(7, null, { headers: many }), limit), ['place'])
  const uncounted = {
    ...record(7), headerCount: 2 ** 17 + 1, get headers (): never { throw new Error('they are not made for that') }
  }
  t.same(detailsFor(uncounted, limit), ['place'])
})

t.test('what is no dead letter is none', async (t) => {
  t.equal(readDeadLetterHeaders([]), undefined)
  t.equal(readDeadLetterHeaders(headers({ topic: 'orders', stage: 'handler' })), undefined)
  t.equal(readDeadLetterHeaders(headers({ topic: 'orders', stage: 'handler', offset: '1e3' })), undefined)
  t.equal(readDeadLetterHeaders(headers({ topic: 'orders', stage: 'handler', offset: '9'.repeat(1000) })), undefined)
  t.equal(readDeadLetterHeaders(headers({ offset: '7', stage: 'handler' })), undefined)
  t.match(
    readDeadLetterHeaders(headers({
      topic: 'orders', stage: 'handler', offset: '7', errors: '[{"cut', 'error-class': null
    })),
    { validation: undefined, error: { name: '', message: '' } }
  )
})

t.test('reading foreign dead-letter headers never throws', async () => {
  const names = [
    'topic', 'partition', 'offset', 'timestamp', 'stage', 'errors', 'attempts', 'first-failure-at', 'failed-at',
    'value-omitted', '__proto__'
  ]
  fc.assert(fc.property(fc.array(fc.tuple(fc.constantFrom(...names), fc.option(fc.string()))), (said) => {
    readDeadLetterHeaders([
      ...headers({ topic: 'orders', offset: '1', stage: 'handler' }),
      ...said.map(([name, value]): RawHeader => [`x-dlq-${name}`, value === null ? null : Buffer.from(value)])
    ])
  }))
})
