import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { unconfirmed, UnconfirmedFailures } from '../../lib/produce/unconfirmed.js'
import { SendError } from '../../lib/transport/transport.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { hear, hearTrace } from '../support/hear.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock, turn } from '../support/manual-clock.js'

function build (messages = 10) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  const log = logLines()
  const settings = { deadline: 1000, queue: { messages, bytes: 1e6 } }
  const producer = new Producer(transport, settings, environmentOf(clock))
  const failures = new UnconfirmedFailures('default', log)
  const publish = async (value: string, wait = false, options: Partial<Outgoing> = {}): Promise<void> => {
    const outgoing = message(value, options)
    await unconfirmed(
      (queued) => producer.publish(outgoing, wait, queued), (error) => { failures.add(outgoing.topic, error) })
  }
  return { clock, transport, log, producer, publish }
}

function message (value: string, options: Partial<Outgoing> = {}): Outgoing {
  const plain = { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, partition: 0 }
  return { ...plain, ...options }
}

t.test('it resolves before anything is sent, and the order of the calls is kept', async (t) => {
  const { transport, log, producer, publish } = build()
  t.equal(await publish('1'), undefined)
  await publish('2')
  const confirmed = producer.publish(message('3'))
  await publish('4')
  t.same(transport.sent, [])
  await turn()
  t.same(transport.sent, ['orders[0] 1', 'orders[0] 2', 'orders[0] 3', 'orders[0] 4'])
  transport.sends[0]?.succeed()
  t.equal((await confirmed).offset, 2n)
  t.same(log.lines, [])
})

t.test('a later failure is an event for each message, and one line for those that fail together', async (t) => {
  const failed = hear(t, 'faststream.message.publish-failed')
  const { clock, transport, log, publish } = build()
  for (const value of ['1', '2', '3']) await publish(value)
  await turn()
  transport.sends[0]?.fail(new SendError('no', 'not-sent', 'refused'))
  await turn()
  t.match(failed, Array.from({ length: 3 }, () => ({
    topic: 'orders', error: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' }
  })))
  t.same(log.lines, ['error messages that were published without confirmation have failed'])
  t.match(log.details, [{
    broker: 'default', topic: 'orders', messages: 3, err: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' }
  }])
  await publish('4')
  await publish('5', false, { topic: 'other' })
  await clock.advance(1000)
  t.match(log.details.slice(1), [
    { topic: 'orders', messages: 1, err: { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'unknown' } },
    { topic: 'other', messages: 1, err: { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'unknown' } }
  ])
})

t.test('what can be known at once rejects, and is not logged', async (t) => {
  const { log, producer, publish } = build(1)
  await t.rejects(publish('1', false, { partition: 7 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  await publish('2')
  await t.rejects(publish('3'), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
  const closing = producer.close()
  await t.rejects(publish('4'), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await closing
  await turn()
  t.match(log.details, [{ messages: 1, err: { code: 'FASTSTREAM_ERR_NOT_READY', outcome: 'not-sent' } }])
})

t.test('with wait it resolves when there is room, and rejects when there is none until the deadline', async (t) => {
  const { clock, transport, log, publish } = build(1)
  await publish('1')
  const steps: string[] = []
  const waiting = publish('2', true).then(() => { steps.push('queued') })
  await turn()
  t.same(steps, [])
  transport.sends[0]?.succeed()
  await waiting
  t.same(steps, ['queued'])
  const late = t.rejects(publish('3', true), { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'not-sent' })
  await clock.advance(1000)
  await late
  t.match(log.details, [{ messages: 1 }], 'the one in the queue is logged, the one that rejected is not')
})

t.test('its trace ends when the message is stored', async (t) => {
  const trace = hearTrace(t, 'faststream.message.publish')
  const { transport, publish } = build()
  await publish('1')
  await turn()
  t.same(trace.map(({ phase }) => phase), ['start', 'end'])
  transport.sends[0]?.succeed()
  await turn()
  t.same(trace.map(({ phase }) => phase), ['start', 'end', 'asyncStart', 'asyncEnd'])
})
