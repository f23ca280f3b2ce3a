import t from 'tap'
import { RejectMessage, SkipMessage, StopConsume } from '../../lib/message/ack.js'
import { Group } from '../../lib/consume/group/group.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import { FailurePolicy, type Verdict } from '../../lib/consume/pipeline/failure-policy.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { Producer } from '../../lib/produce/producer.js'
import { GenerationLostError } from '../../lib/transport/transport.js'
import type { MessageProcessContext } from '../../types/index.js'
import { BROKER, environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { gate } from '../support/inbox.js'
import { hear, hearTrace } from '../support/hear.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { prepared } from '../support/prepared.js'
import { record } from '../support/record.js'
import { planOf, SUBSCRIBER } from '../support/subscriber-plan.js'

const settings = {
  buffer: { messages: 100, bytes: 100_000 },
  commit: { interval: 1000, count: 100 },
  revokeDrain: 5000,
  sessionTimeout: 30_000,
  rebalanceTimeout: 60_000
}
const group = { ...BROKER, groupId: 'shop' }

/** A group of one subscriber with a real pipeline. */
function build (
  overrides: Partial<SubscriberPlan<Delivery>> = {}, policyOf?: (plan: SubscriberPlan<Delivery>) => FailurePolicy
) {
  const clock = new ManualClock()
  const environment = environmentOf(clock)
  const retry = { ...SUBSCRIBER.retry, retries: 1 }
  const plan = planOf({ ordering: 'none', concurrency: 4, retry, ...overrides })
  const producer = { publish: async () => {} } as unknown as Producer
  const pipeline = new Pipeline(plan, producer, environment, policyOf?.(plan))
  let consumer!: FakeConsumer
  const made = new Group(
    'shop',
    [pipeline],
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environment, settings }
  )
  made.dispatch()
  const assign = (): void => { made.assigned([{ topic: 'orders', partition: 0 }]) }
  const receive = (...offsets: number[]): void => {
    made.records(
      'orders',
      0,
      offsets.map((offset) => record(offset, 'v', { headers: [['tenant', Buffer.from('a')]] })),
      BigInt(offsets.at(-1)! + 1)
    )
  }
  return { clock, group: made, consumer, assign, receive }
}

function place (offset: number) {
  return { ...group, subscriber: 'take', topic: 'orders', partition: 0, offset: BigInt(offset) }
}

t.test('attempts, failures, retries and the dead letter of a message are told', async (t) => {
  const [started, failed, retried] = [
    hear(t, 'faststream.message.started'), hear(t, 'faststream.message.failed'), hear(t, 'faststream.message.retried')
  ]
  const [deadLettered, settled] = [hear(t, 'faststream.message.dead-lettered'), hear(t, 'faststream.message.settled')]
  const error = new Error('no')
  const { clock, assign, receive } = build({ handle: () => { throw error } })
  assign()
  receive(7)
  await clock.advance(100)
  t.same(started, [{ ...place(7), attempt: 1 }, { ...place(7), attempt: 2 }])
  t.same(failed, [
    { ...place(7), attempt: 1, stage: 'handler', error }, { ...place(7), attempt: 2, stage: 'retries-exhausted', error }
  ])
  t.same(retried, [{ ...place(7), attempt: 1, delay: 100, error }])
  t.same(deadLettered, [{ ...place(7), attempt: 2, stage: 'retries-exhausted', error, deadLetterTopic: 'orders.dlq' }])
  t.same(settled, [{ ...place(7), outcome: 'dead-lettered', duration: 100 }])
})

t.test('a settled message tells its outcome, once', async (t) => {
  class Forwarding extends FailurePolicy {
    override thrown (): Verdict {
      return {
        stage: 'handler',
        consequence: {
          kind: 'forward',
          outgoing: () => ({ topic: 'orders.retry', key: null, value: null, headers: [], timestamp: 1 })
        }
      }
    }
  }
  const fails = { handle: () => { throw new Error('no') } }
  const cases = [
    ['acknowledged', build()],
    ['acknowledged', build({ ackPolicy: 'ACK_FIRST' })],
    ['acknowledged', build({ ackPolicy: 'ACK', ...fails })],
    ['skipped', build({ handle: () => { throw new SkipMessage() } })],
    ['dead-lettered', build({ handle: () => { throw new RejectMessage('no') } })],
    ['discarded', build({ deadLetterTopic: () => undefined, handle: () => { throw new RejectMessage('no') } })],
    ['forwarded', build(fails, (plan) => new Forwarding(plan, () => {}))]
  ] as const
  for (const [outcome, { assign, receive }] of cases) {
    const settled = hear(t, 'faststream.message.settled')
    assign()
    receive(0)
    await turn()
    t.same(settled, [{ ...place(0), outcome, duration: 0 }])
  }
})

t.test('an unsettled message has its event, also after its partition was revoked', async (t) => {
  const [settled, unsettled] = [hear(t, 'faststream.message.settled'), hear(t, 'faststream.message.unsettled')]
  const ends = [gate(), gate()]
  const { group, assign, receive } = build({
    handle: async ({ record: { offset } }) => { await ends[Number(offset)]?.opened }
  })
  assign()
  receive(0, 1)
  ends[0]?.open()
  await turn()
  group.lost()
  ends[1]?.open()
  await turn()
  t.match(settled, [place(0)])
  t.same(unsettled, [place(1)])

  const stopped = build({ handle: () => { throw new StopConsume() } })
  stopped.assign()
  stopped.receive(5)
  await turn()
  t.same(unsettled[1], place(5))
})

t.test('a message whose partition is revoked while its result is published is not settled', async (t) => {
  const [settled, unsettled] = [hear(t, 'faststream.message.settled'), hear(t, 'faststream.message.unsettled')]
  const { opened, open } = gate()
  const send = async () => { await opened; return { topic: 'invoices', partition: 0, offset: 0n } }
  const { group, assign, receive } = build({ handle: () => 'result', prepare: () => [prepared('invoices', send)] })
  assign()
  receive(0)
  await turn()
  group.lost()
  open()
  await turn()
  t.same([settled, unsettled], [[], [place(0)]])
})

t.test('a message that is acknowledged before StopConsume is settled and has no unsettled event', async (t) => {
  const [settled, unsettled] = [hear(t, 'faststream.message.settled'), hear(t, 'faststream.message.unsettled')]
  const { assign, receive } = build({
    handle: (delivery) => { delivery.decide({ kind: 'ack' }); throw new StopConsume() }
  })
  assign()
  receive(0)
  await turn()
  t.match([settled, unsettled], [[{ ...place(0), outcome: 'acknowledged' }], []])
})

t.test('a handler that exceeds its time is told', async (t) => {
  const late = hear(t, 'faststream.message.late')
  const { opened, open } = gate()
  const { clock, assign, receive } = build({ handlerTimeout: 1000, handle: async () => { await opened } })
  assign()
  receive(3)
  await clock.advance(1000)
  t.same(late, [{ ...place(3), attempt: 1, timeout: 1000 }])
  open()
})

t.test('records that arrive are told together', async (t) => {
  const received = hear(t, 'faststream.message.received')
  const { assign, receive, group: made } = build()
  assign()
  receive(3, 4, 9)
  made.records('others', 0, [record(1)], 2n)
  t.same(received, [{ ...group, topic: 'orders', partition: 0, count: 3, position: 10n }])
})

t.test('a commit is told with its duration, and why it failed', async (t) => {
  const committed = hear(t, 'faststream.group.committed')
  const { clock, consumer, assign, receive } = build()
  const [error, lost] = [new Error('no coordinator'), new GenerationLostError('over')]
  consumer.outcomes.push(() => new Promise((resolve) => { clock.schedule(300, resolve) }), error, lost)
  assign()
  receive(0)
  await clock.advance(1300)
  const offsetsTo = (offset: bigint) => ({ ...group, offsets: [{ topic: 'orders', partition: 0, offset }] })
  t.same(committed, [{ ...offsetsTo(1n), duration: 300, error: undefined }])
  receive(1)
  await clock.advance(2000)
  t.same(committed.slice(1), [{ ...offsetsTo(2n), duration: 0, error }, { ...offsetsTo(2n), duration: 0, error: lost }])
})

t.test('a rebalance is told with its reason, its duration and what is assigned', async (t) => {
  const rebalanced = hear(t, 'faststream.group.rebalanced')
  const { clock, group: made, assign } = build()
  const partitions = [{ topic: 'orders', partition: 0 }]
  await made.start()
  await clock.advance(40)
  assign()
  await made.revoking()
  await clock.advance(50)
  assign()
  made.lost()
  await clock.advance(60)
  assign()
  await made.revoking()
  await clock.advance(10)
  made.lost()
  await clock.advance(10)
  made.assigned([])
  assign()
  t.same(rebalanced, [
    { ...group, reason: 'joined', duration: 40, partitions },
    { ...group, reason: 'revoked', duration: 50, partitions },
    { ...group, reason: 'lost', duration: 60, partitions },
    { ...group, reason: 'lost', duration: 20, partitions: [] },
    { ...group, reason: 'revoked', duration: 0, partitions }
  ])
})

t.test('a drain that takes too long is told with what is unsettled', async (t) => {
  const drainTimedOut = hear(t, 'faststream.group.drain-timed-out')
  const { opened, open } = gate()
  const { clock, group: made, assign, receive } = build({ handle: async () => { await opened } })
  assign()
  receive(4, 5)
  const unsettled = [{ topic: 'orders', partition: 0, offset: 4n }]
  const drained = made.revoking()
  await clock.advance(5000)
  await drained
  const closed = made.close(1000)
  await clock.advance(5000)
  await closed
  t.same(drainTimedOut, [
    { ...group, reason: 'rebalance', timeout: 3750, unsettled }, { ...group, reason: 'close', timeout: 750, unsettled }
  ])
  open()
})

t.test('a subscriber that its handler stops is told', async (t) => {
  const stopped = hear(t, 'faststream.subscriber.stopped')
  const { assign, receive } = build({ handle: () => { throw new StopConsume() } })
  assign()
  receive(0)
  await turn()
  t.same(stopped, [{ ...group, subscriber: 'take', topics: ['orders'] }])
})

t.test('a partition that is not read any further is told, and an offset that is not in the log', async (t) => {
  const [stopped, reset] = [hear(t, 'faststream.partition.stopped'), hear(t, 'fastify-faststream:offset-reset')]
  const { group: made, assign } = build()
  const error = new Error('no CRC')
  const at = { topic: 'orders', partition: 0 }
  assign()
  made.corrupt('orders', 0, { offset: 7n, nextOffset: -1n, error })
  made.reset('orders', 0, { stored: 3n, start: 5n, end: 9n, position: 5n })
  made.reset('orders', 0, { stored: 3n, start: 5n, end: 9n, position: undefined })
  t.same(stopped[0], { ...group, ...at, offset: 7n, nextOffset: undefined, error })
  t.match(stopped[1], { ...group, ...at, offset: 3n, nextOffset: 5n, error: { code: 'FASTSTREAM_ERR_OFFSET_RESET' } })
  t.equal(stopped.length, 2, 'a reset that goes on stops nothing')
  t.same(reset, [5n, undefined].map((position) => ({ ...group, ...at, stored: 3n, start: 5n, end: 9n, position })))
})

t.test('each change of the consumer\'s state is told', async (t) => {
  const changed = hear(t, 'faststream.health.changed')
  const { clock, group: made, assign } = build()
  const error = new Error('gone')
  assign()
  assign()
  await made.revoking()
  assign()
  made.failed(error)
  assign()
  const closed = made.close(1000)
  await clock.advance(1000)
  await closed
  made.failed(new Error('later'))
  t.same(changed.map(({ previous, state, error }) => [previous, state, error]), [
    ['joining', 'reading', undefined],
    ['reading', 'rebalancing', undefined],
    ['rebalancing', 'reading', undefined],
    ['reading', 'failed', error],
    ['failed', 'reading', undefined],
    ['reading', 'closed', undefined]
  ])
  t.match(changed[0], group)
})

t.test('an attempt has a trace with one context, and its handler runs between start and end', async (t) => {
  const trace = hearTrace<MessageProcessContext>(t, 'faststream.message.process')
  const { opened, open } = gate()
  let phases: string[] = []
  const { assign, receive } = build({ handle: async () => { phases = trace.map(({ phase }) => phase); await opened } })
  assign()
  receive(2)
  t.same(phases, ['start'])
  t.same(trace.map(({ phase }) => phase), ['start', 'end'])
  t.match(trace[0]?.context, { ...place(2), attempt: 1, outcome: undefined })
  t.same([trace[0]?.context.header('tenant'), trace[0]?.context.header('none')], ['a', undefined])
  open()
  await turn()
  t.same(trace.map(({ phase }) => phase), ['start', 'end', 'asyncStart', 'asyncEnd'])
  t.equal(new Set(trace.map(({ context }) => context)).size, 1)
  t.equal(trace[0]?.context.outcome, 'settled')
})

t.test('each attempt that fails has a trace with its error', async (t) => {
  const trace = hearTrace<MessageProcessContext>(t, 'faststream.message.process')
  const error = new Error('no')
  const { clock, assign, receive } = build({ handle: ({ attempt }) => { if (attempt === 1) throw error } })
  assign()
  receive(2)
  await clock.advance(100)
  t.same(trace.map(({ phase, context }) => `${context.attempt} ${phase}`), [
    '1 start', '1 end', '1 error', '1 asyncStart', '1 asyncEnd', '2 start', '2 end', '2 asyncStart', '2 asyncEnd'
  ])
  t.match([trace[0]?.context, trace[5]?.context], [
    { outcome: 'failed', error }, { outcome: 'settled', error: undefined }
  ])
})
