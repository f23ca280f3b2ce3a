import { Group } from '../../lib/consume/group/group.js'
import type { LaneSlot } from '../../lib/consume/partition/lanes.js'
import type { Ordering } from '../../lib/options/settings.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberSettings } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { ConsumedRecord } from '../../lib/transport/transport.js'
import { environmentOf } from './environment.js'
import { FakeConsumer } from './fake-consumer.js'
import { logLines } from './log-lines.js'
import { ManualClock, turn } from './manual-clock.js'
import { record } from './record.js'

/** The line that each assignment logs. */
export const ASSIGNED = 'info partitions were assigned anew'

export const settings = {
  buffer: { messages: 4, bytes: 10_000 },
  commit: { interval: 1000, count: 3 },
  revokeDrain: 5000,
  sessionTimeout: 20_000,
  rebalanceTimeout: 60_000
}

export function planOf (settings: Partial<SubscriberSettings> = {}): SubscriberSettings {
  return { topics: ['orders'], ordering: 'partition', concurrency: 1, ...settings } as SubscriberSettings
}

/** A group of one subscriber whose messages end when the test says so. */
export function build (
  { groupId = 'shop', topics = ['orders'], dispatch = true, ordering = 'partition', ...plan }: {
    groupId?: string | null, topics?: string[], dispatch?: boolean, ordering?: Ordering
  } & Partial<SubscriberSettings> = {}
) {
  const clock = new ManualClock()
  const log = logLines()
  const running = new Map<string, (outcome: Outcome) => void>()
  const waits = new Map<string, LaneSlot['wait']>()
  const slots = new Map<string, LaneSlot>()
  const started: string[] = []
  const givenUp: string[] = []
  const pipeline = {
    plan: planOf({ topics, ordering, concurrency: 2, ...plan }),
    run: ({ topic, partition, record: { offset } }: Delivery, slot: LaneSlot) => new Promise<Outcome>((resolve) => {
      const name = `${topic}[${partition}] ${offset}`
      started.push(name)
      running.set(name, resolve)
      waits.set(name, (ms) => slot.wait(ms))
      slots.set(name, slot)
    }),
    giveUp: (reason: string) => { givenUp.push(reason) },
    late: [] as unknown[],
    lastError: undefined as unknown
  }
  let consumer!: FakeConsumer
  const group = new Group(
    groupId,
    [pipeline as unknown as ErasedPipeline],
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(clock, log), settings }
  )
  if (dispatch) group.dispatch()
  async function end (name: string, outcome: Outcome = 'settled'): Promise<void> {
    const resolve = running.get(name)
    if (resolve === undefined) throw new Error(`${name} does not run`)
    running.delete(name)
    resolve(outcome)
    await turn()
  }
  function receive (partition: number, from: number, count: number, size = 100): void {
    group.records(
      'orders',
      partition,
      Array.from({ length: count }, (_, i) => record(from + i, 'v', { size })),
      BigInt(from + count)
    )
  }
  const assign = (...partitions: number[]): void => {
    group.assigned(partitions.map((partition) => ({ topic: 'orders', partition })))
  }
  return { clock, log, group, consumer, pipeline, givenUp, waits, slots, started, running, end, receive, assign }
}

/** Records with keys, from offset 0 on. */
export function keyed (...keys: Array<string | Buffer | null>): ConsumedRecord[] {
  return keys.map((key, offset) => record(offset, 'v', { key: typeof key === 'string' ? Buffer.from(key) : key }))
}
