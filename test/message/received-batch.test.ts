import { inspect } from 'node:util'
import t from 'tap'
import { dependency } from '../../index.js'
import { FirstMessage, ReceivedBatch } from '../../lib/message/received-batch.js'
import { ReceivedMessage } from '../../lib/message/received-message.js'
import { attempt, sourceWith } from '../support/received.js'

function batchOf () {
  const source = sourceWith({ paramsOf: (topic) => ({ of: topic }) })
  const made = attempt([['tenant', Buffer.from('secret')]])
  const decoded = (value: number) => ({ value, key: undefined, headers: undefined })
  const first = new FirstMessage(source, made.delivery, decoded(1))
  const second = new ReceivedMessage(source, attempt([], 'l').delivery, decoded(2))
  return { ...made, first, second, batch: new ReceivedBatch(first, [second]) }
}

t.test('a batch has the messages of one partition, the first one first', async (t) => {
  const { batch, first, second } = batchOf()
  t.match(batch, { topic: 'orders', partition: 2 })
  t.equal(batch.messages.length, 2)
  t.equal(batch.messages[0], first)
  t.equal(batch.messages[1], second)
  t.ok(Object.isFrozen(batch.messages))
  t.equal(ReceivedBatch.firstOf(batch), first)
  t.equal(first.batch, batch)
})

t.test('what a batch has one of is that of its first message', async (t) => {
  const { batch, first, decisions, delivery } = batchOf()
  t.same(batch.params, { of: 'orders' })
  t.equal(batch.signal, delivery.signal)
  t.equal(batch.log, first.log)
  t.equal(batch.broker, first.broker)
  t.equal(batch.deps, first.deps)
  const rate = dependency(() => ({ of: 'first' }))
  t.equal(await batch.resolve(rate), await first.resolve(rate))
  t.same([batch.ack(), batch.nack(), batch.reject()], [true, false, false])
  t.same(decisions.map(({ kind }) => kind), ['ack', 'nack', 'reject'])
})

t.test('a batch is shown with its messages, and without their headers', async (t) => {
  const { batch } = batchOf()
  t.match(JSON.parse(JSON.stringify(batch)), {
    topic: 'orders', partition: 2, messages: [{ key: 'k', value: 1 }, { key: 'l', value: 2 }]
  })
  t.match(inspect(batch), /^MessageBatch \{[^]*key: 'k'[^]*key: 'l'/)
  for (const shown of [inspect(batch), JSON.stringify(batch)]) t.notMatch(shown, 'secret')
})
