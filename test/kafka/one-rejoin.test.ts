import t from 'tap'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'
import { rejoinInOnePlace } from '../../lib/transport/kafkajs/one-rejoin.js'

interface ConsumerGroup {
  readonly preferredReadReplicasPerTopicPartition: Record<string, Record<number, unknown>>
  recoverFromFetch (error: Error): Promise<void>
}

/** KafkaJS's group as far as it recovers from the error of a fetch. */
function group () {
  rejoinInOnePlace()
  rejoinInOnePlace()
  const done: string[] = []
  const { prototype } = loadKafkajs().load('src/consumer/consumerGroup.js') as { prototype: ConsumerGroup }
  const group: ConsumerGroup = Object.assign(Object.create(prototype), {
    logger: { debug () {}, warn () {}, error () {} },
    cluster: { refreshMetadata: async () => { done.push('metadata') }, removeBroker: () => { done.push('remove') } },
    preferredReadReplicasPerTopicPartition: { orders: {} },
    offsetManager: { setDefaultOffset: async () => { done.push('offset') } },
    joinAndSync: async () => { done.push('join') }
  })
  return { group, done }
}

function failure (name: string, type?: string): Error {
  return Object.assign(new Error('of a fetch'), { name, type })
}

for (const error of [
  failure('KafkaJSProtocolError', 'NOT_LEADER_FOR_PARTITION'),
  failure('KafkaJSStaleTopicMetadataAssignment'),
  failure('KafkaJSOffsetOutOfRange', 'OFFSET_OUT_OF_RANGE')
]) {
  t.test(`${error.name} is left to the runner, which stops all fetches before it rejoins`, async (t) => {
    const { group: stale, done } = group()
    const rejected = await stale.recoverFromFetch(error).catch((err) => err)
    t.match(rejected, { type: 'REBALANCE_IN_PROGRESS', cause: error })
    t.notOk(done.includes('join'))
    t.notOk(done.includes('offset'), 'and nothing is committed')
  })
}

t.test('an offset that a follower does not have is asked of the leader', async (t) => {
  const { group: far, done } = group()
  far.preferredReadReplicasPerTopicPartition['orders']![1] = { nodeId: 2, expireAt: Date.now() + 5000 }
  const error = Object.assign(failure('KafkaJSOffsetOutOfRange'), { topic: 'orders', partition: 1 })
  await far.recoverFromFetch(error)
  t.same(far.preferredReadReplicasPerTopicPartition, { orders: {} })
  t.match(await far.recoverFromFetch(error).catch((err) => err), { type: 'REBALANCE_IN_PROGRESS' })
  t.same(done, [])
})

t.test('what needs no rejoin is as it was', async (t) => {
  const { group: closed, done } = group()
  await closed.recoverFromFetch(failure('KafkaJSConnectionClosedError'))
  t.same(done, ['remove'])
  await t.rejects(closed.recoverFromFetch(failure('KafkaJSTimeout')), { message: 'of a fetch' })
})
