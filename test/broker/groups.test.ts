import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { declareSubscriber, type SubscriberDeclaration } from '../../lib/broker/declaration.js'
import { resolveSubscriber } from '../../lib/broker/plan.js'
import { BrokerRuntime } from '../../lib/broker/runtime.js'
import { CompiledSubscriber } from '../../lib/broker/subscriber.js'
import { systemClock } from '../../lib/clock.js'
import { NO_SCOPES } from '../../lib/middleware/publish-chain.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { MemoryConsumer } from '../../lib/transport/memory/consumer.js'
import type { ConsumerOptions } from '../../lib/transport/transport.js'
import type { FaststreamOptions, InheritedOptions } from '../../types/index.js'
import { environmentOf } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'
import { logLines } from '../support/log-lines.js'

/** What a broker runs, on a cluster in memory. Messages are written down as `topic value`. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  const app = Fastify()
  const settings = normaliseOptions({ transport: 'memory', groupId: 'shop', ...options }, 10_000)
  const inbox = new Inbox<string>()
  const consumers: ConsumerOptions[] = []
  const closed: Array<string | null> = []
  function subscriber (topic: string, options: InheritedOptions = {}): CompiledSubscriber {
    const declaration = declareSubscriber(app, topic, options, (value) => { inbox.add(`${topic} ${String(value)}`) })
    const validators = { value: undefined, key: undefined, headers: undefined }
    return new CompiledSubscriber(resolveSubscriber(declaration, settings), { bodyLimit: 1000, validators }, {
      scope: app,
      subscriber: 'orders',
      groupId: 'shop',
      isKeyDecoded: false,
      isDeadLetterOf: () => false,
      resolutionSettings: () => ({ clock: systemClock, cleanupTimeout: 1000, overrides: new Map() }),
      bind: () => { throw new Error('not used') }
    }, { results: [], writtenTopics: () => ['orders.dlq'] }, { scopes: NO_SCOPES, errorHandlers: [] })
  }
  const orders = subscriber('orders')
  function consumer (...args: Parameters<typeof transport.consumer>) {
    consumers.push(args[0])
    const consumer = transport.consumer(...args)
    const isSecret = (topics: ConsumerOptions['topics']) => (topics as readonly string[]).includes('secret')
    const subscribe = (topics: ConsumerOptions['topics']): Promise<void> => isSecret(topics)
      ? Promise.reject(new Error('not allowed'))
      : MemoryConsumer.prototype.subscribe.call(consumer, topics)
    const { start, close } = MemoryConsumer.prototype
    return Object.assign(consumer, {
      subscribe,
      start: () => isSecret(args[0].topics) ? Promise.reject(new Error('not allowed')) : start.call(consumer),
      async close () {
        closed.push(args[0].groupId)
        await close.call(consumer)
      }
    })
  }
  const paused = new Set<SubscriberDeclaration>()
  const runtime = new BrokerRuntime(
    { ...transport, consumer },
    { subscribers: [orders], topics: ['orders', 'orders.dlq'], writtenTopics: ['orders.dlq'], paused },
    { ...environmentOf(systemClock, logLines()), settings }
  )
  t.teardown(() => runtime.close())
  const send = (topic: string, value: string): void => {
    cluster.append([{
      topic,
      partition: 0,
      key: null,
      value: Buffer.from(value),
      headers: [['content-type', Buffer.from('text/plain')]],
      timestamp: 1
    }])
  }
  return { cluster, runtime, inbox, consumers, closed, subscriber, orders, paused, send }
}

async function started (t: Test, options?: FaststreamOptions) {
  const world = await build(t, options)
  world.runtime.dispatch()
  await world.runtime.start()
  return world
}

t.test('a subscriber that is added shares the consumer of its group', async (t) => {
  const { cluster, runtime, inbox, consumers, subscriber, orders, send } = await started(t)
  const bills = subscriber('bills')
  await runtime.add(bills)
  t.same(['bills', 'bills.dlq'].map((topic) => cluster.partitions(topic).length), [3, 3], 'its topics are created')
  send('bills', 'one')
  send('orders', 'two')
  t.same([...await inbox.count(2)].sort(), ['bills one', 'orders two'])
  t.equal(consumers.length, 1)
  t.equal(runtime.groupOf(bills.declaration), runtime.groupOf(orders.declaration))
})

t.test('a subscriber with a group of its own, or with none, moves no partition of the others', async (t) => {
  const { runtime, inbox, consumers, subscriber, orders, send } = await started(t)
  const before = runtime.groupOf(orders.declaration)?.health(['orders'])
  await runtime.add(subscriber('bills', { groupId: 'bills' }))
  await runtime.add(subscriber('bills', { groupId: null }))
  send('bills', 'one')
  t.same(await inbox.count(2), ['bills one', 'bills one'])
  t.same(consumers.map(({ groupId }) => groupId), ['shop', 'bills', null])
  t.same(runtime.groupOf(orders.declaration)?.health(['orders']), before)
})

t.test('the options of its consumer reach the transport; those that are not given are left to it', async (t) => {
  const { runtime, consumers, subscriber } = await started(t)
  await runtime.add(subscriber('bills', {
    groupId: 'bills',
    offsetReset: 'latest',
    isolationLevel: 'read_uncommitted',
    fetch: { maxWait: 321 },
    checkCrcs: false,
    clientRack: 'zone-a',
    groupInstanceId: 'bills-0',
    sessionTimeout: 20_000,
    rebalanceTimeout: 40_000,
    heartbeatInterval: 4000
  }))
  t.match(consumers[1], {
    groupId: 'bills',
    topics: ['bills'],
    offsetReset: 'latest',
    isolationLevel: 'read_uncommitted',
    fetch: { maxWait: 321 },
    checkCrcs: false,
    rack: 'zone-a',
    groupInstanceId: 'bills-0',
    sessionTimeout: 20_000,
    rebalanceTimeout: 40_000,
    heartbeatInterval: 4000
  })
  for (const option of ['rack', 'groupInstanceId', 'heartbeatInterval', 'partitions']) {
    t.notOk(option in consumers[0]!, option)
  }
})

t.test('a subscriber that is removed is read no more; the last one of a group leaves it', async (t) => {
  const { cluster, runtime, inbox, subscriber, orders, send } = await started(t)
  const bills = subscriber('bills')
  await runtime.add(bills)
  await runtime.remove(orders)
  t.equal(runtime.groupOf(orders.declaration), undefined)
  send('orders', 'unread')
  send('bills', 'read')
  t.same(await inbox.count(1), ['bills read'])
  const group = runtime.groupOf(bills.declaration)
  await runtime.remove(bills)
  t.equal(group?.closing, true)
  t.same(cluster.lag(), [], 'no member is left')
  await runtime.remove(bills)
  await runtime.add(orders)
  t.same(await inbox.count(2), ['bills read', 'orders unread'], 'a new member reads on')
})

t.test('a subscriber whose topics are refused is not there', async (t) => {
  const { runtime, subscriber, consumers } = await started(t)
  const secret = subscriber('secret')
  await t.rejects(runtime.add(secret), { message: 'not allowed' })
  t.equal(runtime.groupOf(secret.declaration), undefined)
  await runtime.add(subscriber('bills'))
  t.equal(consumers.length, 1)
})

t.test('a group that cannot be read lets its consumer go', async (t) => {
  const { runtime, subscriber, closed } = await started(t)
  const secret = subscriber('secret', { groupId: 'secret' })
  await t.rejects(runtime.add(secret), { message: 'not allowed' })
  t.equal(runtime.groupOf(secret.declaration), undefined)
  t.same(closed, ['secret'])
})

t.test('a group that cannot be joined is given up', async (t) => {
  const { runtime, subscriber } = await started(t)
  const bills = subscriber('bills', { groupId: 'bills' })
  const adding = runtime.add(bills)
  while (runtime.groupOf(bills.declaration) === undefined) await new Promise((resolve) => { setImmediate(resolve) })
  const group = runtime.groupOf(bills.declaration)
  await Promise.all([t.rejects(adding, /closed before it had joined/), group?.close(0)])
  t.equal(runtime.groupOf(bills.declaration), undefined)
})

t.test('nothing is added before the start has come to the groups, nor when the broker is drained', async (t) => {
  const { runtime, subscriber, orders } = await build(t)
  const notReady = (state: string) => ({
    code: 'FASTSTREAM_ERR_NOT_READY', message: new RegExp(`^the broker is ${state}:`)
  })
  await t.rejects(runtime.add(subscriber('bills')), notReady('connecting'))
  await runtime.start()
  await runtime.drain()
  await t.rejects(runtime.add(subscriber('bills')), notReady('closing'))
  await t.rejects(runtime.remove(orders), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('a subscriber that is paused when it is added starts paused, in a shared group and in its own', async (t) => {
  const { runtime, inbox, subscriber, paused, send } = await started(t)
  for (const [topic, options] of [['bills', {}], ['returns', { groupId: 'returns' }]] as const) {
    const added = subscriber(topic, options)
    paused.add(added.declaration)
    await runtime.add(added)
    const group = runtime.groupOf(added.declaration)
    t.match(group?.health([topic]), { state: 'paused' })
    send(topic, 'one')
    send('orders', topic)
    await inbox.until((items) => items.includes(`orders ${topic}`))
    t.notOk(inbox.items.includes(`${topic} one`))
    group?.pauses.resume(topic, added.declaration)
    await inbox.until((items) => items.includes(`${topic} one`))
  }
})
