import t from 'tap'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_PUBLISH_REFUSED } from '../../../lib/errors.js'
import { turn } from '../../support/manual-clock.js'
import { prepared } from '../../support/prepared.js'
import { retry, build, policies } from '../../support/pipeline-fixture.js'

t.test('ACK_FIRST settles before the handler, and a failure is only logged', async (t) => {
  const order: string[] = []
  const { run, settles, dead, failures, log, pipeline } = build({
    ackPolicy: 'ACK_FIRST', handle: () => { order.push(...settles); throw new Error('no') }
  })
  t.equal(await run(), 'settled')
  t.equal(order[0], 'settled')
  t.same([settles.length, dead, failures], [1, [], []])
  t.same(log.lines, ['error handler failed when it had decided already: that stands'])
  t.match(pipeline.lastError, { error: { message: 'no' } }, 'health() tells it as well')
})

t.test('ACK settles also when the handler failed, which is logged', async (t) => {
  let runs = 0
  const { run, dead, failures, log } = build({
    ackPolicy: 'ACK', handle: async () => { runs++; throw new Error('no') }
  })
  t.equal(await run(), 'settled')
  t.same([runs, dead], [1, []])
  t.match(failures, [{ stage: 'retries-exhausted' }])
  t.same(log.lines, ['error handler failed, and its message is settled all the same'])
})

t.test('NACK_ON_ERROR and MANUAL run a handler that throws again, for as long as retryOn says', async (t) => {
  for (const ackPolicy of ['NACK_ON_ERROR', 'MANUAL'] as const) {
    let runs = 0
    const { clock, run, dead } = build({
      ackPolicy,
      retry: { ...retry, retryOn: (error) => (error as Error).message !== 'for good' },
      handle: async () => { throw new Error(++runs < 20 ? 'no' : 'for good') }
    })
    const settled = run()
    await clock.advance(60_000)
    t.equal(await settled, 'settled')
    t.same([runs, dead.length], [20, 1], ackPolicy)
  }
})

t.test('what cannot be decoded is a dead letter under every policy', async (t) => {
  for (const ackPolicy of policies) {
    const { run, dead } = build({ ackPolicy, decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no') } })
    t.equal(await run(), 'settled')
    t.equal(dead.length, 1, ackPolicy)
  }
})

t.test('a result that is refused is a dead letter, unless failures are only logged', async (t) => {
  for (const ackPolicy of policies) {
    const refused = prepared('results', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('results', 'no') })
    const { run, dead } = build({
      ackPolicy,
      handle: () => 1,
      prepare: () => [refused],
      release: (delivery) => { delivery.decide({ kind: 'ack' }); return undefined }
    })
    t.equal(await run(), 'settled')
    t.equal(dead.length, ackPolicy.startsWith('ACK') ? 0 : 1, ackPolicy)
  }
})

t.test('MANUAL waits for the decision, also when the handler has ended', async (t) => {
  const results: unknown[] = []
  let delivery!: Delivery
  const { run } = build({
    ackPolicy: 'MANUAL',
    handle: (given) => { delivery = given; return 'result' },
    prepare: (result) => { results.push(result); return [] }
  })
  let settled: unknown
  const ran = run().then((outcome) => { settled = outcome })
  await turn()
  t.same([settled, results], [undefined, []])
  t.equal(delivery.decide({ kind: 'ack' }), true)
  t.equal(delivery.decide({ kind: 'ack' }), false)
  await ran
  t.same([settled, results], ['settled', ['result']])
})

t.test('MANUAL without a decision in time is retried, and one that is given up is not settled', async (t) => {
  const deliveries: Delivery[] = []
  const { clock, run, failures, pipeline } = build({
    ackPolicy: 'MANUAL', handlerTimeout: 1000, handle: (delivery) => { deliveries.push(delivery) }
  })
  const settled = run()
  await clock.advance(1000)
  t.match(failures, [{ stage: 'handler', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.equal(deliveries[0]?.decide({ kind: 'ack' }), false, 'that is too late')
  await clock.advance(100)
  t.equal(deliveries.length, 2)
  pipeline.giveUp('its partition is no longer ours')
  t.equal(await settled, 'unsettled')
  t.equal(deliveries[1]?.decide({ kind: 'ack' }), false)
})
