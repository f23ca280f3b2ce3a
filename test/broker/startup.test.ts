import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { useEnvironment } from '../support/environment.js'

/**
 * An app that starts in the background, on a cluster that cannot be reached at first, as often as `failures` says, or
 * at the tries for which it says so.
 */
async function build (t: Test, failures: number | ((n: number) => boolean), options: FaststreamOptions = {}) {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'info', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { startup: 'background', ...options })
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  const closed: number[] = []
  let made = 0
  useEnvironment(app, {
    clock,
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster })
      const n = ++made
      const fails = typeof failures === 'function' ? failures(n) : n <= failures
      const connect = !fails
        ? transport.connect
        : async () => {
          throw Object.assign(new Error('no answer'), { code: 'E_NO_ANSWER' })
        }
      return {
        ...transport, connect, close: async () => { closed.push(n); await transport.close() }
      } satisfies Transport
    }
  })
  return { app, clock, lines, closed }
}

t.test('startup in the background: HTTP is served, publish is refused until the cluster is up', async (t) => {
  const { app, clock, lines, closed } = await build(t, 2)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => { inbox.add(value) })
  app.post('/orders', async (request, reply) => { return await request.broker.publish('orders', request.body) })
  t.match(app.broker.health(), { healthy: false, state: 'starting' })
  await app.ready()
  await turn()
  t.match(app.broker.health(), {
    healthy: false,
    state: 'connecting',
    lastError: { code: 'E_NO_ANSWER', message: 'no answer' },
    subscribers: [{ topics: ['orders'], healthy: false, state: 'joining', partitions: [] }]
  })
  const [{ partitions, missingTopics } = {}] = app.broker.health().subscribers
  t.same([partitions, missingTopics], [[], []])
  const refused = await app.inject({ method: 'POST', url: '/orders', payload: { id: 1 } })
  t.match([refused.statusCode, refused.json().code], [503, 'FASTSTREAM_ERR_NOT_READY'])

  await clock.advance(2000)
  await turn()
  t.same(closed, [1, 2], 'what failed is let go of')
  t.match(lines.filter(({ msg }) => msg.includes('tried again')), [
    { level: 50, attempt: 1, err: { message: 'no answer' } }, { attempt: 2 }
  ])
  t.match(app.broker.health(), {
    healthy: true, state: 'connected', subscribers: [{ state: 'reading', partitions: [{ lag: 0 }, {}, {}] }]
  })
  const taken = await app.inject({ method: 'POST', url: '/orders', payload: { id: 2 } })
  t.equal(taken.statusCode, 200)
  t.same(await inbox.count(1), [{ id: 2 }])
  await app.close()
  t.match(app.broker.health(), { healthy: false, state: 'closed', subscribers: [{ state: 'closed' }] })
})

t.test('a result for a cluster that cannot be reached yet waits for it', async (t) => {
  const { app, clock, lines } = await build(t, (n) => n === 2, { startup: 'strict' })
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'billing', startup: 'background' })
  const { billing } = app.brokers as unknown as { billing: FastifyInstance['broker'] }
  const invoices = new Inbox<unknown>()
  const dead = new Inbox<unknown>()
  let handled = 0
  app.broker.subscriber('orders', { publish: billing.publisher('invoices') }, (order) => { handled++; return order })
  app.broker.subscriber('orders.dlq', (order) => { dead.add(order) })
  billing.subscriber('invoices', (invoice) => { invoices.add(invoice) })
  await app.ready()
  await turn()
  await app.broker.publish('orders', { id: 1 })
  const waits = () => lines.find(({ msg }) => msg.includes('result could not be published'))
  while (waits() === undefined) await turn()
  t.match(waits(), { err: { code: 'FASTSTREAM_ERR_NOT_READY' } })
  await clock.advance(10_000)
  t.same(await invoices.count(1), [{ id: 1 }])
  t.equal(handled, 1)
  t.same(dead.items, [])
})

t.test('pauses between tries grow to half a minute, and go on for ever', async (t) => {
  const { app, clock, lines } = await build(t, Infinity)
  await app.ready()
  await clock.advance(600_000)
  const pauses = lines.filter(({ msg }) => msg.includes('tried again')).map(({ retryIn }) => retryIn as number)
  t.ok(pauses.length > 18)
  t.ok(pauses[0] as number <= 600)
  const longest = pauses.slice(7)
  t.ok(longest.every((pause) => pause >= 24_000 && pause <= 36_000))
  t.ok(new Set(longest).size > 1, 'apps that lost their cluster together do not come back together')
  await app.close()
  t.equal(clock.waiting, 0)
})

t.test('an app that closes while it connects in the background leaves nothing open', async (t) => {
  const app = Fastify()
  await app.register(faststreamPlugin, { startup: 'background', brokers: ['127.0.0.1:1'], groupId: 'g' })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const before = Date.now()
  await app.close()
  t.ok(Date.now() - before < 9000)
  // A socket that is destroyed goes a turn later; one that is left open would hang here.
  while (process.getActiveResourcesInfo().includes('TCPSocketWrap')) await turn()
})

t.test('what no time can cure fails at once, also in the background', async (t) => {
  const { app } = await build(t, 0)
  app.broker.subscriber('orders', { schema: { value: { type: 'no such type' } } }, () => {})
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
})

t.test('the tests of users are always connected', async (t) => {
  const { app } = await build(t, 0)
  useEnvironment(app, { options: { startup: 'strict' } })
  await app.ready()
  t.match(app.broker.health(), { healthy: true, state: 'connected' })
  const { partition } = await app.broker.publish('orders', 1).catch(({ code }) => ({ partition: code }))
  t.equal(partition, 'FASTSTREAM_ERR_UNKNOWN_TOPIC')
})

t.test('a partition is skipped through its subscriber', async (t) => {
  const { app } = await build(t, 0)
  const orders = app.broker.subscriber('orders', () => {})
  t.throws(() => orders.skipTo({ topic: 'orders', partition: 0, offset: 5n }), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await app.ready()
  await turn()
  t.throws(() => orders.skipTo({ topic: 'orders', partition: 0, offset: 5n }), {
    code: 'FASTSTREAM_ERR_SKIP', statusCode: 409
  })
  t.throws(() => orders.skipTo({ topic: 'others', partition: 0, offset: 5n }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topic'.*orders/
  })
  t.throws(() => orders.skipTo({ topic: 'orders', partition: 0, offset: 5 as unknown as bigint }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'offset'/
  })
  t.throws(() => orders.skipTo({ topic: 'orders', partition: 0, offset: -5n }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'offset'/
  })
})

t.test('a partition whose offset is gone is read on from the place that skipTo names', async (t) => {
  const cluster = createMemoryCluster()
  async function reader (...published: readonly number[]) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { groupId: 'shop', offsetReset: 'fail', topicConfig: { partitions: 1 } })
    useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
    const inbox = new Inbox<unknown>()
    const orders = app.broker.subscriber('orders', (value) => { inbox.add(value) })
    await app.ready()
    for (const value of published) await app.broker.publish('orders', value)
    return { app, inbox, orders }
  }
  const first = await reader(0, 1)
  await first.inbox.count(2)
  await first.app.close()
  const writer = Fastify()
  t.teardown(() => writer.close())
  await writer.register(faststreamPlugin)
  useEnvironment(writer, { createTransport: async () => createMemoryTransport({ cluster }) })
  await writer.ready()
  for (const value of [2, 3, 4, 5]) await writer.broker.publish('orders', value)
  cluster.deleteRecords('orders', 0, 3n)
  const { app, inbox, orders } = await reader()
  const stopped = () => app.broker.health().subscribers[0]?.partitions[0]?.stopped
  while (stopped() === undefined) await turn()
  orders.skipTo({ topic: 'orders', partition: 0, offset: 4n })
  t.same(await inbox.count(2), [4, 5])
  t.equal(stopped(), undefined)
})
