import { sleep } from '../../lib/clock.js'
import type { Settlement } from '../../lib/consume/partition/lanes.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { AckPolicy, MessageFailedEvent } from '../../types/index.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import type { Producer } from '../../lib/produce/producer.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { environmentOf } from './environment.js'
import { ManualClock } from './manual-clock.js'
import { logLines } from './log-lines.js'
import { record } from './record.js'
import { planOf } from './subscriber-plan.js'

export const policies: readonly AckPolicy[] = ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL']
export const retry = { retries: 2, delay: 100, factor: 2, maxDelay: 1000, jitter: 0, retryOn: () => true }

const SPOOFED = Object.entries({ topic: 'spoofed', partition: '0', offset: '1', timestamp: '2' })

const HEADERS: RawHeader[] = [
  ['a', Buffer.from('1')],
  ['a', null],
  ...SPOOFED.map(([name, value]): RawHeader => [`x-dlq-${name}`, Buffer.from(value)])
]

export function build (overrides: Partial<SubscriberPlan<Delivery>> = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const dead: Outgoing[] = []
  const environment = environmentOf(clock, log)
  const failures: MessageFailedEvent[] = []
  environment.events.failed.on((event) => { failures.push(event) })
  const outcomes: Error[] = []
  const producer = {
    publish: async (outgoing: Outgoing) => {
      const error = outcomes.shift()
      if (error !== undefined) throw error
      dead.push(outgoing)
    }
  } as unknown as Producer
  const plan = planOf({ retry, ...overrides })
  const pipeline = new Pipeline(plan, producer, environment)
  const halt = new AbortController()
  const pauses: string[] = []
  const settles: string[] = []
  const slot = {
    settlement: undefined as Settlement | undefined,
    wait: (ms: number) => { pauses.push('pause'); return sleep(clock, ms, halt.signal) },
    hold: async () => false,
    settle: (outcome: Settlement = 'acknowledged') => { settles.push('settled'); slot.settlement ??= outcome }
  }
  const run = (): Promise<Outcome> => pipeline.run(
    new Delivery('orders', 1, record(7, 'bytes', { key: Buffer.from('k'), headers: HEADERS })), slot
  )
  return { clock, log, environment, dead, failures, outcomes, halt, pauses, settles, slot, pipeline, run }
}

export function headersOf (outgoing: Outgoing | undefined): Record<string, string | undefined> {
  return Object.fromEntries((outgoing?.headers ?? []).map(([name, value]) => [name, value?.toString()]))
}
