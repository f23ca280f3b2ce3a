import t from 'tap'
import { ReplyReader } from '../../lib/request/reply-reader.js'
import type { ConsumerOptions, TransportConsumer } from '../../lib/transport/transport.js'
import { logLines } from '../support/log-lines.js'
import { record } from '../support/record.js'

/** A reader of partition 1, and what it tells and asks. */
function reading () {
  const log = logLines()
  const calls: unknown[] = []
  const taken: unknown[] = []
  let options: ConsumerOptions | undefined
  const consumer: Partial<TransportConsumer> = {
    start: async () => { calls.push('start') },
    commit: async (offsets) => { calls.push(offsets); throw new Error('the generation is over') },
    seek: (to) => { calls.push(to) },
    close: async () => { calls.push('close') }
  }
  const taker = {
    reply: ({ offset }: { offset: bigint }) => { taken.push(offset) },
    ended: (error: Error) => { taken.push(error.message) }
  }
  const reader = new ReplyReader({ topic: 'replies', partition: 1 }, taker, {
    createConsumer: (given) => { options = given; return consumer as TransportConsumer },
    sessionTimeout: 1000,
    rebalanceTimeout: 2000,
    log
  })
  return { reader, log, calls, taken, get options () { return options } }
}

t.test('one partition is read from its end, without a group, and its position is kept', async (t) => {
  const reading1 = reading()
  const { reader, calls, taken } = reading1
  t.match(reading1.options, { groupId: null, topics: ['replies'], partitions: [1], offsetReset: 'latest' })
  await reader.start()
  reader.assigned()
  reader.records('replies', 1, [], 7n)
  reader.records('replies', 1, [record(7), record(8)], 9n)
  await reader.revoking()
  reader.lost()
  reader.stored()
  reader.reset()
  t.same(taken, [7n, 8n])
  await reader.close()
  t.same(calls, [
    'start', [{ topic: 'replies', partition: 1, offset: 7n }], [{ topic: 'replies', partition: 1, offset: 9n }], 'close'
  ])
})

t.test('a corrupt batch is passed by, or ends the reader where it has no known end', async (t) => {
  const { reader, calls, taken, log } = reading()
  const error = new Error('wrong checksum')
  reader.corrupt('replies', 1, { offset: 3n, nextOffset: 5n, error })
  t.same(calls, [{ topic: 'replies', partition: 1, offset: 5n }])
  t.same(taken, [])
  reader.corrupt('replies', 1, { offset: 5n, nextOffset: -1n, error })
  t.same(taken, ['wrong checksum'])
  t.equal(calls.at(-1), 'close')
  t.equal(log.lines.filter((line) => /^warn a batch of replies is corrupt/.test(line)).length, 2)
})

t.test('a consumer that breaks comes back; one that is refused ends the reader, also while it starts', async (t) => {
  const { reader, taken } = reading()
  reader.failed(new Error('broke'))
  t.same(taken, [])
  reader.failed(new Error('not authorized'), false)
  t.same(taken, ['not authorized'])
  await t.rejects(reader.start(), { message: 'not authorized' })
})
