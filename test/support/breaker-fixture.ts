import { sleep } from '../../lib/clock.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import type { Producer } from '../../lib/produce/producer.js'
import { environmentOf } from './environment.js'
import { logLines } from './log-lines.js'
import { ManualClock } from './manual-clock.js'
import { record } from './record.js'
import { planOf } from './subscriber-plan.js'

/** Longer than any pause between probes, ms. */
export const PAUSE = 36_000

export function refused (code = 'ECONNREFUSED'): Error {
  return Object.assign(new Error('no database'), { code })
}

/** A pipeline whose handler fails for a value as the test says. */
export function build (overrides: Partial<SubscriberPlan<Delivery>> = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const dead: string[] = []
  const handled: string[] = []
  const attempts: string[] = []
  const faults = new Map<string, Error>()
  const producer = {
    publish: async ({ value }: Outgoing) => { dead.push(String(value)) }
  } as unknown as Producer
  const plan = planOf({
    breaker: { window: 60_000, ratio: 0.5, minimum: 4 },
    handle ({ record }: Delivery) {
      const value = String(record.value)
      attempts.push(value)
      const fault = faults.get(value) ?? faults.get('all')
      if (fault !== undefined && fault.message !== 'none') throw fault
      handled.push(value)
    },
    ...overrides
  })
  const environment = environmentOf(clock, log)
  const events: unknown[] = []
  environment.events.breakerOpened.on(({ subscriber, topic, partition, errorClass }) => {
    events.push(['opened', subscriber, topic, partition, errorClass])
  })
  environment.events.breakerClosed.on(({ subscriber, duration }) => { events.push(['closed', subscriber, duration]) })
  const pipeline = new Pipeline(plan, producer, environment)
  let offset = 0

  /** `place`: what its lane waits for when the message may go on. */
  function start (value: string, partition = 0, place?: Promise<void>) {
    const halt = new AbortController()
    const slot = {
      wait: (ms: number) => sleep(clock, ms, halt.signal),
      hold: async (opened: (signal: AbortSignal) => Promise<boolean>) => {
        const goesOn = await opened(halt.signal)
        await place
        return goesOn
      },
      settle: () => {}
    }
    const ended: Promise<Outcome> = pipeline.run(new Delivery('orders', partition, record(offset++, value)), slot)
    return { ended, halt }
  }
  /** Runs messages one after the other, which must all end. */
  async function run (values: readonly string[], partition = 0): Promise<void> {
    for (const value of values) await start(value, partition).ended
  }
  return { clock, log, dead, handled, attempts, faults, events, pipeline, start, run }
}
