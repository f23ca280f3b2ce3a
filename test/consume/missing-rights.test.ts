import t from 'tap'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { FailurePolicy } from '../../lib/consume/pipeline/failure-policy.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import { Group } from '../../lib/consume/group/group.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { notAuthorized } from '../../lib/missing-rights.js'
import type { Producer } from '../../lib/produce/producer.js'
import { environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { settings } from '../support/group-fixture.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock } from '../support/manual-clock.js'
import { prepared } from '../support/prepared.js'
import { record } from '../support/record.js'
import { planOf } from '../support/subscriber-plan.js'

const DENIED = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'orders.dlq' }], undefined)
const RETRY = { retries: 3, delay: 100, factor: 2, maxDelay: 1000, jitter: 0, retryOn: () => true }

/** A pipeline whose publishes end with these errors, in turn, and what it has published and settled. */
function build (overrides: Partial<SubscriberPlan<Delivery>>, refusals: Error[] = [], policy?: FailurePolicy) {
  const log = logLines()
  const published: string[] = []
  const settled: string[] = []
  const waits: number[] = []
  const producer = {
    publish: async ({ topic }: Outgoing) => {
      const refusal = refusals.shift()
      if (refusal !== undefined) throw refusal
      published.push(topic)
    }
  } as unknown as Producer
  const plan = planOf({ retry: RETRY, handlerTimeout: 1000, ...overrides })
  const pipeline = new Pipeline(plan, producer, environmentOf(new ManualClock(), log), policy)
  const slot = {
    wait: async (ms: number) => {
      waits.push(ms)
      if (ms > 1000) throw new Error('a bug')
      return true
    },
    hold: async () => true,
    settle: (outcome?: string) => { settled.push(outcome ?? 'acknowledged') }
  }
  const run = (): Promise<Outcome> => pipeline.run(new Delivery('orders', 0, record(7, 'text')), slot as never)
  return { run, log, published, settled, waits, pipeline }
}

t.test('a missing right stops the subscriber: the message is not retried, dead-lettered or settled', async (t) => {
  const throwing = (error: Error) => (): never => { throw error }
  const cases: Array<[string, ReturnType<typeof build>]> = [
    ['a handler that may not publish', build({ handle: throwing(DENIED) })],
    ['a result', build({ handle: () => 1, prepare: () => [prepared('invoices', async () => { throw DENIED })] })],
    ['a dead letter', build({ decode: throwing(new Error('no text')) }, [DENIED])],
    ['under every policy', build({ ackPolicy: 'ACK', handle: throwing(DENIED) })],
    ['also where failures have no end', build({ ackPolicy: 'NACK_ON_ERROR', handle: throwing(DENIED) })]
  ]
  for (const [name, { run, log, published, settled, waits, pipeline }] of cases) {
    t.equal(await run(), 'stop', name)
    t.same([published, settled, waits], [[], [], []], name)
    t.equal(pipeline.lastError?.error, DENIED, name)
    t.same(log.lines, ['error a right on the cluster is missing: the subscriber stops, nothing is skipped'], name)
  }
})

t.test('another failure is what it was: retried, then a dead letter', async (t) => {
  const { run, published, settled, waits } = build({ handle: () => { throw new Error('broken') } })
  t.equal(await run(), 'settled')
  t.same([published, settled, waits], [['orders.dlq'], ['dead-lettered'], [100, 200, 400]])
})

t.test('a forward without the right to write stops the subscriber; another error makes a dead letter', async (t) => {
  const consequence = {
    kind: 'forward', outgoing: { topic: 'later', key: null, value: null, headers: [], timestamp: 0 }
  } as const
  const policy = {
    acknowledges: 'after',
    thrown: () => ({ stage: 'handler', consequence }),
    deadLetter: (topic: string) => ({ kind: 'dead-letter', topic: `${topic}.dlq` })
  } as unknown as FailurePolicy
  const handle = (): never => { throw new Error('broken') }
  const denied = build({ handle }, [DENIED], policy)
  t.equal(await denied.run(), 'stop')
  t.same(denied.settled, [])

  const broken = build({ handle }, Array.from({ length: 4 }, () => new Error('gone')), policy)
  t.equal(await broken.run(), 'settled')
  t.same([broken.published, broken.settled], [['orders.dlq'], ['dead-lettered']])
  t.notOk(broken.log.lines.some((line) => line.includes('a right on the cluster')))
})

t.test('a consumer that the cluster refuses for good is stopped and not healthy', async (t) => {
  const log = logLines()
  const environment = environmentOf(new ManualClock(), log)
  const events: unknown[] = []
  environment.events.subscriberStopped.on((event) => { events.push(event) })
  environment.events.healthChanged.on((event) => { events.push(event) })
  const plan = { name: 'take', topics: ['orders'], ordering: 'partition', concurrency: 1 }
  const pipeline = { plan, giveUp: () => {}, late: [] } as unknown as ErasedPipeline
  const group = new Group('shop', [pipeline], (listener) => new FakeConsumer(listener), { ...environment, settings })
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  group.lost()
  const error = notAuthorized([{ operation: 'Read', resource: 'topic', name: 'orders' }], 'User:shop')
  group.failed(error, false)
  t.match(group.health(['orders']), {
    state: 'stopped',
    healthy: false,
    partitions: [],
    lastError: { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Read on topic 'orders' to User:shop:/ }
  })
  t.match(events, [{ state: 'reading' }, { state: 'rebalancing' }, { state: 'stopped', error }, { subscriber: 'take' }])
  t.same(log.lines, [
    'info partitions were assigned anew',
    'error the consumer has stopped: restart the app once the cause is removed', 'info the subscriber has stopped'
  ])
  await group.close(1000)
})
