import t from 'tap'
import { AckMessage, BatchError, NackMessage, RejectMessage, SkipMessage, StopConsume } from '../../index.js'
import { decisionOf } from '../../lib/message/ack.js'

const REFUSED = 'FASTSTREAM_ERR_INVALID_OPTION'

t.test('each decision has its name and a message, and stands for its outcome', async (t) => {
  for (const [error, name, kind] of [
    [new AckMessage(), 'AckMessage', 'ack'],
    [new SkipMessage(), 'SkipMessage', 'ack'],
    [new NackMessage(), 'NackMessage', 'nack'],
    [new RejectMessage(), 'RejectMessage', 'reject'],
    [new StopConsume(), 'StopConsume', undefined]
  ] as const) {
    t.ok(error instanceof Error)
    t.equal(error.name, name)
    t.match(error.message, /^the handler \w+/, name)
    t.equal(decisionOf(error)?.kind, kind, name)
  }
  t.equal(new RejectMessage('a negative total').message, 'a negative total')
  for (const failure of [new Error('no'), undefined, 'ack', { kind: 'ack' }]) t.equal(decisionOf(failure), undefined)
})

t.test('a decision keeps its error and its delay', async (t) => {
  const nack = new NackMessage({ delay: 5 })
  t.strictSame(decisionOf(nack), { kind: 'nack', error: nack, delay: 5 })
  const reject = new RejectMessage()
  t.strictSame(decisionOf(reject), { kind: 'reject', error: reject })
  t.strictSame(decisionOf(new AckMessage()), { kind: 'ack' })
})

t.test('a nack takes a delay and a cause, and the error of a catch is its cause', async (t) => {
  const cause = new Error('closed')
  t.match(new NackMessage({ cause, delay: 0 }), { cause, delay: 0 })
  t.match(new NackMessage(cause as never), { cause, delay: undefined })
  const coded = Object.assign(new Error('closed'), { code: 'ECLOSED' })
  t.equal(new NackMessage(coded as never).cause, coded)
  t.equal(new NackMessage().cause, undefined)
  t.throws(() => new NackMessage({ wait: 1 } as never), { code: REFUSED, message: /'wait' is not known.*delay, cause/ })
  t.throws(() => new NackMessage({ delay: 'soon' as never }), { code: REFUSED, message: /'delay'/ })
})

t.test('the error of a batch has the index of its message, and a cause where one is given', async (t) => {
  const cause = new Error('no')
  t.match(new BatchError(0, cause), { name: 'BatchError', index: 0, message: 'message 0 of the batch failed', cause })
  t.notOk('cause' in new BatchError(3))
  for (const index of [-1, 0.5, '1']) {
    t.throws(() => new BatchError(index as never), { code: REFUSED, message: /'index'/ }, String(index))
  }
})
