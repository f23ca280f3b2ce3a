import t from 'tap'
import { FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_PUBLISH_TIMEOUT } from '../../../lib/errors.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { prepared } from '../../support/prepared.js'
import { build as buildWorld } from '../../support/overlap-world.js'
import { build, headersOf, retry } from '../../support/pipeline-fixture.js'

const warnings = ({ lines }: { readonly lines: readonly string[] }) => lines.filter((line) => line.startsWith('warn'))

t.test('a result that is refused waits for the others before its message fails', async (t) => {
  const order: string[] = []
  const slow = gate()
  const { run, dead } = build({
    handle: () => 1,
    prepare: () => [
      prepared('a', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('a', 'no') }),
      prepared('b', async () => { await slow.opened; order.push('b'); return { topic: 'b', partition: 0, offset: 0n } })
    ]
  })
  const done = run()
  await turn()
  t.same(dead, [])
  slow.open()
  t.equal(await done, 'settled')
  t.same(order, ['b'])
  t.equal(dead.length, 1)
})

t.test('a result is published; when that fails it alone is tried again', async (t) => {
  let handled = 0
  let sent = 0
  const { run, clock, settles } = build({
    handle: () => { handled++; return 'result' },
    prepare: (result) => [prepared('invoices', async () => {
      if (++sent < 3) throw new FASTSTREAM_ERR_PUBLISH_TIMEOUT('invoices', 'slow')
      return { topic: String(result), partition: 0, offset: 0n }
    })]
  })
  const done = run()
  await turn()
  t.same([sent, settles], [1, []])
  await clock.advance(10_000)
  t.equal(await done, 'settled')
  t.equal(handled, 1)
  t.equal(sent, 3)
})

t.test('results that fail wait together, and only they are sent again, in their order', async (t) => {
  const sent: string[] = []
  const failures: Record<string, number> = { a: 2, b: 0, c: 1 }
  const { run, clock, pauses, log } = build({
    handle: () => 'result',
    prepare: () => ['a', 'b', 'c'].map((topic) => prepared(topic, async () => {
      sent.push(topic)
      if (failures[topic]!-- > 0) throw new FASTSTREAM_ERR_PUBLISH_TIMEOUT(topic, 'slow')
      return { topic, partition: 0, offset: 0n }
    }))
  })
  const done = run()
  await clock.advance(10_000)
  t.equal(await done, 'settled')
  t.equal(sent.join(' '), 'a b c a c a')
  t.equal(pauses.length, 2, 'each pause gives a place away: a message has one')
  const line = 'warn the result could not be published, it will be tried again'
  t.same(log.lines, [line, line, line], 'one for each failure')
  t.match(log.details, [{ to: 'a', attempt: 1 }, { to: 'c', attempt: 1 }, { to: 'a', attempt: 2 }])
})

t.test('a result that is wrong, or that the cluster refuses, makes its message a dead letter', async (t) => {
  const wrong = build({ handle: () => 1, prepare: () => { throw new Error('invalid') } })
  t.equal(await wrong.run(), 'settled')
  t.match(headersOf(wrong.dead[0]), { 'x-dlq-stage': 'publish' })
  const refused = build({
    handle: () => 1,
    prepare: () => [prepared('invoices', async () => {
      throw new FASTSTREAM_ERR_PUBLISH_REFUSED('invoices', 'too large')
    })]
  })
  t.equal(await refused.run(), 'settled')
  t.match(headersOf(refused.dead[0]), { 'x-dlq-stage': 'publish' })
})

t.test('a result that is refused is the failure, whatever becomes of the code around its publish', async (t) => {
  const { run, failures } = build({
    retry: { ...retry, retries: 0 },
    handle: () => 1,
    prepare: async () => ({
      prepared: [prepared('invoices', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('invoices', 'no') })],
      end: async () => { throw new Error('the middleware fails, too') }
    })
  })
  t.equal(await run(), 'settled')
  t.match(failures, [{ stage: 'publish', error: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' } }])
})

t.test('the results of a message wait for room in the queue, and the next message for all of them', async (t) => {
  const { log, handled, sends, ends, receive, answer } = buildWorld({}, { messages: 2, bytes: 100_000 })
  await receive('a+b+c', 'd')
  t.same([handled, sends()], [['0'], ['0:a 0:b']])
  await answer()
  t.same([handled, sends().at(-1), ends], [['0'], '0:c', []])
  await answer()
  t.same([handled, sends().at(-1), ends], [['0', '1'], '0:d', ['0 acknowledged']])
  t.same(warnings(log), [])
})

/** Takes all room of a queue that holds one message. */
const OTHER = { topic: 'out', partition: 0, key: null, value: Buffer.from('x'), headers: [], timestamp: 1 }

t.test('a dead letter waits for room in the queue', async (t) => {
  const { log, producer, sends, ends, receive, answer } = buildWorld({
    handle: () => { throw new Error('no') }
  }, { messages: 1, bytes: 100_000 })
  const other = producer.publish(OTHER)
  await receive('a')
  t.same([sends(), ends], [['0:x'], []])
  await answer()
  await other
  t.same([sends().at(-1), ends], ['orders.dlq:a', []])
  await answer()
  t.same([ends, warnings(log)], [['0 dead-lettered'], []])
})

t.test('a result waits for room in the queue, also where no message begins meanwhile', async (t) => {
  const { log, producer, sends, ends, receive, answer } = buildWorld({ overlaps: false }, { messages: 1, bytes: 1000 })
  const other = producer.publish(OTHER)
  await receive('a')
  t.same([sends(), ends], [['0:x'], []])
  await answer()
  await other
  t.same([sends(), ends], [['0:x', '0:a'], []])
  await answer()
  t.same(ends, ['0 acknowledged'])
  t.same(warnings(log), [])
})
