import t from 'tap'
import {
  FASTSTREAM_ERR_NOT_READY, FASTSTREAM_ERR_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_PUBLISH_TIMEOUT,
  FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_UNKNOWN_TOPIC
} from '../../lib/errors.js'
import { notAuthorized, type Right } from '../../lib/missing-rights.js'
import { isRefused, isTooLarge, publishError } from '../../lib/produce/publish-error.js'
import { SendError } from '../../lib/transport/transport.js'

const RIGHTS: Right[] = [{ operation: 'Write', resource: 'topic', name: 'orders' }]
const tooLarge = new SendError('too large', 'not-sent', 'too-large')

t.test('a client sees which rights are missing, and not whose', async (t) => {
  const told = notAuthorized(RIGHTS, 'User:shop')
  for (const error of [told, new SendError('refused', 'unknown', 'refused', { cause: told })]) {
    const failure = publishError('orders', error)
    t.match(failure, { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', rights: RIGHTS, message: /Write on topic 'orders'/ })
    t.notMatch(failure.message, /shop/)
    t.equal(failure.cause, told)
  }
  t.notOk('outcome' in publishError('orders', told))
  const sent = new SendError('refused', 'unknown', 'refused', { cause: told })
  t.match(publishError('orders', sent), { outcome: 'unknown' })
})

t.test('an error of the send tells its reason and whether the message may be in the log', async (t) => {
  const cases: Array<[SendError['reason'], string, RegExp]> = [
    ['closed', 'FASTSTREAM_ERR_NOT_READY', /closed/],
    ['refused', 'FASTSTREAM_ERR_PUBLISH_REFUSED', /the text of the cluster/],
    ['too-large', 'FASTSTREAM_ERR_PUBLISH_REFUSED', /the text of the cluster/]
  ]
  for (const [reason, code, message] of cases) {
    for (const outcome of ['not-sent', 'unknown'] as const) {
      const cause = new SendError('the text of the cluster', outcome, reason)
      const error = publishError('orders', cause)
      t.match(error, { code, message, outcome })
      t.equal(error.cause, cause)
    }
  }
  const places = [['not-sent', /it is not in the log/], ['unknown', /it may be in the log/]] as const
  for (const [outcome, message] of places) {
    const cause = new SendError('no answer', outcome, 'timeout')
    const error = publishError('orders', cause)
    t.match(error, { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', message, outcome })
    t.equal(error.cause, cause)
  }
})

t.test('an error that names topics only is told as it is, any other one becomes the cause', async (t) => {
  const cause = new Error('connect kafka-1:9092')
  for (const error of [
    new FASTSTREAM_ERR_UNKNOWN_TOPIC('orders'),
    new FASTSTREAM_ERR_UNKNOWN_PARTITION('orders', 7, 3),
    new FASTSTREAM_ERR_PARTITION('orders', 'its partitioner said: connect kafka-1:9092', { cause }),
    new FASTSTREAM_ERR_TOPICS('orders', 'they do not exist'),
    new FASTSTREAM_ERR_TOPICS('orders', 'the cluster cannot be reached', { cause }),
    new FASTSTREAM_ERR_TOPICS('orders', 'no: kafka-1', { cause: { message: 'kafka-1' } })
  ]) t.equal(publishError('orders', error), error)
  for (const error of [
    new FASTSTREAM_ERR_TOPICS('orders', `no answer: ${cause.message}`, { cause }), cause
  ]) {
    const failure = publishError('orders', error)
    t.match(failure, { code: 'FASTSTREAM_ERR_UNAVAILABLE', message: /'orders'/ })
    t.equal(failure.cause, error)
  }
})

t.test('what a repetition cannot cure is known', async (t) => {
  for (const error of [
    notAuthorized(RIGHTS, undefined),
    new FASTSTREAM_ERR_UNKNOWN_PARTITION('orders', 7, 3),
    new FASTSTREAM_ERR_PARTITION('orders', 'no'),
    new FASTSTREAM_ERR_PUBLISH_REFUSED('orders', 'no')
  ]) t.equal(isRefused(error), true, error.message)
  for (const error of [
    new FASTSTREAM_ERR_PUBLISH_TIMEOUT('orders', 'no'), new FASTSTREAM_ERR_NOT_READY('closed'), new Error('no'), 'no'
  ]) t.equal(isRefused(error), false, String(error))
})

t.test('a message that is too large is known by the cause of its refusal', async (t) => {
  t.equal(isTooLarge(new FASTSTREAM_ERR_PUBLISH_REFUSED('orders', 'no', { cause: tooLarge })), true)
  for (const error of [
    new FASTSTREAM_ERR_PUBLISH_REFUSED('orders', 'no', { cause: new SendError('no', 'not-sent', 'refused') }),
    new FASTSTREAM_ERR_PUBLISH_REFUSED('orders', 'no', { cause: { reason: 'too-large' } }),
    new FASTSTREAM_ERR_PUBLISH_REFUSED('orders', 'no'),
    new FASTSTREAM_ERR_NOT_READY('closed', { cause: tooLarge }),
    tooLarge
  ]) t.equal(isTooLarge(error), false, error.message)
})
