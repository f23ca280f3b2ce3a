import t, { type Test } from 'tap'
import { createAdmin } from '../../lib/transport/kafka/cluster/admin.js'
import type { Cluster } from '../../lib/transport/kafka/cluster/cluster.js'
import { TopicMetadata } from '../../lib/transport/kafka/cluster/topic-metadata.js'
import type { TransportOptions } from '../../lib/transport/transport.js'
import { inSeconds, interceptAnswers, openCluster, openProducer, record, transportOptions } from './client.js'
import { createTopic, uniqueName, withAdmin } from './fixture.js'

t.test('topics are described by their number of partitions, missing ones are left out and not created', async (t) => {
  const [three, one] = await Promise.all([createTopic({ partitions: 3 }), createTopic({ partitions: 1 })])
  const missing = uniqueName('missing')
  const admin = openAdmin(t)

  t.same(await admin.describeTopics([three, missing, one]), new Map([[three, 3], [one, 1]]))
  t.same(await admin.describeTopics([]), new Map())
  t.notOk((await withAdmin((admin) => admin.listTopics())).includes(missing))
})

t.test('the metadata tell the id of the cluster', async (t) => {
  const cluster = openCluster(t, transportOptions())
  await cluster.until(5000, (operation) => cluster.connect(operation))
  t.equal(cluster.id, (await withAdmin((admin) => admin.describeCluster())).clusterId)
})

t.test('topics that were created can be written at once', async (t) => {
  const [first, second] = [uniqueName('first'), uniqueName('second')]
  const admin = openAdmin(t)
  await admin.createTopics([
    { topic: first, partitions: 5, replicas: 1 }, { topic: second, partitions: 1, replicas: -1 }
  ])

  t.same(await admin.describeTopics([first, second]), new Map([[first, 5], [second, 1]]))
  t.same(await openProducer(t).send([record(first, 4, 'a'), record(second, 0, 'b')], inSeconds(5)), [0n, 0n])
})

t.test('a topic that exists is no error and stays as it is, also beside a new one', async (t) => {
  const existing = await createTopic({ partitions: 2 })
  const added = uniqueName('added')
  const admin = openAdmin(t)
  await admin.createTopics([
    { topic: existing, partitions: 9, replicas: -1 }, { topic: added, partitions: 1, replicas: -1 }
  ])
  await admin.createTopics([])

  t.same(await admin.describeTopics([existing, added]), new Map([[existing, 2], [added, 1]]))
})

t.test('a topic that the cluster refuses is an error that says which and why', async (t) => {
  const admin = openAdmin(t)
  const topic = uniqueName('wide')

  const error = {
    code: 'FASTSTREAM_ERR_TOPICS',
    message: new RegExp(`the topics ${topic} could not be prepared: ${topic}: .*replication`, 'i')
  }
  await t.rejects(admin.createTopics([{ topic, partitions: 1, replicas: 99 }]), error)
  await t.rejects(admin.describeTopics(['not/a topic']), { code: 'FASTSTREAM_ERR_TOPICS', message: /invalid topic/ })
})

t.test('what passes by itself is waited for: no controller, no message, no news, no leader', async (t) => {
  const topic = uniqueName('slow')
  const admin = openAdmin(t)
  const creations = interceptAnswers(t, 'CreateTopics', (answer, count) => {
    const notController = 41
    if (count === 1) answer.topics[0] = { topic, errorCode: notController, message: null }
    return answer
  })
  const looks = interceptAnswers(t, 'Metadata', (answer, count) => {
    if (count === 1) answer.controllerId = -1
    const [found] = answer.topics
    if (count === 4) answer.topics[0] = { ...found, errorCode: 3, partitions: [] }
    if (count === 5) found.partitions[0].leader = -1
    return answer
  })
  await admin.createTopics([{ topic, partitions: 1, replicas: -1 }])

  t.equal(creations.count, 2)
  t.equal(looks.count, 6)
})

t.test('a partition without a leader is counted, too', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  interceptAnswers(t, 'Metadata', (answer) => {
    answer.topics[0].errorCode = 5
    return answer
  })
  t.same(await openAdmin(t).describeTopics([topic]), new Map([[topic, 2]]))
})

t.test('without a cluster it ends in time, and after close at once', async (t) => {
  const admin = openAdmin(t, { brokers: ['127.0.0.1:1'], connectTimeout: 300 })
  await t.rejects(admin.describeTopics(['orders']), { code: 'FASTSTREAM_ERR_TOPICS', message: /ECONNREFUSED/ })

  const cluster = openCluster(t, transportOptions())
  cluster.close()
  await t.rejects(adminOf(cluster, transportOptions()).describeTopics(['orders']), {
    code: 'FASTSTREAM_ERR_TOPICS', message: /closed/
  })
})

function openAdmin (t: Test, changes: Partial<TransportOptions> = {}): ReturnType<typeof createAdmin> {
  const options = transportOptions(changes)
  return adminOf(openCluster(t, options), options)
}

function adminOf (cluster: Cluster, options: TransportOptions): ReturnType<typeof createAdmin> {
  return createAdmin(cluster, new TopicMetadata(cluster, options), options)
}
