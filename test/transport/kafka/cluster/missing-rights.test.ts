import t from 'tap'
import { FASTSTREAM_ERR_API_VERSION } from '../../../../lib/errors.js'
import { answerError, DeniedError, namedError } from '../../../../lib/transport/kafka/cluster/denied.js'
import { Coordinator } from '../../../../lib/transport/kafka/consumer/coordinator.js'
import { GroupOffsets } from '../../../../lib/transport/kafka/consumer/group-offsets.js'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import type { Wire } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, type Handlers, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'

const NEEDED = { read: ['orders', 'prices'], write: ['invoices'], groups: ['shop', 'audit'] }
const NONE = { read: [], write: [], groups: [] }

function build (handlers: Handlers, changes: Partial<Wire> = {}) {
  const environment = manualEnvironment()
  const wire = fakeWire(handlers)
  const options = { brokers: ['a:1'], connectTimeout: 9000, log: SILENT, name: 'fake' }
  return { wire, transport: createKafkaTransport(options, Object.assign(wire, changes), environment) }
}

/** Answers as Kafka does that looks for rights first: `denied` names topics and groups. */
function handlersFor (...denied: readonly string[]): Handlers {
  return {
    Heartbeat: ({ groupId }) => ({ errorCode: denied.includes(groupId) ? 30 : 25 }),
    Fetch: ({ topics }) => ({
      errorCode: 0,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({
          partition,
          errorCode: denied.includes(topic) ? 29 : 3,
          highWatermark: -1n,
          lastStableOffset: -1n,
          aborted: [],
          preferredReadReplica: -1,
          records: Buffer.alloc(0)
        }))
      }))
    }),
    Produce: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => ({
          partition, errorCode: denied.includes(topic) ? 29 : 3, baseOffset: -1n
        }))
      }))
    })
  }
}

t.test('a check asks for what cannot be there, and rejects with all rights that are missing', async (t) => {
  const { transport } = build(handlersFor('audit', 'prices', 'invoices'), { principal: 'User:shop' })
  await t.rejects(transport.checkRights!(NEEDED), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED',
    message: /refuses Read on group 'audit', Read on topic 'prices', Write on topic 'invoices' to User:shop:/
  })
  await transport.close()
})

t.test('a check with all rights resolves, and an app that does nothing asks nothing', async (t) => {
  const { wire, transport } = build(handlersFor())
  await transport.checkRights!(NEEDED)
  t.equal(wire.sent.length, 4)
  await transport.checkRights!(NONE)
  t.equal(wire.sent.length, 4)
  await transport.close()
})

t.test('a check without an answer decides nothing; what the client cannot work with rejects', async (t) => {
  const { transport } = build({})
  await transport.checkRights!(NEEDED)
  await transport.close()
  const old = build({}, { connect: async () => { throw new FASTSTREAM_ERR_API_VERSION('Fetch', 'none', 'version 4') } })
  await t.rejects(old.transport.checkRights!(NEEDED), { code: 'FASTSTREAM_ERR_API_VERSION' })
  await old.transport.close()
})

t.test('an error code names the right that its request needs', async (t) => {
  const cases = [
    [29, 'Produce', 'Write on topic'], [29, 'Fetch', 'Read on topic'], [29, 'OffsetCommit', 'Read on topic'],
    [29, 'Metadata', 'Describe on topic'], [29, 'ListOffsets', 'Describe on topic'],
    [30, 'FindCoordinator', 'Read on group'], [30, 'JoinGroup', 'Read on group'], [
      31, 'InitProducerId', 'IdempotentWrite on the cluster'
    ]
  ] as const
  for (const [errorCode, api, right] of cases) {
    t.match(
      namedError(answerError(errorCode, api, { topic: 'orders', groupId: 'shop' }), 'User:shop').message,
      `refuses ${right}`
    )
  }
  const denied = answerError(31, 'InitProducerId')
  t.match(denied, { right: { operation: 'IdempotentWrite', resource: 'cluster', name: '' } })
  t.equal(namedError(denied, undefined).cause, denied)
  t.match(answerError(29, 'Fetch'), { right: { resource: 'topic', name: '' } })
  t.match(answerError(30, 'Heartbeat'), { right: { resource: 'group', name: '' } })
  t.notOk(answerError(3, 'Fetch') instanceof DeniedError)
  t.equal(namedError(answerError(3, 'Fetch'), 'User:shop').message, answerError(3, 'Fetch').message)
})

t.test('offsets that may not be stored or read name the right', async (t) => {
  const environment = manualEnvironment()
  const row = (errorCode: number) => [{
    topic: 'orders',
    partitions: [
      { partition: 0, errorCode: 0, offset: 0n, metadata: '' }, { partition: 1, errorCode, offset: -1n, metadata: '' }
    ]
  }]
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 2 }),
    FindCoordinator: () => ({ errorCode: 0, nodeId: 1, host: 'a', port: 1 }),
    OffsetCommit: ({ generationId }) => ({ topics: row(generationId) }),
    OffsetFetch: () => ({ errorCode: 0, topics: row(29) })
  })
  const { cluster } = clientOf(t, wire, environment)
  const offsets = new GroupOffsets(
    'shop', new Coordinator('shop', cluster, cluster.connections()), new AbortController().signal
  )
  const member = { groupId: 'shop', memberId: 'm', groupInstanceId: null }
  const stored = [{ topic: 'orders', partition: 1, offset: 4n }]
  await rejects(t, offsets.commit({ ...member, generationId: 29 }, stored), {
    right: { operation: 'Read', resource: 'topic', name: 'orders' }
  })
  await rejects(t, offsets.commit({ ...member, generationId: 30 }, stored), {
    right: { operation: 'Read', resource: 'group', name: 'shop' }
  })
  await rejects(t, offsets.fetch(stored), { right: { operation: 'Describe', resource: 'topic', name: 'orders' } })
  t.equal(await offsets.commit({ ...member, generationId: 22 }, stored), 22)
})
