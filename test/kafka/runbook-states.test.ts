import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import client from 'prom-client'
import faststreamPlugin, { type FaststreamOptions, type SubscriberHealth } from '../../index.js'
import { useByDefault } from '../../lib/broker/app-brokers.js'
import { SYSTEM } from '../../lib/broker/environment.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { faststream } from '../support/faststream.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { commandsOf } from '../support/runbook.js'
import { brokers, createTopic, uniqueName, until, withAdmin } from './fixture.js'

/* More states of docs/operations/runbook.md: what stands still, and what cannot be reached. */

async function shop (t: Test, options: FaststreamOptions, server: FastifyServerOptions = {}) {
  useByDefault(SYSTEM)
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), topicConfig: { partitions: 1 }, ...options })
  const health = (): SubscriberHealth | undefined => app.broker.health().subscribers[0]
  return { app, health }
}

/** A limit that no letter keeps is one way in which a cluster refuses them. */
async function limitSize (topic: string, value: string): Promise<void> {
  await withAdmin((admin) => admin.alterConfigs({
    validateOnly: false,
    resources: [{ type: 2, name: topic, configEntries: [{ name: 'max.message.bytes', value }] }]
  }))
}

t.test('lag grows: a message is tried again and again, and the log of its partition names the error', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { stream, lines } = memoryLog()
  const retry = { retries: 10_000, delay: 50, factor: 1 }
  const { app, health } = await shop(t, {
    groupId: uniqueName('shop'), handlerTimeout: 200, stuckAfter: 500, retry
  }, { logger: { level: 'warn', stream } })
  const store = { isAway: true }
  app.broker.subscriber(topic, async () => { if (store.isAway) throw new Error('no stock') })
  await app.ready()
  await app.broker.publish(topic, { id: 1 })
  await until(async () => health()?.healthy === false && (health()?.partitions[0]?.stalledFor ?? 0) > 500)
  t.match(lines.at(-1), { topic, partition: 0, offset: '0', err: { message: 'no stock' } })
  store.isAway = false
  await until(async () => health()?.healthy === true && health()?.lag === 0)
})

t.test('lag grows: the cluster refuses the dead letter, and the log of that partition says so', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { stream, lines } = memoryLog()
  const { app, health } = await shop(t, {
    groupId: uniqueName('shop'), handlerTimeout: 200, stuckAfter: 500, retry: { retries: 0 }, breaker: false
  }, { logger: { level: 'warn', stream } })
  app.broker.subscriber(topic, async () => { throw new Error('no stock') })
  await app.ready()
  await limitSize(`${topic}.dlq`, '10')
  await app.broker.publish(topic, { id: 1 })
  await until(async () => health()?.healthy === false && (health()?.partitions[0]?.stalledFor ?? 0) > 500)
  const refused = ({ partition, err }: typeof lines[number]) => partition === 0 && /TOO_LARGE/.test(JSON.stringify(err))
  await until(async () => lines.some(refused))
  await limitSize(`${topic}.dlq`, '1000000')
  await until(async () => health()?.healthy === true && health()?.lag === 0, 60_000)
  t.equal((await app.broker.deadLetters.list()).letters.length, 1)
})

t.test('rebalances without end: an event loop that stands still loses its session, and is counted', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const registry = new client.Registry()
  const { stream, lines } = memoryLog()
  const { app, health } = await shop(t, {
    groupId: uniqueName('shop'), sessionTimeout: 6000, metrics: { client, registry }
  }, { logger: { level: 'info', stream } })
  const sessions = new Inbox<unknown>()
  const still = new Int32Array(new SharedArrayBuffer(4))
  app.broker.subscriber(topic, async (order) => {
    if (sessions.items.length === 0) Atomics.wait(still, 0, 0, 9000)
    sessions.add(order)
  })
  await app.ready()
  await until(async () => health()?.state === 'reading')
  await app.broker.publish(topic, { id: 1 })
  await until(async () => lines.some(({ reason, msg }) => reason === 'lost' && msg === 'partitions were assigned anew'))
  const text = await registry.metrics()
  t.match(text, /^faststream_event_loop_stalls_total{.*} [1-9]/m)
  await until(async () => sessions.items.length === 2, 40_000)
  t.same(sessions.items, [{ id: 1 }, { id: 1 }], 'the message was redelivered')
})

t.test('publish is 503: no broker answers, and the log has the cause', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const topic = await createTopic({ partitions: 1 }, cluster.brokers)
  const { stream, lines } = memoryLog()
  const { app } = await shop(t, { brokers: cluster.brokers, groupId: null }, { logger: { level: 'warn', stream } })
  app.post('/orders', async (request) => await request.broker.publish(topic, {}))
  await app.ready()
  await cluster.kill(0)
  const res = await app.inject({ method: 'POST', url: '/orders' })
  t.equal(res.statusCode, 503)
  t.match(res.json(), { code: 'FASTSTREAM_ERR_UNAVAILABLE' })
  t.notMatch(res.body, /ECONNREFUSED|127\.0\.0\.1/)
  t.match(JSON.stringify(lines), /ECONNREFUSED/)

  const heading = 'Publish is 503'
  const names = { 'app.js': 'test/kafka/runbook-app.ts', orders: topic }
  const behind = ['--', '--brokers', cluster.brokers.join(), '--topic', topic, '--group', 'shop']
  const [check] = commandsOf(heading, 'check', names)
  t.match(await faststream(...check!, ...behind), { code: 2, out: /^could not tell: / })
  await cluster.up(0)
  await until(async () => (await app.inject({ method: 'POST', url: '/orders' })).statusCode === 200, 60_000)
  const [publish] = commandsOf(heading, 'publish', names)
  t.match(await faststream(...publish!, ...behind), { code: 0, out: `${topic}:0:1\n` })
})
