import t from 'tap'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { AckMessage, RejectMessage } from '../../../lib/message/ack.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { retry, build } from '../../support/pipeline-fixture.js'

t.test('a handler that had its time has failed, whatever it returns, and is run again when it has ended', async (t) => {
  const ends = [gate(), gate()]
  const signals: AbortSignal[] = []
  const { clock, run, failures, log } = build({
    handlerTimeout: 1000,
    handle: async ({ attempt, signal }) => {
      signals.push(signal)
      await ends[attempt - 1]?.opened
      if (attempt === 2) throw new Error('stopped half-way')
    }
  })
  const settled = run()
  await clock.advance(1000)
  t.match(signals[0]?.reason, { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' })
  await clock.advance(5000)
  t.equal(signals.length, 1, 'it does not overlap with itself')
  ends[0]?.open()
  await clock.advance(100)
  t.match(failures, [{ stage: 'handler', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  await clock.advance(1000)
  ends[1]?.open()
  await clock.advance(200)
  t.match(
    failures[1], { error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }, 'what it throws then is not why it failed'
  )
  t.equal(await settled, 'settled', 'the third one is in time')
  t.equal(log.lines.filter((line) => line.includes('has had its time')).length, 2)
})

t.test('a handler that was given up leaves its message unsettled, and has not failed', async (t) => {
  for (const how of ['returns', 'throws']) {
    const { opened, open } = gate()
    const { pipeline, run, failures, dead } = build({
      handle: async () => { await opened; if (how === 'throws') throw new Error('aborted') }
    })
    const settled = run()
    await turn()
    pipeline.giveUp('the app closes')
    open()
    t.equal(await settled, 'unsettled', how)
    t.same([failures, dead], [[], []])
  }
})

t.test('a message that is given up during its clean-up stays unsettled', async (t) => {
  const cases: Array<[title: string, overrides: Partial<SubscriberPlan<Delivery>>]> = [
    ['it succeeded', { handle: () => 'result' }],
    ['it failed', { handle: () => { throw new Error('no') } }],
    ['it rejected its message', { handle: () => { throw new RejectMessage() } }],
    ['it is done', { handle: () => { throw new AckMessage() } }],
    ['it decides later', { handle: () => {}, ackPolicy: 'MANUAL' }]
  ]
  for (const [title, overrides] of cases) {
    const { opened, open } = gate()
    const prepared: unknown[] = []
    const { clock, pipeline, run, failures, dead } = build({
      retry: { ...retry, retries: 0 },
      release: () => opened,
      prepare: (result) => { prepared.push(result); return [] },
      ...overrides
    })
    const settled = run()
    await turn()
    pipeline.giveUp('the app closes')
    open()
    await turn()
    t.equal(await Promise.race([settled, 'it still waits']), 'unsettled', title)
    t.same([prepared, failures, dead, clock.waiting], [[], [], [], 0])
  }
})
