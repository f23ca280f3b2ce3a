import { sleep } from '../../lib/clock.js'
import type { LaneSlot, Settlement } from '../../lib/consume/partition/lanes.js'
import { BatchDelivery } from '../../lib/consume/pipeline/batch-delivery.js'
import { BatchPipeline } from '../../lib/consume/pipeline/batch-pipeline.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import type { Producer } from '../../lib/produce/producer.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { environmentOf } from './environment.js'
import { logLines } from './log-lines.js'
import { ManualClock } from './manual-clock.js'
import { retry } from './pipeline-fixture.js'
import { record } from './record.js'
import { SUBSCRIBER } from './subscriber-plan.js'

export type Take = (batch: BatchDelivery, call: number) => unknown

/** A pipeline of batches, whose handler gets the attempt itself, and the values of each call. */
export function build (take: Take = () => {}, overrides: Partial<SubscriberPlan<BatchDelivery>> = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const dead: string[] = []
  const outcomes: Error[] = []
  const producer = {
    publish: async ({ value }: Outgoing) => {
      const error = outcomes.shift()
      if (error !== undefined) throw error
      dead.push(String(value))
    }
  } as unknown as Producer
  const calls: string[][] = []
  const plan: SubscriberPlan<BatchDelivery> = {
    ...SUBSCRIBER,
    retry,
    decode: (delivery) => delivery as BatchDelivery,
    handle: (batch) => {
      calls.push(batch.members.map(({ delivery: { record, attempt } }) => `${record.value} ${attempt}`))
      return take(batch, calls.length)
    },
    release: () => undefined,
    prepare: () => [],
    ...overrides
  }
  const environment = environmentOf(clock, log)
  const pipeline = new BatchPipeline(plan, producer, environment)
  const halt = new AbortController()
  const pauses: unknown[] = []
  const waits: string[] = []
  const lane: LaneSlot = {
    awaitsDecision: () => { waits.push('waits') },
    wait (ms: number, beforeAttempt?: boolean) {
      pauses.push([ms, beforeAttempt])
      return sleep(clock, ms, halt.signal)
    },
    hold: async (opened: (signal: AbortSignal) => Promise<boolean>) => await opened(halt.signal),
    settle: () => {}
  }
  /** Runs a batch of these values. `groups`: those for which some of them were redriven. */
  function run (values: readonly string[], groups: Readonly<Record<string, string>> = {}) {
    const members = values.map((value, offset) => {
      const group = groups[value]
      const headers: RawHeader[] = group === undefined ? [] : [['x-dlq-redrive-group', Buffer.from(group)]]
      const slot = {
        settlement: undefined as Settlement | undefined,
        wait: lane.wait,
        hold: lane.hold,
        settle: (outcome: Settlement = 'acknowledged') => { slot.settlement ??= outcome }
      }
      return { delivery: new Delivery('orders', 0, record(offset, value, { headers })), slot }
    })
    const ended = pipeline.run(new BatchDelivery(members), lane)
    return { ended, settlements: () => members.map(({ slot }) => slot.settlement) }
  }
  return { clock, log, dead, outcomes, calls, environment, pipeline, halt, lane, pauses, waits, run }
}
