import t from 'tap'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { faststream } from '../support/faststream.js'
import { idleListener } from '../support/idle-listener.js'
import { transportOptions } from './client.js'
import { brokers, uniqueName, until, withAdmin } from './fixture.js'

/* Topics that are wrong on purpose, on a real Kafka of one node. */

const APP = 'test/kafka/doctor-app.ts'

interface Verdict {
  readonly findings: ReadonlyArray<{ readonly rule: string, readonly where: string, readonly what: string }>
  readonly untold: readonly unknown[]
}

async function create (topic: string, settings: Record<string, string>): Promise<void> {
  const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }))
  await withAdmin((admin) => admin.createTopics({
    topics: [{ topic, numPartitions: 2, replicationFactor: 1, configEntries }], waitForLeaders: true
  }))
}

async function verdict (verb: string, topic: string, group: string) {
  const options = ['--brokers', brokers().join(), '--group', group, '--topic', topic]
  const { code, json } = await faststream(verb, APP, '--json', '--', ...options)
  const { findings, untold } = json() as unknown as Verdict
  return { code, untold, found: findings.map(({ rule, where }) => `${rule} ${/'([^']+)'/.exec(where)?.[1]}`).sort() }
}

t.test('doctor finds what was made wrong, and no more; check finds none of it', async (t) => {
  const [topic, group] = [uniqueName('wrong'), uniqueName('group')]
  await create(topic, {
    'min.insync.replicas': '2',
    'unclean.leader.election.enable': 'true',
    'retention.ms': '60000',
    'max.message.bytes': '2000000'
  })
  await create(`${topic}.dlq`, { 'cleanup.policy': 'compact,delete', 'retention.ms': '1000' })
  const { code, found, untold } = await verdict('doctor', topic, group)
  t.equal(code, 1)
  t.same(found, [
    `compacted-dead-letters ${topic}.dlq`, `min-isr ${topic}`, `replication ${topic}`, `replication ${topic}.dlq`,
    `retention-dead-letters ${topic}.dlq`, `retention-retries ${topic}`, `size-of-dead-letters ${topic}.dlq`,
    `unclean-election ${topic}`
  ])
  t.same(untold, [])
  t.match(await verdict('check', topic, group), { code: 0, found: [], untold: [] })
})

t.test('check finds a topic that is missing, and members that read other topics', async (t) => {
  const [topic, other, group] = [uniqueName('right'), uniqueName('other'), uniqueName('group')]
  await create(other, {})
  const transport = createKafkajsTransport(transportOptions())
  const times = { rebalanceTimeout: 10_000, sessionTimeout: 10_000 }
  const consumer = transport.consumer(
    { groupId: group, topics: [other], offsetReset: 'earliest', ...times }, idleListener
  )
  t.teardown(() => transport.close())
  await consumer.start()
  await until(async () => {
    const { groups } = await withAdmin((admin) => admin.describeGroups([group]))
    return groups[0]?.state === 'Stable'
  })
  t.match(await verdict('check', topic, group), {
    code: 1, found: [`group-clash ${group}`, `topic-missing ${topic}`, `topic-missing ${topic}.dlq`]
  })
})
