import t from 'tap'
import { systemClock } from '../../lib/clock.js'
import { endsOf } from '../../lib/dead-letters/log-reader.js'
import { hindered } from '../support/hindered-transport.js'
import { ManualClock } from '../support/manual-clock.js'
import { build } from '../support/memory-transport.js'

t.test('a cluster that does not answer is told, and its consumer is closed', async (t) => {
  const { transport } = await build(t)
  const clock = new ManualClock()
  let closed = 0
  const silent = hindered(transport, (consumer) => {
    const { close } = consumer
    consumer.start = () => new Promise(() => {})
    consumer.close = async () => {
      closed++
      await close.call(consumer)
    }
  })
  const ends = endsOf({ transport: silent, clock }, ['orders'])
  const refused = t.rejects(ends, { code: 'FASTSTREAM_ERR_DEAD_LETTERS', message: /no answer within 10 s/ })
  await clock.advance(10_000)
  await refused
  t.equal(closed, 1)
})

t.test('a consumer that failed for good ends the wait, and one that tries again does not', async (t) => {
  const { transport } = await build(t)
  const failing = (again: false | undefined) => hindered(transport, (consumer, listener) => {
    const { start } = consumer
    consumer.start = async () => {
      listener.failed(new Error('no broker'), again)
      if (again === false) await new Promise(() => {})
      await start.call(consumer)
    }
  })
  await t.rejects(endsOf({ transport: failing(false), clock: systemClock }, ['orders']), {
    code: 'FASTSTREAM_ERR_DEAD_LETTERS', cause: { message: 'no broker' }
  })
  t.equal((await endsOf({ transport: failing(undefined), clock: systemClock }, ['orders'])).length, 2)
})

t.test('topics that the cluster does not describe are told by their names, and the cause is kept apart', async (t) => {
  const { transport } = await build(t)
  const cause = new Error('10.0.0.1:9092 is gone')
  const refusing = { ...transport, describeTopics: async () => { throw cause } }
  const ends = endsOf({ transport: refusing, clock: systemClock }, ['orders', 'payments'])
  await t.rejects(ends, { code: 'FASTSTREAM_ERR_DEAD_LETTERS', message: /orders, payments(?!.*10\.0\.0\.1)/, cause })
})
