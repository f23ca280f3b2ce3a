import t from 'tap'
import {
  AckMessage, NackMessage, RejectMessage, SkipMessage, StopConsume, type Decision
} from '../../../lib/message/ack.js'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { FailurePolicy, type Verdict } from '../../../lib/consume/pipeline/failure-policy.js'
import { Pipeline } from '../../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import type { Outcome } from '../../../lib/consume/pipeline/outcome.js'
import type { Outgoing } from '../../../lib/message/outgoing.js'
import type { Producer } from '../../../lib/produce/producer.js'
import { environmentOf } from '../../support/environment.js'
import { hear } from '../../support/hear.js'
import { gate } from '../../support/inbox.js'
import { logLines } from '../../support/log-lines.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { build as buildPipeline, retry } from '../../support/pipeline-fixture.js'
import { prepared } from '../../support/prepared.js'
import { record } from '../../support/record.js'
import { SUBSCRIBER } from '../../support/subscriber-plan.js'

/** A pipeline whose message is text. */
function build (overrides: Partial<SubscriberPlan<string>> = {}, policy?: FailurePolicy) {
  const clock = new ManualClock()
  const log = logLines()
  const dead: Outgoing[] = []
  const refusals: Error[] = []
  const producer = {
    publish: async (outgoing: Outgoing) => {
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      dead.push(outgoing)
    }
  } as unknown as Producer
  const plan: SubscriberPlan<string> = {
    ...SUBSCRIBER,
    handlerTimeout: 1000,
    decode: ({ record }) => String(record.value),
    handle: () => undefined,
    release: () => undefined,
    prepare: () => [],
    ...overrides
  }
  const pipeline = new Pipeline(plan, producer, environmentOf(clock, log), policy)
  const waits: boolean[] = []
  const slot = { wait: async () => waits.shift() ?? true, hold: async () => true, settle: () => {} }
  const run = (value = 'text'): Promise<Outcome> => pipeline.run(new Delivery('orders', 0, record(7, value)), slot)
  return { clock, log, dead, refusals, waits, plan, pipeline, run }
}

t.test('a decode that returns a promise is awaited, and the handler gets what it resolves to', async (t) => {
  const handled: string[] = []
  const { run } = build({
    decode: async ({ record }) => `decoded ${record.value}`, handle: (message) => { handled.push(message) }
  })
  t.equal(await run(), 'settled')
  t.same(handled, ['decoded text'])
})

t.test('a decode that returns no promise is not awaited: the handler runs in the same turn', async (t) => {
  const handled: string[] = []
  const { run } = build({ handle: (message) => { handled.push(message) } })
  const done = run()
  t.same(handled, ['text'])
  await done
})

t.test('a decode that rejects makes its message a dead letter', async (t) => {
  const { run, dead } = build({ decode: async () => { throw new Error('no schema') } })
  t.equal(await run(), 'settled')
  t.match(dead[0]?.headers.find(([name]) => name === 'x-dlq-stage')?.[1]?.toString(), 'deserialize')
})

t.test('a decode that exceeds the handler time-out has failed, even if it resolves later', async (t) => {
  const { opened, open } = gate()
  let handled = false
  const { run, dead, clock, pipeline } = build({
    decode: async () => { await opened; return 'late' }, handle: () => { handled = true }
  })
  const done = run()
  await clock.advance(1000)
  t.equal([...pipeline.late].length, 1)
  open()
  t.equal(await done, 'settled')
  t.same([handled, dead.length], [false, 1])
})

t.test('a decode that rejects with an error of its own when it is aborted is tried again', async (t) => {
  let decodes = 0
  const { run, dead, clock, plan } = build({
    retry: { ...retry, retries: 1 },
    decode: async ({ signal }) => {
      if (++decodes === 2) return 'in time'
      await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
      throw new Error('the registry did not answer')
    }
  })
  const done = run()
  await clock.advance(1000 + plan.retry.delay)
  t.equal(await done, 'settled')
  t.same([decodes, dead], [2, []])
})

t.test('a codec may decide about its message as a handler does', async (t) => {
  for (const [thrown, settlement, letters] of [
    [new AckMessage(), undefined, 0],
    [new SkipMessage(), 'skipped', 0],
    [new RejectMessage('no'), 'dead-lettered', 1]
  ] as const) {
    const { run, slot, dead, failures } = buildPipeline({ decode: () => { throw thrown } })
    t.equal(await run(), 'settled')
    t.same([slot.settlement, dead.length], [settlement, letters], thrown.name)
    t.same(failures.map(({ stage }) => stage), letters === 0 ? [] : ['rejected'])
  }
  let decodes = 0
  const { run, clock, dead } = buildPipeline({
    decode: (delivery) => {
      if (++decodes === 1) throw new NackMessage({ delay: 70 })
      return delivery
    }
  })
  const done = run()
  await clock.advance(70)
  t.equal(await done, 'settled')
  t.same([decodes, dead], [2, []])
})

t.test('a decode that is given up leaves its message unsettled', async (t) => {
  const { opened, open } = gate()
  const { run, dead, pipeline } = build({ decode: async () => { await opened; return 'late' } })
  const done = run()
  await turn()
  pipeline.giveUp('the app closes')
  open()
  t.equal(await done, 'unsettled')
  t.same(dead, [])
})

t.test('a policy may forward a message: it is settled once the cluster has stored it', async (t) => {
  const outgoing: Outgoing = { topic: 'orders.retry', key: null, value: Buffer.from('text'), headers: [], timestamp: 1 }
  class Forwarding extends FailurePolicy {
    override thrown (): Verdict {
      return { stage: 'handler', consequence: { kind: 'forward', outgoing: () => outgoing } }
    }
  }
  const plan = { handle: () => { throw new Error('no') } }
  const forwarding = build(plan, new Forwarding(build(plan).plan, () => {}))
  forwarding.refusals.push(new Error('not now'))
  t.equal(await forwarding.run(), 'settled')
  t.same(forwarding.dead, [outgoing])
  t.same(forwarding.log.lines, ['warn the forwarded message could not be published, it will be tried again'])

  forwarding.refusals.push(new Error('not now'))
  forwarding.waits.push(false)
  t.equal(await forwarding.run(), 'unsettled', 'its lane was halted meanwhile')
})

t.test('a handler that stops its subscriber settles its message only if it had acknowledged it', async (t) => {
  for (const decides of [undefined, 'ack', 'nack'] as const) {
    const settles: string[] = []
    const plan: Partial<SubscriberPlan<Delivery>> = {
      decode: (delivery) => delivery,
      handle: (delivery) => {
        if (decides === 'ack') delivery.decide({ kind: 'ack' })
        if (decides === 'nack') delivery.decide({ kind: 'nack', error: new Error('again'), delay: 0 })
        throw new StopConsume()
      }
    }
    const pipeline = new Pipeline(
      { ...build().plan, ...plan } as SubscriberPlan<Delivery>, {} as Producer, environmentOf(new ManualClock())
    )
    const outcome = await pipeline.run(new Delivery('orders', 0, record(7)), {
      wait: async () => true, hold: async () => true, settle: () => { settles.push('settled') }
    })
    t.equal(outcome, 'stop')
    t.same(settles, decides === 'ack' ? ['settled'] : [], String(decides))
  }
})

t.test('a handler that has ended is not late, however long its result is on its way', async (t) => {
  const { opened, open } = gate()
  const { run, clock, log, pipeline } = buildPipeline({
    handlerTimeout: 1000,
    handle: async () => 'result',
    prepare: () => [prepared('out', async () => { await opened; return { topic: 'out', partition: 0, offset: 0n } })]
  })
  const done = run()
  await clock.advance(5000)
  t.same([[...pipeline.late], log.lines], [[], []])
  open()
  t.equal(await done, 'settled')
})

t.test('the end of an attempt tells the error of a handler that threw when it had decided', async (t) => {
  const ended = hear(t, 'faststream.message.ended')
  const error = new Error('after that')
  const thrown = buildPipeline({ handle: async (delivery) => { delivery.decide({ kind: 'ack' }); throw error } })
  t.equal(await thrown.run(), 'settled')
  t.equal(await buildPipeline().run(), 'settled')
  t.match(ended, [{ outcome: 'settled', error }, { outcome: 'settled', error: undefined }])
})

t.test('a plan that overlaps treats a message without one before it as any other', async (t) => {
  const failing = buildPipeline({
    overlaps: true, retry: { ...retry, retries: 0 }, handle: () => { throw new Error('no') }
  })
  t.equal(await failing.run(), 'settled')
  t.equal(failing.dead.length, 1)
  const silent = buildPipeline({ overlaps: true })
  t.equal(await silent.run(), 'settled')
  t.same(silent.dead, [])
  const { outgoing } = prepared('out', async () => { throw new Error('it has a sender of its own') })
  const stored = async () => ({ topic: 'out', partition: 0, offset: 0n })
  const answering = buildPipeline({
    overlaps: true,
    handle: () => 'result',
    prepare: () => [{
      outgoing, sender: { send: async (_, sending) => { sending?.queued?.(); return await stored() } }
    }]
  })
  t.equal(await answering.run(), 'settled')
  t.same(answering.dead, [])
})

t.test('a message is completed with the error of a handler that threw when it had acknowledged it', async (t) => {
  const completed = hear(t, 'faststream.message.completed')
  const error = new Error('after that')
  const decisions: Decision[] = [{ kind: 'ack' }, { kind: 'reject', error: new RejectMessage('no') }]
  for (const decision of decisions) {
    const { run } = buildPipeline({ handle: async (delivery) => { delivery.decide(decision); throw error } })
    t.equal(await run(), 'settled')
  }
  t.same(completed.map(({ outcome, error }) => [outcome, error]), [
    ['acknowledged', error], ['dead-lettered', undefined]
  ])
})
