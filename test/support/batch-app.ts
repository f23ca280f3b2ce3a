import type { Test } from 'tap'
import type { BatchOptions, FaststreamOptions, MessageBatch, SubscriberOptions } from '../../index.js'
import { testBroker, type TestBroker } from '../../lib/testing/index.js'
import { hear } from './hear.js'
import { build as buildApp } from './plugin-app.js'

type Options = Omit<SubscriberOptions<{}, unknown, {}, true | BatchOptions>, 'batch'>
type Take = (values: unknown[], batch: MessageBatch, call: number) => unknown

interface Fixture {
  readonly plugin?: FaststreamOptions
  /** Messages of a full batch: one that is not full waits for a minute. */
  readonly size?: number
  readonly options?: Options
  /** Called with the number of the call, counted from 1. */
  readonly take?: Take
  /** Declares what else the app has, and returns further options of the subscriber. */
  readonly declare?: (app: Awaited<ReturnType<typeof buildApp>>) => Options | void
}

/** An app with a subscriber of batches of `orders`, which has one partition, and the values of each call. */
export async function build (t: Test, fixture: Fixture = {}) {
  const { plugin = {}, size = 3, options = {}, take = () => {}, declare } = fixture
  const app = await buildApp(t, {
    topicConfig: { partitions: 1 }, retry: { retries: 2 }, ...plugin
  }, { logger: { level: 'debug', stream: { write (line: string) { lines.push(JSON.parse(line)) } } } })
  const lines: Array<Record<string, unknown>> = []
  const further = declare?.(app) ?? {}
  const calls: unknown[][] = []
  const batch = { maxSize: size, timeout: 60_000 }
  const all = { ...options, ...further, batch }
  const subscriber = app.broker.subscriber('orders', all, function takeBatch (values, batch) {
    calls.push([...values])
    return take(values, batch, calls.length)
  })
  const settled = hear(t, 'faststream.message.settled')
  const broker = await testBroker(app, { allowFailures: true })
  /** Ends of the messages, in their order: `dead-lettered`. */
  const outcomes = (): unknown[] => settled
    .filter(({ topic, brokerId }) => topic === 'orders' && brokerId === app.broker.id)
    .sort((a, b) => Number(a.offset - b.offset)).map(({ outcome }) => outcome)
  const dead = (): unknown[] => broker.published('orders.dlq').map(({ value }) => value)
  const publishAll = async (...values: unknown[]): Promise<void> => { await publish(broker, values) }
  return { app, broker, subscriber, calls, lines, outcomes, dead, publish: publishAll }
}

/** Publishes values with the keys `k0`, `k1`, …, and waits until they are settled. */
async function publish (broker: TestBroker, values: readonly unknown[]): Promise<void> {
  for (const [i, value] of values.entries()) await broker.publish('orders', value, { key: `k${i}` })
  await broker.settled()
}
