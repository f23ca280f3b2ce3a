import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import faststreamPlugin, { type FaststreamOptions, type SubscriberHealth } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { brokers, createTopic, uniqueName, until, withAdmin } from './fixture.js'
import { store } from './members.js'

/* The steps of docs/operations/runbook.md, each in an app that is in that state. */

async function shop (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  const retry = { retries: 0 }
  await app.register(faststreamPlugin, { brokers: brokers(), topicConfig: { partitions: 1 }, retry, ...options })
  const health = (): SubscriberHealth | undefined => app.broker.health().subscribers[0]
  return { app, health, groupId: options.groupId ?? uniqueName('shop') }
}

t.test('lag grows: the subscriber is paused', async (t) => {
  const { app, health, groupId } = await shop(t)
  const topic = await createTopic({ partitions: 1 })
  const inbox = new Inbox<unknown>()
  const orders = app.broker.subscriber(topic, { groupId }, async (order) => { inbox.add(order) })
  await app.ready()
  await orders.pause()
  for (let id = 0; id < 3; id++) await app.broker.publish(topic, { id })
  await until(async () => health()?.state === 'paused' && health()?.lag === 3)
  await orders.resume()
  await inbox.count(3)
  await until(async () => health()?.lag === 0)
})

t.test('lag grows: a handler is late, and its message is settled when it ends', async (t) => {
  const { app, health, groupId } = await shop(t, { handlerTimeout: 200 })
  const topic = await createTopic({ partitions: 1 })
  const { opened, open } = gate()
  t.teardown(open)
  app.broker.subscriber(topic, { groupId }, async () => { await opened })
  await app.ready()
  for (let id = 0; id < 3; id++) await app.broker.publish(topic, { id })
  await until(async () => health()?.partitions[0]?.late === 0n && health()?.healthy === false)
  t.ok((health()?.lag ?? 0) > 0)
  open()
  await until(async () => health()?.lag === 0 && health()?.healthy === true)
})

t.test('lag grows: most attempts fail alike, and the subscriber goes on by itself', async (t) => {
  const { app, health, groupId } = await shop(t, { breaker: { minimum: 5 } })
  const topic = await createTopic({ partitions: 1 })
  const database = { isAway: true }
  const inbox = new Inbox<unknown>()
  app.broker.subscriber(topic, { groupId }, async (order) => {
    if (database.isAway) throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' })
    inbox.add(order)
  })
  await app.ready()
  for (let id = 0; id < 30; id++) await app.broker.publish(topic, { id })
  await until(async () => health()?.breaker?.error === 'Error ECONNREFUSED')
  t.equal(health()?.healthy, false)
  const { letters } = await app.broker.deadLetters.list()
  t.ok(letters.length < 5, `${letters.length} letters`)
  database.isAway = false
  await inbox.count(30 - letters.length)
  await until(async () => health()?.healthy === true && health()?.lag === 0)
})

t.test('lag grows: more arrives than handlers do, and the keys of a partition run at once', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { opened, open } = gate()
  t.teardown(open)
  for (const [ordering, inFlight] of [['partition', 1], ['key', 4]] as const) {
    const { app, health, groupId } = await shop(t, { ordering })
    app.broker.subscriber(topic, { groupId }, async () => { await opened })
    await app.ready()
    const orders = ordering === 'partition' ? ['1', '2', '3', '4'] : []
    for (const key of orders) await app.broker.publish(topic, {}, { key })
    await until(async () => health()?.inFlight === inFlight)
    t.equal(health()?.healthy, true)
  }
  open()
})

t.test('a partition stopped: it goes on behind what is not in the log', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { app, health, groupId } = await shop(t, { offsetReset: 'fail' })
  await store(t, groupId, topic, 5000n)
  const inbox = new Inbox<unknown>()
  const orders = app.broker.subscriber(topic, { groupId }, async (order) => { inbox.add(order) })
  await app.ready()
  await until(async () => health()?.partitions[0]?.stopped?.nextOffset !== undefined)
  t.equal(health()?.healthy, false)
  await app.broker.publish(topic, { id: 1 })
  // As docs/operations.md writes it.
  for (const { partitions } of app.broker.health().subscribers) {
    for (const { topic, partition, stopped } of partitions) {
      if (stopped?.nextOffset !== undefined) orders.skipTo({ topic, partition, offset: stopped.nextOffset })
    }
  }
  t.same(await inbox.count(1), [{ id: 1 }])
  await until(async () => health()?.healthy === true)
})

t.test('dead letters rise: they are counted, shown, redriven after the cure, and discarded', async (t) => {
  const { app, groupId } = await shop(t)
  const topic = await createTopic({ partitions: 1 })
  const fault = { isThere: true }
  const [inbox, others] = [new Inbox<unknown>(), new Inbox<unknown>()]
  const schema = { value: { type: 'object', required: ['id'] } }
  app.broker.subscriber(topic, { groupId, schema }, async function takeOrder (order) {
    if (fault.isThere) throw Object.assign(new Error('no stock'), { code: 'E_STOCK' })
    inbox.add(order)
  })
  app.broker.subscriber(topic, { groupId: uniqueName('other') }, async (order) => { others.add(order) })
  await app.ready()
  for (const order of [{ id: 1 }, { id: 2 }, {}]) await app.broker.publish(topic, order, { key: 'a' })
  const { deadLetters } = app.broker
  await until(async () => (await deadLetters.list()).letters.length === 3)
  t.equal((await deadLetters.list({ stage: 'validate' })).letters.length, 1)
  const [letter] = (await deadLetters.list({ code: 'E_STOCK' })).letters
  t.match(await deadLetters.show(letter!), { verdict: { valid: true }, deadLetter: { error: { code: 'E_STOCK' } } })
  fault.isThere = false
  t.match(await deadLetters.redrive({ dryRun: true }), {
    redriven: 3, verdicts: [{ valid: true }, { valid: true }, { valid: false, violation: /'id'/ }]
  })
  t.match(await deadLetters.redrive({ code: 'E_STOCK', rate: 50 }), { redriven: 2, refused: [] })
  t.same(await inbox.count(2), [{ id: 1 }, { id: 2 }])
  t.same(await deadLetters.discard({ stage: 'validate', reason: 'a test' }), { discarded: 1 })
  t.same((await deadLetters.list()).letters, [])
  await app.broker.publish(topic, { id: 3 })
  await others.until((orders) => orders.some((order) => (order as { id?: number }).id === 3))
  t.equal(others.items.length, 4, 'the other group has skipped what was redriven')
})

t.test('rebalances without end: the members tell which process restarts, and an own id ends them', async (t) => {
  const [topic, groupId] = [await createTopic({ partitions: 2 }), uniqueName('shop')]
  const { stream, lines } = memoryLog()
  const moved = (): number => lines.filter(({ msg }) => msg === 'partitions were assigned anew').length
  const join = async (options: FaststreamOptions, server: FastifyServerOptions = {}) => {
    const { app, health } = await shop(t, { groupId, ...options }, server)
    app.broker.subscriber(topic, async () => {})
    await app.ready()
    await until(async () => health()?.state === 'reading')
    return app
  }
  const members = async (): Promise<Map<string, string>> => await withAdmin(async (admin) => {
    const { groups } = await admin.describeGroups([groupId])
    return new Map(groups[0]!.members.map(({ clientId, memberId }) => [clientId, memberId]))
  })
  await join({ clientId: 'steady' }, { logger: { level: 'info', stream } })
  const first = await join({ clientId: 'unsteady' })
  await until(async () => moved() > 0 && (await members()).size === 2)
  const before = await members()
  await first.close()
  const second = await join({ clientId: 'unsteady' })
  await until(async () => (await members()).size === 2)
  const after = await members()
  t.equal(after.get('steady'), before.get('steady'))
  t.not(after.get('unsteady'), before.get('unsteady'), 'the process that restarts')
  await second.close()

  let own = await join({ clientId: 'unsteady', groupInstanceId: 'shop-2' })
  await until(async () => (await members()).size === 2)
  const [count, partitions] = [moved(), own.broker.health().subscribers[0]?.partitions.length]
  for (let restart = 0; restart < 2; restart++) {
    await own.close()
    own = await join({ clientId: 'unsteady', groupInstanceId: 'shop-2' })
    await until(async () => own.broker.health().subscribers[0]?.partitions.length === partitions)
  }
  t.equal(moved(), count, 'a restart moves no partition')
})

t.test('publish is 503: the app is not connected, and health() says why', async (t) => {
  const { app, groupId } = await shop(t, { brokers: ['127.0.0.1:9'], startup: 'background' })
  app.broker.subscriber('orders', { groupId }, async () => {})
  app.post('/orders', async (request) => await request.broker.publish('orders', {}))
  await app.ready()
  const res = await app.inject({ method: 'POST', url: '/orders' })
  t.equal(res.statusCode, 503)
  t.match(res.json(), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await until(async () => app.broker.health().lastError?.code === 'FASTSTREAM_ERR_CONNECT')
  t.equal(app.broker.health().state, 'connecting')
})

t.test('publish is 503: the cluster does not acknowledge, messages wait, and then it goes on', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const producer = { deadline: 3000, queue: { messages: 2 } }
  const { app } = await shop(t, { brokers: cluster.brokers, groupId: null, producer })
  app.broker.publisher('orders')
  app.post('/orders', async (request) => await request.broker.publish('orders', {}))
  await app.ready()
  const place = async (): Promise<{ statusCode: number, code?: string }> => {
    const res = await app.inject({ method: 'POST', url: '/orders' })
    return { statusCode: res.statusCode, code: res.json<{ code?: string }>().code }
  }
  t.match(await place(), { statusCode: 200 })
  cluster.freeze(0)
  const answers = await Promise.all([place(), place(), place(), place()])
  t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([503]))
  const codes = new Set(answers.map(({ code }) => code))
  t.same(codes, new Set(['FASTSTREAM_ERR_PUBLISH_QUEUE_FULL', 'FASTSTREAM_ERR_PUBLISH_TIMEOUT']))
  await t.rejects(app.broker.publish('orders', {}), { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', cause: Error })
  cluster.thaw(0)
  await until(async () => (await place()).statusCode === 200)
})
