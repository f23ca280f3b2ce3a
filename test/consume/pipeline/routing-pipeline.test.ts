import t from 'tap'
import type { LaneSlot, Settlement } from '../../../lib/consume/partition/lanes.js'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { ErasedPipeline } from '../../../lib/consume/pipeline/pipeline.js'
import { RoutingPipeline } from '../../../lib/consume/pipeline/routing-pipeline.js'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { record } from '../../support/record.js'
import { SUBSCRIBER } from '../../support/subscriber-plan.js'

/** A pipeline that settles all, and remembers its calls. */
function pipelineOf (name: string, state: Partial<ErasedPipeline> = {}) {
  const calls: unknown[] = []
  const pipeline: ErasedPipeline = {
    plan: { ...SUBSCRIBER, name },
    late: [],
    lastError: undefined,
    run: async ({ record: { value } }) => { calls.push(`run ${value}`); return 'settled' },
    giveUp: (reason) => { calls.push(reason) },
    assigned: (partitions) => { calls.push(partitions) },
    ...state
  }
  return { pipeline, calls }
}

/** A slot that remembers what it was told. */
function slotOf () {
  const told: string[] = []
  const slot: LaneSlot = {
    wait: async () => true,
    hold: async () => true,
    takenBy: (name) => { told.push(name) },
    settle: (outcome: Settlement = 'acknowledged') => { told.push(outcome) }
  }
  return { slot, told }
}

t.test('a message has the pipeline that is chosen for it, whose subscriber takes it', async (t) => {
  const [even, odd] = [pipelineOf('even'), pipelineOf('odd')]
  const routing = new RoutingPipeline(SUBSCRIBER, [even.pipeline, odd.pipeline], ({ record: { value } }) => {
    return Number(value) % 2 === 0 ? even.pipeline : odd.pipeline
  })
  const { slot, told } = slotOf()
  for (const value of ['1', '2']) {
    t.equal(await routing.run(new Delivery('orders', 0, record(7, value)), slot), 'settled')
  }
  t.same([even.calls, odd.calls, told], [['run 2'], ['run 1'], ['odd', 'even']])
  const { takenBy: _, ...plain } = slot
  t.equal(await routing.run(new Delivery('orders', 0, record(8, '4')), plain), 'settled')
})

t.test('a message that was redriven for another group is skipped, and no pipeline is chosen', async (t) => {
  const routing = new RoutingPipeline(SUBSCRIBER, [], () => t.fail('nothing is chosen') as never)
  const { slot, told } = slotOf()
  const headers: RawHeader[] = [['x-dlq-redrive-group', Buffer.from('billing')]]
  t.equal(await routing.run(new Delivery('orders', 0, record(7, 'v', { headers })), slot), 'settled')
  t.same(told, ['skipped'])
})

t.test('the last error of a queue is the latest one of its subscribers', async (t) => {
  const lastErrorOf = (...times: Array<number | undefined>): number | undefined => {
    const pipelines = times.map((at, i) => pipelineOf(String(i), {
      lastError: at === undefined ? undefined : { error: new Error('no'), at }
    }).pipeline)
    return new RoutingPipeline(SUBSCRIBER, pipelines, () => pipelines[0]!).lastError?.at
  }
  t.equal(lastErrorOf(undefined, 1, 3, 2), 3)
  t.equal(lastErrorOf(3, 1, 2), 3)
  t.equal(lastErrorOf(undefined, undefined), undefined)
})

t.test('a queue has the late attempts of all its subscribers, and the first breaker that is open', async (t) => {
  const [one, two] = [new Delivery('orders', 0, record(1)), new Delivery('orders', 0, record(2))]
  const breakerOf = (error: string) => ({ error, since: new Date(0), partitions: [] })
  const pipelines = [
    pipelineOf('a', { late: new Set([one]) }),
    pipelineOf('b', { late: [two], breaker: breakerOf('b') }),
    pipelineOf('c', { breaker: breakerOf('c') })
  ].map(({ pipeline }) => pipeline)
  const routing = new RoutingPipeline(SUBSCRIBER, pipelines, () => pipelines[0]!)
  t.same([...routing.late], [one, two])
  t.equal(routing.breaker?.error, 'b')
  t.equal(new RoutingPipeline(SUBSCRIBER, pipelines.slice(0, 1), () => pipelines[0]!).breaker, undefined)
})

t.test('all subscribers of a queue are told their partitions, and give up together', async (t) => {
  const [first, last] = [pipelineOf('a'), pipelineOf('c')]
  const { assigned: _, ...plain } = pipelineOf('b').pipeline
  const routing = new RoutingPipeline(SUBSCRIBER, [first.pipeline, plain, last.pipeline], () => first.pipeline)
  const partitions = [{ topic: 'orders', partition: 0 }]
  routing.assigned(partitions)
  routing.giveUp('the app closes')
  for (const { calls } of [first, last]) t.same(calls, [partitions, 'the app closes'])
})
