import t, { type Test } from 'tap'
import { RejectMessage, SkipMessage, type AckPolicy, type FaststreamOptions } from '../../../index.js'
import { brokersOf } from '../../../lib/broker/app-brokers.js'
import { testBroker } from '../../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { useEnvironment } from '../../support/environment.js'
import { gate, Inbox } from '../../support/inbox.js'
import { newRegistry } from '../../support/metrics.js'
import { build as buildApp } from '../../support/plugin-app.js'
import { withoutProgress } from '../../support/with-progress.js'

const PROCESSED = 'faststream_messages_processed_total'

async function build (t: Test, options: FaststreamOptions = {}) {
  const metrics = newRegistry()
  const { client, registry } = metrics
  const app = await buildApp(t, { groupId: 'shop', metrics: { client, registry }, ...options })
  return { app, ...metrics }
}

/** Some counters begin at 0. */
function counted ({ value }: { readonly value: number }): boolean {
  return value > 0
}

t.test('messages are counted by what became of them', async (t) => {
  const { app, samples } = await build(t)
  app.broker.subscriber('orders', { retry: { retries: 1 } }, (value) => {
    if (value === 'skip') throw new SkipMessage()
    if (value === 'reject') throw new RejectMessage()
    if (value === 'fail') throw new Error('no stock')
  })
  app.broker.subscriber('letters', { deadLetter: false, retry: { retries: 0 } }, () => { throw new Error('lost') })
  const tests = await testBroker(app, { allowFailures: true })
  for (const value of ['take', 'take', 'skip', 'reject', 'fail']) await tests.publish('orders', value)
  await tests.publish('letters', 1)
  await tests.settled()
  const found = (await samples(PROCESSED)).map(({ labels: { topic, outcome }, value }) => [topic, outcome, value])
  t.same(found.sort(), [
    ['letters', 'discarded', 1], ['orders', 'acked', 2], ['orders', 'dead_lettered', 2],
    ['orders', 'retried', 1], ['orders', 'skipped', 1]
  ])
  const letters = (await samples('faststream_dead_letters_total')).filter(counted)
  t.same(letters.map(({ labels, value }) => [labels, value]), [
    [{ cluster: 'default', topic: 'orders', group: 'shop', stage: 'retries-exhausted' }, 1],
    [{ cluster: 'default', topic: 'orders', group: 'shop', stage: 'rejected' }, 1]
  ])
})

/** The outcome of a handler that fails once, in each policy. */
const FAILURES: ReadonlyArray<readonly [policy: AckPolicy, outcomes: readonly string[]]> = [
  ['ACK_FIRST', ['failed']],
  ['ACK', ['failed']],
  ['REJECT_ON_ERROR', ['retried', 'acked']],
  ['NACK_ON_ERROR', ['retried', 'acked']],
  ['MANUAL', ['retried', 'acked']]
]

for (const [ackPolicy, outcomes] of FAILURES) {
  t.test(`a handler that fails is no success in the policy ${ackPolicy}`, async (t) => {
    const { app, samples } = await build(t)
    let attempts = 0
    app.broker.subscriber('orders', { ackPolicy }, (_, { ack }) => {
      if (++attempts === 1) throw new Error('once')
      if (ackPolicy === 'MANUAL') ack()
    })
    const tests = await testBroker(app, { allowFailures: true })
    await tests.publish('orders', 1)
    await tests.settled()
    const counted = await samples(PROCESSED)
    t.same(counted.map(({ labels: { outcome }, value }) => `${outcome} ${value}`), outcomes.map((name) => `${name} 1`))
  })
}

t.test('attempts that run are in flight, and their time is measured', async (t) => {
  const { app, value, samples } = await build(t)
  const [began, ended] = [gate(), gate()]
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1)
  await began.opened
  t.equal(await value('faststream_in_flight', { topic: 'orders', group: 'shop' }), 1)
  t.equal(await value('faststream_process_duration_seconds_count'), 0)
  ended.open()
  await tests.settled()
  t.equal(await value('faststream_in_flight'), 0)
  const [sum] = await samples('faststream_process_duration_seconds_sum')
  t.match(sum, { labels: { cluster: 'default', topic: 'orders', group: 'shop' } })
  t.equal(await value('faststream_process_duration_seconds_count'), 1)
})

t.test('an attempt that holds the event loop is a stall, and one that waits is none', async (t) => {
  const { app, value } = await build(t)
  app.broker.subscriber('orders', async (held) => {
    if (held === true) {
      const end = performance.now() + 60
      while (performance.now() < end);
    } else {
      await new Promise((resolve) => { setTimeout(resolve, 60) })
    }
  })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', false)
  await tests.settled()
  t.equal(await value('faststream_event_loop_stalls_total'), 0)
  await tests.publish('orders', true)
  await tests.settled()
  t.equal(await value('faststream_event_loop_stalls_total', { cluster: 'default', topic: 'orders' }), 1)
})

t.test('publishes are measured by outcome, those to undeclared topics under one label', async (t) => {
  const { app, samples } = await build(t)
  const orders = app.broker.publisher('orders')
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish(orders, 1)
  await t.rejects(app.broker.publish(orders, 1, { partition: 9 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  for (const name of ['one', 'two']) {
    await t.rejects(app.broker.publish(name, 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  }
  await tests.settled()
  const counts = await samples('faststream_publish_duration_seconds_count')
  t.same(counts.map(({ labels: { topic, outcome }, value }) => `${topic} ${outcome} ${value}`).sort(), [
    'orders failed 1', 'orders published 1', 'other failed 2'
  ])
})

t.test('the publish queue, commit age and lag are read when metrics are collected', async (t) => {
  const { app, value, samples } = await build(t)
  const [began, ended] = [gate(), gate()]
  app.broker.publisher('invoices')
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1, { partition: 2 })
  await tests.publish('orders', 2, { partition: 2 })
  await began.opened
  t.equal(await value('faststream_lag', { topic: 'orders', partition: '2', group: 'shop' }), 2)
  t.ok(await value('faststream_commit_age_seconds', { topic: 'orders', partition: '2', group: 'shop' }) > 0)
  t.equal((await samples('faststream_lag')).length, 3, 'one for each partition')
  ended.open()
  await tests.settled()
  t.equal(await value('faststream_lag'), 0)
  t.equal(await value('faststream_commit_age_seconds'), 0)

  t.equal(await value('faststream_publish_queue_messages'), 0)
  const published = app.broker.publish('invoices', 'text')
  t.equal(await value('faststream_publish_queue_messages', { cluster: 'default' }), 1)
  t.ok(await value('faststream_publish_queue_bytes', { cluster: 'default' }) > 0)
  await published
})

t.test('the topics that a pattern finds have its text as their label', async (t) => {
  const { app, samples } = await build(t)
  const cluster = createMemoryCluster()
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  cluster.createTopics(['orders.eu', 'orders.us'].map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  const handled = new Inbox<unknown>()
  app.broker.subscriber(/^orders\./, handled.add)
  await app.ready()
  for (const region of ['eu', 'us']) await app.broker.publish(`orders.${region}`, region)
  await handled.count(2)
  while (app.broker.health().subscribers[0]!.lag > 0) await new Promise(setImmediate)
  const [counted, ...others] = await samples(PROCESSED)
  t.match(counted, { labels: { topic: '/^orders\\\\./', outcome: 'acked' }, value: 2 })
  t.same(others, [])
  const lags = await samples('faststream_lag')
  t.same(lags.map(({ labels: { partition }, value }) => [partition, value]), [['0', 0]], 'one for both topics')
})

t.test('a lag that the cluster has not told yet has no value', async (t) => {
  const { app, samples } = await build(t)
  useEnvironment(app, { createTransport: async () => withoutProgress() })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.same(await samples('faststream_lag'), [])
  t.equal((await samples('faststream_commit_age_seconds')).length, 3)
})

t.test('rebalances, drains that time out and corrupt batches are counted', async (t) => {
  const { app, samples } = await build(t)
  app.broker.subscriber('orders', () => {})
  await testBroker(app, { allowFailures: true })
  t.same((await samples('faststream_rebalances_total')).map(({ labels, value }) => [labels, value]), [
    [{ cluster: 'default', group: 'shop', reason: 'joined' }, 1]
  ])
  const { events } = brokersOf(app).byName.get('default')!
  const place = { ...events.identity, groupId: null, topic: 'orders', partition: 0, offset: 1n, nextOffset: 2n }
  events.drainTimedOut.emit({ ...events.identity, groupId: 'shop', reason: 'rebalance', timeout: 1, unsettled: [] })
  events.partitionStopped.emit({ ...place, error: new Error('crc') })
  const reset = Object.assign(new Error('gone'), { code: 'FASTSTREAM_ERR_OFFSET_RESET' })
  events.partitionStopped.emit({ ...place, error: reset })
  const drains = (await samples('faststream_drain_timeouts_total')).filter(counted)
  t.same(drains.map(({ labels, value }) => [labels, value]), [
    [{ cluster: 'default', group: 'shop', reason: 'rebalance' }, 1]
  ])
  const corrupt = (await samples('faststream_corrupt_batches_total')).filter(counted)
  t.same(corrupt.map(({ labels, value }) => [labels, value]), [
    [{ cluster: 'default', topic: 'orders', group: '' }, 1]
  ])
})

t.test('a message that is not settled is counted when its partition is lost', async (t) => {
  const { app, value } = await build(t, { drainTimeout: 1 })
  const [began, ended] = [gate(), gate()]
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  const tests = await testBroker(app, { allowFailures: true })
  await tests.publish('orders', 1)
  await began.opened
  await app.close()
  ended.open()
  while (await value(PROCESSED) === 0) await new Promise(setImmediate)
  t.equal(await value(PROCESSED, { outcome: 'unsettled' }), 1)
  t.equal(await value('faststream_drain_timeouts_total', { reason: 'close' }), 1)
})
