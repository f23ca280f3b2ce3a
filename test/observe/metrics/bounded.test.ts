import t, { type Test } from 'tap'
import { DEAD_LETTER_STAGES } from '../../../lib/message/dead-letter-headers.js'
import { testBroker } from '../../../lib/testing/index.js'
import { build as buildBatchApp } from '../../support/batch-app.js'
import { Inbox } from '../../support/inbox.js'
import { newRegistry } from '../../support/metrics.js'
import { build as buildApp } from '../../support/plugin-app.js'

async function build (t: Test) {
  const metrics = newRegistry()
  const { client, registry } = metrics
  const app = await buildApp(t, { groupId: 'shop', metrics: { client, registry } })
  return { app, ...metrics }
}

t.test('the counters that alerts wait for begin at 0, so that their first event is an increase', async (t) => {
  const { app, samples } = await build(t)
  app.broker.subscriber('orders', () => {})
  app.broker.subscriber(/^eu\./, { groupId: null }, () => {})
  await app.ready()
  const all = async (name: string): Promise<unknown[]> => {
    return (await samples(name)).map(({ labels: { cluster, ...labels }, value }) => [...Object.values(labels), value])
  }
  const pattern = '/^eu\\\\./'
  t.same(await all('faststream_corrupt_batches_total'), [['orders', 'shop', 0], [pattern, '', 0]])
  t.same(await all('faststream_dead_letters_total'), [
    ...DEAD_LETTER_STAGES.map((stage) => ['orders', 'shop', stage, 0]),
    ...DEAD_LETTER_STAGES.map((stage) => [pattern, '', stage, 0])
  ])
  t.same(await all('faststream_drain_timeouts_total'), [
    ['shop', 'rebalance', 0], ['shop', 'close', 0], ['', 'rebalance', 0], ['', 'close', 0]
  ])
})

t.test('subscribers that start and stop by themselves share one label, whatever their groups are', async (t) => {
  const { app, samples } = await build(t)
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app, { allowFailures: true })
  const handled = new Inbox<unknown>()
  for (const id of [1, 2]) {
    const live = app.broker.subscriber('orders', { groupId: `live-${id}` }, handled.add)
    await live.start()
    await app.broker.publish('orders', id)
    await handled.count(id)
    await tests.settled()
    await live.stop()
  }
  const groups = (await samples('faststream_messages_processed_total')).map(({ labels: { group } }) => group)
  t.same([...new Set(groups)].sort(), ['other', 'shop'])
})

t.test('a batch that holds the event loop is one stall, and not one for each message', async (t) => {
  const { client, registry, value } = newRegistry()
  const { publish } = await buildBatchApp(t, {
    plugin: { groupId: 'shop', metrics: { client, registry } },
    take: () => {
      const end = performance.now() + 60
      while (performance.now() < end);
    }
  })
  await publish('a', 'b', 'c')
  t.equal(await value('faststream_event_loop_stalls_total'), 1)
  t.equal(await value('faststream_process_duration_seconds_count'), 3)
})
