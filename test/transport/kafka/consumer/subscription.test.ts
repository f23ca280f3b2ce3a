import t, { type Test } from 'tap'
import { Subscription } from '../../../../lib/transport/kafka/consumer/subscription.js'
import type { ConsumerOptions } from '../../../../lib/transport/transport.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment } from '../../../support/kafka-client.js'

/** A subscription, and a cluster whose topics the test may change. */
function build (t: Test, options: Pick<ConsumerOptions, 'topics' | 'partitions'>, topics: Record<string, number>) {
  const asked: Array<readonly string[] | null> = []
  const wire = fakeWire({
    Metadata: (request, address) => {
      asked.push(request.topics)
      return metadataOf(topics)(request, address)
    }
  })
  const { cluster, metadata, learn } = clientOf(t, wire, manualEnvironment())
  const subscription = new Subscription(options, metadata)
  return {
    subscription,
    metadata,
    asked,
    topics,
    learn,
    refresh: () => cluster.until(5000, (operation) => subscription.refresh(operation))
  }
}

const european = (topic: string): boolean => topic.startsWith('eu-')

t.test('topics by name are asked for by name, and missing ones stay subscribed', async (t) => {
  const { subscription, asked, refresh } = build(t, { topics: ['orders', 'later'] }, { orders: 2, other: 1 })
  await refresh()
  t.same(asked, [['orders', 'later']])
  t.same(subscription.topics, ['orders', 'later'])
  t.same(subscription.partitions, [{ topic: 'orders', partition: 0 }, { topic: 'orders', partition: 1 }])
  t.same(
    [subscription.includes('later'), subscription.includes('other'), subscription.isCreated('later')],
    [true, false, false]
  )
})

t.test('a test of names sees all topics of the cluster, in one order whatever the node answers', async (t) => {
  const { subscription, asked, refresh } = build(t, { topics: european }, { 'eu-b': 1, 'us-a': 1, 'eu-a': 2 })
  t.same(subscription.topics, [], 'before the cluster has answered')
  await refresh()
  t.same(asked, [null])
  t.same(subscription.topics, ['eu-a', 'eu-b'])
  t.equal(subscription.counts, 'eu-a:2,eu-b:1')
  t.same([subscription.includes('eu-new'), subscription.includes('us-a')], [true, false])
})

t.test('names beside a test of names are there once, also those that do not exist', async (t) => {
  const topics = ['later', 'eu-a', european]
  const { subscription, asked, refresh } = build(t, { topics }, { 'eu-b': 1, 'us-a': 1, 'eu-a': 2 })
  await refresh()
  t.same(asked, [null])
  t.same(subscription.topics, ['later', 'eu-a', 'eu-b'])
})

t.test('a topic that begins to match later is new, also one that was deleted meanwhile, and no other', async (t) => {
  const { subscription, topics, refresh } = build(t, { topics: european }, { 'eu-a': 1, 'eu-b': 1 })
  await refresh()
  topics['eu-c'] = 1
  delete topics['eu-b']
  await refresh()
  t.same(subscription.topics, ['eu-a', 'eu-c'])
  topics['eu-b'] = 1
  await refresh()
  t.same(['eu-a', 'eu-b', 'eu-c'].map((topic) => subscription.isCreated(topic)), [false, true, true])
})

t.test('a topic that the cluster has deleted matches no more, whichever request has told so', async (t) => {
  const { subscription, metadata, topics, refresh, learn } = build(t, { topics: european }, {
    'eu-a': 1, 'eu-b': 1, 'us-a': 1
  })
  await learn('us-a')
  await refresh()
  delete topics['eu-a']
  await learn('eu-a')
  t.same(subscription.topics, ['eu-b'])
  delete topics['us-a']
  await refresh()
  t.equal(metadata.get('us-a').errorCode, 3)
})

t.test('of partitions chosen by hand those that exist are owned', async (t) => {
  const { subscription, refresh } = build(t, { topics: european, partitions: [0, 2] }, { 'eu-a': 3, 'eu-b': 1 })
  await refresh()
  t.same(subscription.partitions, [
    { topic: 'eu-a', partition: 0 }, { topic: 'eu-a', partition: 2 }, { topic: 'eu-b', partition: 0 }
  ])
})
