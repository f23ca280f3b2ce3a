import t from 'tap'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { AttemptMoments, SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { AckMessage, NackMessage, RejectMessage, SkipMessage, StopConsume } from '../../../lib/message/ack.js'
import { hear } from '../../support/hear.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { build as buildPipeline, retry } from '../../support/pipeline-fixture.js'

const WITHOUT_RETRIES = { ...retry, retries: 0 }

/** A pipeline with code around each attempt, and what that code and the handler have seen. */
function build (
  moments: (delivery: Delivery) => Partial<AttemptMoments>, overrides: Partial<SubscriberPlan<Delivery>> = {}
) {
  const seen: string[] = []
  const pipeline = buildPipeline({
    handlerTimeout: 1000,
    retry: WITHOUT_RETRIES,
    decode: (delivery) => { seen.push('decode'); return delivery },
    ...overrides,
    handle: async (delivery) => {
      seen.push(`handler ${delivery.attempt}`)
      return await overrides.handle?.(delivery)
    },
    around: (delivery) => {
      const { received, processed } = moments(delivery)
      return {
        received: async () => { await received?.() },
        processed: async (error) => {
          seen.push(`processed ${error?.message}`)
          await processed?.(error)
        }
      }
    }
  })
  return { ...pipeline, seen }
}

t.test('code before the handler that takes too long fails its attempt: the handler does not run', async (t) => {
  const { opened, open } = gate()
  const { run, clock, seen, dead, failures, pipeline } = build(() => ({ received: () => opened }))
  const ended = run()
  await clock.advance(1000)
  t.equal([...pipeline.late].length, 1)
  open()
  t.equal(await ended, 'settled')
  t.match(failures, [{ stage: 'retries-exhausted', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.equal(dead.length, 1)
  t.same(seen, ['processed ' + failures[0]?.error.message], 'nothing is decoded or handled')
})

t.test('code behind the handler that takes too long fails its attempt', async (t) => {
  const { opened, open } = gate()
  const { run, clock, dead, failures, settles } = build(() => ({ processed: () => opened }))
  const ended = run()
  await clock.advance(1000)
  t.same([dead, settles], [[], []], 'its message waits until it ends')
  open()
  t.equal(await ended, 'settled')
  t.match(failures, [{ stage: 'retries-exhausted', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.equal(dead.length, 1)
})

t.test('code behind a handler that took too long gets no time of its own', async (t) => {
  const [handler, after] = [gate(), gate()]
  const { run, clock, log, pipeline } = build(() => ({ processed: () => after.opened }), {
    handle: () => handler.opened
  })
  const ended = run()
  await clock.advance(1000)
  handler.open()
  await clock.advance(5000)
  t.equal(log.lines.filter((line) => line.includes('has had its time')).length, 1)
  pipeline.giveUp('its partition is revoked')
  after.open()
  t.equal(await ended, 'unsettled', 'what is given up meanwhile has no consequence')
})

t.test('code that takes too long behind a handler that has thrown changes nothing', async (t) => {
  const fails = (): never => { throw new Error('no') }
  for (const [handle, stages, isDecided] of [
    [async () => fails(), ['retries-exhausted'], false],
    [async (delivery: Delivery) => { delivery.decide({ kind: 'ack' }); fails() }, [], true]
  ] as const) {
    const { opened, open } = gate()
    const { run, clock, log, failures, dead } = build(() => ({ processed: () => opened }), { handle })
    const ended = run()
    await clock.advance(1000)
    open()
    t.equal(await ended, 'settled')
    t.same([failures.map(({ stage }) => stage), dead.length], [stages, stages.length])
    t.equal(log.lines.filter((line) => line.includes('decided already')).length, isDecided ? 1 : 0)
  }
})

t.test('a failure whose message is given up while the code behind its handler runs has no consequence', async (t) => {
  for (const [error, outcome] of [[new Error('no'), 'unsettled'], [new StopConsume(), 'stop']] as const) {
    const { opened, open } = gate()
    const { run, pipeline, dead, settles } = build(() => ({ processed: () => opened }), {
      handle: () => { throw error }
    })
    const ended = run()
    await turn()
    pipeline.giveUp('its partition is revoked')
    open()
    t.equal(await ended, outcome, 'but a subscriber that its handler stops is stopped')
    t.same([dead, settles], [[], []])
  }
})

t.test('code behind the handler gets the error of the attempt', async (t) => {
  const [error, decided] = [new Error('no'), new Error('after that')]
  for (const [handle, said] of [
    [async () => {}, 'undefined'],
    [async () => { throw error }, 'no'],
    [async (delivery: Delivery) => { delivery.decide({ kind: 'ack' }); throw decided }, 'after that'],
    [async () => { throw new StopConsume() }, new StopConsume().message]
  ] as const) {
    const { run, seen } = build(() => ({}), { handle })
    await run()
    t.same(seen, ['decode', 'handler 1', `processed ${said}`])
  }
})

t.test('code around an attempt may decide about its message as a handler does', async (t) => {
  for (const moment of ['received', 'processed'] as const) {
    for (const [thrown, outcome, settlement, stages] of [
      [new AckMessage(), 'settled', undefined, []],
      [new SkipMessage(), 'settled', 'skipped', []],
      [new RejectMessage('no'), 'settled', 'dead-lettered', ['rejected']],
      [new Error('no'), 'settled', 'dead-lettered', ['retries-exhausted']],
      [new StopConsume(), 'stop', moment === 'received' ? undefined : 'acknowledged', []]
    ] as const) {
      const ended = hear(t, 'faststream.message.ended')
      const { run, slot, failures } = build(() => ({ [moment]: async () => { throw thrown } }))
      t.equal(await run(), outcome, `${moment} ${thrown.name}`)
      t.same([slot.settlement, failures.map(({ stage }) => stage)], [settlement, stages], `${moment} ${thrown.name}`)
      if (outcome === 'stop') t.match(ended, [{ outcome: 'stop', error: thrown }])
    }
    const { run, clock, seen, dead } = build(({ attempt }) => ({
      [moment]: async () => { if (attempt === 1) throw new NackMessage({ delay: 70 }) }
    }))
    const ended = run()
    await clock.advance(70)
    t.equal(await ended, 'settled')
    t.same([seen.at(-2), dead], ['handler 2', []], moment)
  }
})

t.test('an attempt that is given up before its handler, or behind it, leaves its message unsettled', async (t) => {
  for (const moment of ['received', 'processed'] as const) {
    for (const how of ['returns', 'throws']) {
      const ended = hear(t, 'faststream.message.ended')
      const { opened, open } = gate()
      const { run, pipeline, dead, failures, settles } = build(() => ({
        [moment]: async () => { await opened; if (how === 'throws') throw new Error('no') }
      }))
      const outcome = run()
      await turn()
      pipeline.giveUp('its partition is revoked')
      open()
      t.equal(await outcome, 'unsettled', `${moment} ${how}`)
      t.same([dead, failures, settles], [[], [], []])
      t.match(ended, [{ outcome: 'unsettled', error: { code: 'FASTSTREAM_ERR_HANDLER_ABORTED' } }])
    }
  }
})

t.test('an error behind a handler that has rejected its message is logged, and the decision stands', async (t) => {
  const { run, log, dead, failures } = build(() => ({ processed: async () => { throw new Error('after that') } }), {
    handle: async (delivery) => { delivery.decide({ kind: 'reject', error: new RejectMessage('no') }) }
  })
  t.equal(await run(), 'settled')
  t.match(failures, [{ stage: 'rejected', error: { message: 'no' } }])
  t.equal(dead.length, 1)
  t.equal(log.lines[0], 'error handler failed when it had decided already: that stands')
})

t.test('a decision that comes when the code around its attempt has thrown is too late', async (t) => {
  let attempt: Delivery | undefined
  const { run, dead } = build((delivery) => {
    attempt = delivery
    return { received: async () => { throw new Error('no') } }
  })
  t.equal(await run(), 'settled')
  t.same([attempt?.decide({ kind: 'ack' }), dead.length], [false, 1])
})

t.test('what is created for a message is cleaned up with the failure of its handler, and only with that', async (t) => {
  const [error, rejected] = [new Error('no'), new RejectMessage('no')]
  for (const [handle, failure] of [
    [async () => {}, undefined],
    [async () => { throw new AckMessage() }, undefined],
    [async (delivery: Delivery) => { delivery.decide({ kind: 'ack' }) }, undefined],
    [async (delivery: Delivery) => { delivery.decide({ kind: 'ack' }); throw new StopConsume() }, undefined],
    [async () => { throw new StopConsume() }, { error: new StopConsume() }],
    [async () => { throw error }, { error }],
    [async (delivery: Delivery) => { delivery.decide({ kind: 'reject', error: rejected }) }, { error: rejected }]
  ] as const) {
    const released: unknown[] = []
    const { run } = buildPipeline({
      retry: WITHOUT_RETRIES, handle, release: (_, failure) => { released.push(failure?.error); return undefined }
    })
    await run()
    t.match(released, [failure?.error])
  }
})

t.test('a clean-up that fails fails its attempt, unless the handler has failed', async (t) => {
  for (const [handle, message] of [
    [async () => {}, 'clean-up'], [async () => { throw new Error('handler') }, 'handler']
  ] as const) {
    const { run, dead, failures } = buildPipeline({
      retry: WITHOUT_RETRIES, handle, release: async () => { throw new Error('clean-up') }
    })
    t.equal(await run(), 'settled')
    t.match(failures, [{ stage: 'retries-exhausted', error: { message } }])
    t.equal(dead.length, 1)
  }
})

t.test('a decision by hand may come before the handler returns, during the clean-up, and later', async (t) => {
  for (const moment of ['before', 'during', 'later'] as const) {
    const released = gate()
    let waits = 0
    let failure: unknown = 'none'
    let decide!: () => void
    const { run, slot } = buildPipeline({
      ackPolicy: 'MANUAL',
      handle: async (delivery) => {
        decide = () => { delivery.decide({ kind: 'ack' }) }
        if (moment === 'before') decide()
      },
      release: (_, given) => { failure = given; return released.opened }
    })
    Object.assign(slot, { awaitsDecision: () => { waits++ } })
    const ended = run()
    await turn()
    if (moment === 'during') decide()
    released.open()
    await turn()
    if (moment === 'later') decide()
    t.equal(await ended, 'settled')
    t.same([waits, failure], [moment === 'later' ? 1 : 0, undefined], moment)
  }
})
