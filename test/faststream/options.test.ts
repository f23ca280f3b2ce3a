import { setImmediate as nextTurn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { FaststreamOptions, Transport, TransportOptions } from '../../index.js'
import { systemClock, type Clock } from '../../lib/clock.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

/* Options that docs/from-faststream.md and docs/from-fastkafka.md name: from where they are written to their effect. */

interface Calls {
  readonly commits: Inbox<readonly string[]>
  readonly pauses: Inbox<string>
}

/** A transport in memory that tells what is asked of its consumers. */
function recording ({ commits, pauses }: Calls): Transport {
  const memory: Transport = createMemoryTransport({ cluster: createMemoryCluster() })
  return {
    ...memory,
    consumer (options, listener) {
      const consumer = memory.consumer(options, listener)
      const { commit, pause } = consumer
      return Object.assign(consumer, {
        async commit (offsets) {
          await commit.call(consumer, offsets)
          commits.add(offsets.map(({ topic, partition, offset }) => `${topic}[${partition}] ${offset}`))
        },
        pause (partition) {
          pauses.add(`${partition.topic}[${partition.partition}]`)
          pause.call(consumer, partition)
        }
      } satisfies Partial<typeof consumer>)
    }
  }
}

/** The time of the system, with timers that fire when a test says so. */
class HeldTimers implements Clock {
  readonly now = systemClock.now
  readonly elapsed = systemClock.elapsed
  readonly #timers = new Set<{ ms: number, callback: () => void }>()

  schedule = (ms: number, callback: () => void): () => void => {
    const timer = { ms, callback }
    this.#timers.add(timer)
    return () => { this.#timers.delete(timer) }
  }

  /** Fires those of so many ms, and returns how many they are. */
  fire (ms: number): number {
    const due = [...this.#timers].filter((timer) => timer.ms === ms)
    for (const timer of due) {
      this.#timers.delete(timer)
      timer.callback()
    }
    return due.length
  }
}

async function open (t: Test, options: FaststreamOptions, clock = new HeldTimers()) {
  const calls: Calls = { commits: new Inbox(), pauses: new Inbox() }
  const app = await build(t, {
    groupId: 'shop', topicConfig: { partitions: 1 }, transport: recording(calls), ...options
  })
  useEnvironment(app, { clock })
  return { app, calls, clock }
}

t.test('commit.interval: offsets are committed after so many ms', async (t) => {
  const { app, calls: { commits }, clock } = await open(t, { commit: { interval: 70_001, count: 1000 } })
  const handled = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => { handled.add(value) })
  await app.ready()
  await app.broker.publish('orders', 1)
  await handled.count(1)
  const before = commits.items.length
  while (clock.fire(70_001) === 0) await nextTurn()
  t.same((await commits.count(before + 1)).slice(before), [['orders[0] 1']])
})

t.test('commit.count: offsets are committed after so many messages', async (t) => {
  const { app, calls: { commits } } = await open(t, { commit: { interval: 70_000, count: 2 } })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  for (let i = 0; i < 6; i++) await app.broker.publish('orders', i)
  // No timer fires in this test.
  t.ok(await commits.until((all) => all.flat().some((each) => /[4-6]$/.test(each))))
})

t.test('buffer.messages: a partition in which as many messages wait is paused', async (t) => {
  const { app, calls: { pauses } } = await open(t, { buffer: { messages: 3 } })
  const { opened, open: go } = gate()
  app.broker.subscriber('orders', async () => { await opened })
  await app.ready()
  for (let i = 0; i < 2; i++) await app.broker.publish('orders', i)
  t.same(pauses.items, [])
  for (let i = 0; i < 3; i++) await app.broker.publish('orders', i)
  t.same(await pauses.count(1), ['orders[0]'])
  go()
})

t.test('concurrency 1 handles one message at a time, whatever the number of partitions', async (t) => {
  const { app } = await open(t, { topicConfig: { partitions: 4 } })
  const handled = new Inbox<number>()
  let running = 0
  let most = 0
  app.broker.subscriber('orders', { concurrency: 1 }, async (value) => {
    most = Math.max(most, ++running)
    await Promise.resolve()
    running--
    handled.add(Number(value))
  })
  await app.ready()
  for (let i = 0; i < 8; i++) await app.broker.publish('orders', i, { partition: i % 4 })
  await handled.count(8)
  t.equal(most, 1)
})

t.test('connection options and the compression reach the transport', async (t) => {
  const given: TransportOptions[] = []
  const app = await build(t, {
    groupId: 'shop',
    brokers: ['a:1'],
    clientId: 'shop-1',
    ssl: { ca: 'authority', rejectUnauthorized: true },
    sasl: { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' },
    connectTimeout: 1234,
    producer: { compression: 'gzip' },
    transport: (options) => {
      given.push(options)
      return createMemoryTransport({ cluster: createMemoryCluster() })
    }
  })
  await app.ready()
  t.match(given, [{
    brokers: ['a:1'],
    clientId: 'shop-1',
    ssl: { ca: 'authority', rejectUnauthorized: true },
    sasl: { mechanism: 'scram-sha-512', username: 'shop', password: 'secret' },
    connectTimeout: 1234,
    compression: 'gzip'
  }])
})

t.test('producer.deadline bounds a publish that the cluster does not answer', async (t) => {
  const memory: Transport = createMemoryTransport({ cluster: createMemoryCluster() })
  const app = await build(t, {
    groupId: 'shop',
    producer: { deadline: 40 },
    transport: {
      ...memory,
      producer: () => Object.assign(memory.producer(), { partitionCount: () => new Promise<number>(() => {}) })
    }
  })
  app.broker.publisher('orders')
  await app.ready()
  const before = performance.now()
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT' })
  t.ok(performance.now() - before < 20_000, 'by default it is 30 s')
})

t.test('a publish chooses its partition, its headers and its time', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const orders = app.broker.publisher('orders', { key: 'k', headers: { a: 'publisher', b: 'publisher' } })
  const broker = await testBroker(app)
  const timestamp = new Date('2026-11-30T00:00:00Z')
  for (const partition of [0, 1, 2]) {
    await orders.publish(partition, { partition, timestamp, headers: { b: 'publish' }, correlationId: 'c' })
  }
  t.match(broker.published('orders'), [0, 1, 2].map((partition) => ({
    value: partition, partition, timestamp, key: 'k', headers: { a: 'publisher', b: 'publish', correlation_id: 'c' }
  })))
})

t.test('a publisher and a subscriber have a title, a description and tags in the document', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const about = (of: string) => ({ title: `Title of ${of}`, description: `Description of ${of}`, tags: [of] })
  app.broker.publisher('invoices', about('publisher'))
  app.broker.subscriber('orders', about('subscriber'), async function take () {})
  await testBroker(app)
  const described = (of: string) => ({
    title: `Title of ${of}`, description: `Description of ${of}`, tags: [{ name: of }]
  })
  t.match(app.asyncapi(), {
    operations: { sendInvoices: described('publisher'), take: described('subscriber') }
  })
})
