import t, { type Test } from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { answerError } from '../../../../lib/transport/kafka/cluster/denied.js'
import { Assignment } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { Generation } from '../../../../lib/transport/kafka/consumer/generation.js'
import type { Membership } from '../../../../lib/transport/kafka/consumer/membership.js'
import { Subscription } from '../../../../lib/transport/kafka/consumer/subscription.js'
import { Trigger } from '../../../../lib/transport/kafka/consumer/trigger.js'
import type { FetchAnswer } from '../../../../lib/transport/kafka/wire.js'
import type { ConsumerListener, StoredOffset } from '../../../../lib/transport/transport.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

const ORDERS = { topic: 'orders', partition: 0 }
const INVOICES = { topic: 'invoices', partition: 0 }

/** A generation that owns two partitions, whose logs hold the offsets 0 to 9, with 5 stored for one of them. */
async function build (
  t: Test,
  listener: Partial<ConsumerListener> = {},
  reading = true,
  positions = new Map<string, bigint>(),
  commit?: Membership['commit']
) {
  const environment = manualEnvironment()
  let answerFetch = (_answer: FetchAnswer): void => {}
  const forgotten: string[] = []
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 1, invoices: 1 }),
    Fetch: () => new Promise((resolve) => { answerFetch = resolve }),
    ListOffsets: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => ({
          partition, errorCode: 0, offset: timestamp === -2n ? 0n : 9n
        }))
      }))
    })
  })
  const client = clientOf(t, wire, environment)
  await client.learn('orders', 'invoices')
  const told: string[] = []
  const committed: StoredOffset[] = []
  const membership: Membership = {
    join: () => new Promise(() => {}),
    heartbeat: async () => 'alive',
    fetchStored: async () => new Map([['orders:0', { offset: 5n, metadata: 'text' }]]),
    commit: commit ?? (async (_assignment, offsets) => { committed.push(...offsets) }),
    forget: (topic) => { forgotten.push(topic) },
    leave: async () => {}
  }
  const options = {
    groupId: 'shop',
    topics: ['orders', 'invoices'],
    offsetReset: 'earliest',
    sessionTimeout: 6000,
    rebalanceTimeout: 6000
  } as const
  const subscription = new Subscription(options, client.metadata)
  const generation = new Generation({
    ...client,
    subscription,
    counts: subscription.counts,
    options,
    connections: client.cluster.connections(),
    membership,
    assignment: new Assignment('m', 1, [ORDERS, INVOICES]),
    listener: {
      assigned: () => { told.push('assigned') },
      revoking: async () => {},
      lost: () => {},
      records: (topic, _partition, _records, position) => { told.push(`${topic} begins at ${position}`) },
      stored: (topic, _partition, offset, metadata) => { told.push(`${topic} goes on at ${offset} ${metadata}`) },
      corrupt: () => {},
      reset: () => {},
      failed: () => {},
      ...listener
    },
    decode: { codecs: createCodecs(), checkCrcs: true },
    positions,
    isCreated: () => false,
    settled: () => { told.push('settled') },
    refresh: async () => {},
    stale: new Trigger(),
    rejoin: () => { told.push('rejoin') },
    failed: (error) => { told.push(error.message) }
  }, reading)
  generation.begin()
  await environment.clock.advance(10)
  return {
    ...environment,
    ...client,
    generation,
    told,
    committed,
    forgotten,
    wire,
    answerFetch: (answer: FetchAnswer) => { answerFetch(answer) }
  }
}

t.test('each partition begins where the group has left off, or says where else', async (t) => {
  const { generation, told } = await build(t)
  t.same(told, ['assigned', 'orders goes on at 5 text', 'invoices begins at 0', 'settled'])
  t.match(generation.progress(ORDERS), { position: 5n, end: 9n })
})

t.test('offsets of partitions that are not owned, and of topics that were deleted, are not committed', async (t) => {
  const { generation, committed, wire, learn } = await build(t)
  await rejects(t, generation.commit([{ topic: 'orders', partition: 7, offset: 1n }]), { name: 'GenerationLostError' })
  wire.handlers.Metadata = metadataOf({ invoices: 1 })
  await learn('orders')
  generation.described()
  await generation.commit([{ ...ORDERS, offset: 9n }, { ...INVOICES, offset: 1n }])
  t.same(committed, [{ ...INVOICES, offset: 1n }])
})

t.test('a topic that one answer lacks ends the generation, also when the next answer has it', async (t) => {
  const { generation, told, wire, learn } = await build(t)
  generation.described()
  t.notOk(told.includes('rejoin'), 'the topics are those of the join')
  wire.handlers.Metadata = metadataOf({ invoices: 1 })
  await learn('orders')
  generation.described()
  t.ok(told.includes('rejoin'))
  wire.handlers.Metadata = metadataOf({ orders: 1, invoices: 1 })
  await learn('orders')
  t.equal(told.filter((each) => each === 'rejoin').length, 1)
})

t.test('a commit without the right to it ends the member: nothing more could be committed', async (t) => {
  const commit = async (): Promise<void> => { throw answerError(30, 'OffsetCommit', { groupId: 'shop' }) }
  const { generation, told } = await build(t, {}, true, new Map(), commit)
  await rejects(t, generation.commit([{ ...ORDERS, offset: 9n }]), {
    right: { operation: 'Read', resource: 'group', name: 'shop' }
  })
  t.match(told.at(-1), /group authorization failed/)
})

t.test('the end of a log is asked for where nothing is fetched, now and then', async (t) => {
  const { generation, clock, wire } = await build(t)
  generation.refreshEnds()
  generation.pause(ORDERS)
  await clock.advance(4000)
  generation.refreshEnds()
  t.equal(wire.sent.filter((sent) => sent === 'a:1 ListOffsets').length, 3)
  await clock.advance(2000)
  generation.refreshEnds()
  await clock.advance(10)
  t.equal(wire.sent.filter((sent) => sent === 'a:1 ListOffsets').length, 6)
  t.match(generation.progress(ORDERS), { position: 5n, end: 9n })
})

t.test('a member that does not read any more is told nothing', async (t) => {
  t.same((await build(t, {}, false)).told, ['assigned', 'settled'])
})

t.test('a listener that throws ends the member', async (t) => {
  const { told } = await build(t, { stored: () => { throw new Error('listeners do not do that') } })
  t.ok(told.includes('listeners do not do that'))
})

t.test('a chosen position counts until its partition is committed, or belongs to another member', async (t) => {
  const positions = new Map([['orders:0', 2n], ['invoices:0', 3n], ['orders:1', 4n]])
  const { generation, told } = await build(t, {}, true, positions)
  t.same(told, ['assigned', 'orders begins at 2', 'invoices begins at 3', 'settled'])
  t.same([...positions.keys()], ['orders:0', 'invoices:0'])
  await generation.commit([{ ...ORDERS, offset: 2n }])
  t.same([...positions.keys()], ['invoices:0'])
})

t.test('nothing is committed of a topic that its leader does not know, and the next generation restarts', async (t) => {
  const { generation, committed, told, forgotten, clock, answerFetch } = await build(t)
  answerFetch({
    errorCode: 0,
    topics: [{
      topic: 'orders',
      partitions: [{
        partition: 0,
        errorCode: 3,
        highWatermark: -1n,
        lastStableOffset: -1n,
        aborted: [],
        preferredReadReplica: -1,
        records: Buffer.alloc(0)
      }]
    }]
  })
  await clock.advance(10)
  t.equal(told.at(-1), 'rejoin')
  t.same(forgotten, ['orders'])
  await generation.commit([{ ...ORDERS, offset: 9n }, { ...INVOICES, offset: 1n }])
  t.same(committed, [{ ...INVOICES, offset: 1n }])
})
