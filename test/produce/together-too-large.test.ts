import t from 'tap'
import { Producer } from '../../lib/produce/producer.js'
import { SendError } from '../../lib/transport/transport.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const settings = { deadline: 1000, queue: { messages: 100, bytes: 100_000 } }

t.test('the last one of a batch that was too large is sent alone, also when the others are over', async (t) => {
  const transport = new FakeProducer()
  const clock = new ManualClock()
  const producer = new Producer(transport, settings, environmentOf(clock))
  const publish = (value: string): Promise<{ offset: bigint }> => producer.publish({
    topic: 'orders', partition: 0, key: null, value: Buffer.from(value), headers: [], timestamp: 1
  })
  const first = publish('first')
  await turn()
  const late = t.rejects(publish('late'), { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT' })
  await clock.advance(500)
  const last = publish('last')
  transport.sends[0]?.succeed()
  await first
  await turn()
  t.same(transport.sent.slice(1), ['orders[0] late', 'orders[0] last'])
  await clock.advance(500)
  await late
  transport.sends[1]?.fail(new SendError('too large', 'not-sent', 'too-large'))
  await turn()
  t.same(transport.sent.slice(3), ['orders[0] last'])
  transport.sends[2]?.succeed()
  t.equal((await last).offset, 1n)
})
