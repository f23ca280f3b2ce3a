import { Group } from '../../lib/consume/group/group.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import type { Prepared, Sender } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { SendError } from '../../lib/transport/transport.js'
import { environmentOf } from './environment.js'
import { FakeConsumer } from './fake-consumer.js'
import { FakeProducer } from './fake-producer.js'
import { settings } from './group-fixture.js'
import { logLines } from './log-lines.js'
import { ManualClock, turn } from './manual-clock.js'
import { record } from './record.js'
import { planOf } from './subscriber-plan.js'

export const refusal = (reason: SendError['reason'] = 'refused', offsets: SendError['offsets'] = []) => {
  return new SendError('no', 'not-sent', reason, { offsets })
}

/**
 * A group of one subscriber whose results go to `out`, by a producer whose sends end when the test says so. The value
 * of a message is the value of its result. Its key, a number, is the partition of the result.
 */
export function build (overrides: Partial<SubscriberPlan<Delivery>> = {}, queue = { messages: 100, bytes: 100_000 }) {
  const clock = new ManualClock()
  const log = logLines()
  const environment = environmentOf(clock, log)
  const transport = new FakeProducer()
  const producer = new Producer(transport, { deadline: 1000, queue }, environment)
  const handled: string[] = []
  const ends: string[] = []
  environment.events.settled.on(({ offset, outcome }) => { ends.push(`${offset} ${outcome}`) })
  environment.events.unsettled.on(({ offset }) => { ends.push(`${offset} unsettled`) })
  const sender: Sender = {
    send: (outgoing, { wait, queued, order } = {}) => producer.publish(outgoing, wait, queued, order)
  }
  const prepare = (result: unknown, { record: { key } }: Delivery): readonly Prepared[] => {
    const message = { topic: 'out', partition: Number(key), key: null, headers: [], timestamp: 1 }
    return String(result).split('+').map((value) => ({ outgoing: { ...message, value: Buffer.from(value) }, sender }))
  }
  const plan = planOf({
    overlaps: true,
    handle: ({ record: { value, offset } }) => {
      handled.push(String(offset))
      return String(value)
    },
    prepare,
    ...overrides
  })
  const pipeline = new Pipeline(plan, producer, environment)
  let consumer!: FakeConsumer
  const group = new Group(
    'shop', [pipeline], (listener) => (consumer = new FakeConsumer(listener)),
    { ...environment, settings: { ...settings, buffer: { messages: 100, bytes: 100_000 } } }
  )
  group.dispatch()
  let next = 0
  /** Messages with these values; `value/partition of the result`. */
  async function receive (...values: string[]): Promise<void> {
    const records = values.map((each, i) => {
      const [value = '', partition = '0'] = each.split('/')
      return record(next + i, value, { key: Buffer.from(partition) })
    })
    next += values.length
    group.records('orders', 0, records, BigInt(next))
    await turn()
  }
  /** Ends the send in flight. */
  async function answer (error?: Error): Promise<void> {
    const send = transport.sends.at(-1)!
    if (error === undefined) send.succeed()
    else send.fail(error)
    await turn()
  }
  const assign = (): void => { group.assigned([{ topic: 'orders', partition: 0 }]) }
  assign()
  const sends = (): string[] => transport.sends.map(({ records }) => {
    return records.map(({ partition, topic, value }) => `${topic === 'out' ? partition : topic}:${value}`).join(' ')
  })
  const { publishFailed, ended, failed } = environment.events
  const events = { publishFailed, ended, failed }
  return { ...events, clock, log, producer, group, consumer, handled, ends, receive, answer, assign, sends, prepare }
}
