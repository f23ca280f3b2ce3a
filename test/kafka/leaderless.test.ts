import t from 'tap'
import { startCluster } from '../../tools/kafka/cluster.js'
import { uniqueName, until, withAdmin } from './fixture.js'
import { createMember, numbered, produce } from './members.js'

t.test('a partition whose only node is down holds up no other, and is read when the node is back', async (t) => {
  const cluster = await startCluster({ nodes: 3 })
  t.teardown(() => cluster.stop())
  const { brokers } = cluster
  const [stays, goes] = [uniqueName('stays'), uniqueName('goes')]
  await withAdmin(async (admin) => {
    const one = { configEntries: [{ name: 'min.insync.replicas', value: '1' }] }
    await admin.createTopics({
      waitForLeaders: false,
      topics: [
        { ...one, topic: stays, replicaAssignment: [{ partition: 0, replicas: [1] }] },
        { ...one, topic: goes, replicaAssignment: [{ partition: 0, replicas: [3] }] }
      ]
    })
    await until(
      async () => (await Promise.all([stays, goes].map((topic) => admin.fetchTopicOffsets(topic)))).flat().length === 2
    )
  }, brokers)
  await produce(goes, numbered(2, { from: 3 }), brokers)
  const topics = [stays, goes]
  const first = createMember(t, { topics, brokers })
  await first.consumer.start()
  await first.observer.has(2)
  await first.consumer.commit([{ topic: goes, partition: 0, offset: 2n }])

  await cluster.kill(2)
  await until(() => withAdmin(
    async (admin) => await admin.fetchTopicMetadata({ topics: [goes] }).then(
      () => false, ({ message }) => /no leader/.test(message)
    ),
    brokers.slice(0, 2),
    { retries: 0 }
  ))
  await produce(stays, numbered(3), brokers.slice(0, 2))
  await first.observer.has(5)

  // A member that joins now cannot ask a leader where that partition begins.
  const late = [createMember(t, { topics, brokers }), createMember(t, { topics, brokers, groupId: null })]
  for (const { consumer, observer } of late) {
    await consumer.start()
    await observer.has(3)
    t.same(consumer.missing(), [])
  }

  await cluster.up(2)
  await produce(goes, numbered(1, { from: 5 }), brokers)
  await first.observer.has(6)
  for (const { observer } of late) await observer.has(6)
  t.same(first.observer.values(), ['3', '4', '0', '1', '2', '5'])
  for (const { observer } of late) t.same(observer.values(), ['0', '1', '2', '3', '4', '5'])
  t.same([first, ...late].flatMap(({ observer }) => observer.failures), [])
})
