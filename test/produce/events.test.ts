import t from 'tap'
import { Producer } from '../../lib/produce/producer.js'
import { SendError } from '../../lib/transport/transport.js'
import type { MessagePublishContext } from '../../types/index.js'
import { BROKER, environmentOf } from '../support/environment.js'
import { FakeProducer } from '../support/fake-producer.js'
import { hear, hearTrace } from '../support/hear.js'
import { ManualClock, turn } from '../support/manual-clock.js'

function build () {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  const producer = new Producer(
    transport, { deadline: 30_000, queue: { messages: 1, bytes: 1_000 } }, environmentOf(clock)
  )
  const publish = () => producer.publish({
    topic: 'orders', key: null, value: Buffer.from('v'), headers: [['a', null]], timestamp: 0, partition: 1
  })
  return { clock, transport, producer, publish }
}

t.test('a publish is told when it is stored, with its duration', async (t) => {
  const published = hear(t, 'faststream.message.published')
  const { clock, transport, publish } = build()
  const done = publish()
  await clock.advance(250)
  t.same(published, [])
  transport.sends[0]?.succeed()
  await done
  t.same(published, [{ ...BROKER, topic: 'orders', partition: 1, offset: 0n, duration: 250 }])
})

t.test('each way to fail is told with its error', async (t) => {
  const failed = hear(t, 'faststream.message.publish-failed')
  const { transport, producer, publish } = build()
  const refused = publish()
  await t.rejects(publish(), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
  await turn()
  transport.sends[0]?.fail(new SendError('no', 'not-sent', 'refused'))
  await t.rejects(refused, { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' })
  await producer.close()
  await t.rejects(publish(), { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.match(
    failed,
    [
      'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL', 'FASTSTREAM_ERR_PUBLISH_REFUSED', 'FASTSTREAM_ERR_NOT_READY'
    ].map((code) => ({ broker: 'default', topic: 'orders', error: { code } }))
  )
})

t.test('the trace of a publish has one context from its start to its end', async (t) => {
  const trace = hearTrace<MessagePublishContext>(t, 'faststream.message.publish')
  const { transport, publish } = build()
  const done = publish()
  t.same(trace.map(({ phase }) => phase), ['start', 'end'])
  t.match(trace[0]?.context, { broker: 'default', topic: 'orders', partition: 1, headers: [['a', null]] })
  await turn()
  transport.sends[0]?.succeed()
  const stored = await done
  t.same(trace.map(({ phase }) => phase), ['start', 'end', 'asyncStart', 'asyncEnd'])
  t.equal(new Set(trace.map(({ context }) => context)).size, 1)
  t.same(trace[0]?.context.result, stored)
})

t.test('the trace of a publish that fails has its error', async (t) => {
  const trace = hearTrace<MessagePublishContext>(t, 'faststream.message.publish')
  const { transport, publish } = build()
  const done = publish()
  await turn()
  transport.sends[0]?.fail(new SendError('no', 'not-sent', 'refused'))
  await t.rejects(done)
  t.same(trace.map(({ phase }) => phase), ['start', 'end', 'error', 'asyncStart', 'asyncEnd'])
  t.match(trace[0]?.context.error, { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' })
})
