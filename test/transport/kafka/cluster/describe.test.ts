import t, { type Test } from 'tap'
import { describeCluster } from '../../../../lib/transport/kafka/cluster/describe-cluster.js'
import type { MetadataAnswer } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, type Handlers } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

/* What the cluster is asked for, and what becomes of its answers. */

type Partition = MetadataAnswer['topics'][number]['partitions'][number]

const COORDINATOR = { errorCode: 0, nodeId: 1, host: 'a', port: 1 }
const SHOP = { groupId: 'shop', errorCode: 0, state: 'Stable', protocolType: 'consumer', protocol: 'p', members: [] }

function build (t: Pick<Test, 'teardown'>, handlers: Handlers = {}, partitions: readonly Partition[] = []) {
  const environment = manualEnvironment()
  const asked: unknown[] = []
  const wire = fakeWire({
    Metadata: ({ topics }) => {
      asked.push(topics)
      const described = (topics ?? []).map((topic) => ({ topic, errorCode: 0, partitions }))
      return { brokers: [{ nodeId: 1, host: 'a', port: 1 }], controllerId: 1, topics: described }
    },
    DescribeConfigs: (request) => {
      asked.push(request)
      return { resources: [] }
    },
    FindCoordinator: (request) => {
      asked.push(request)
      return COORDINATOR
    },
    DescribeGroups: (request) => {
      asked.push(request)
      return { groups: [{ ...SHOP, groupId: 'other', protocolType: 'connect' }, SHOP] }
    },
    ...handlers
  })
  const { cluster } = clientOf(t, wire, environment)
  const describe = (topics: string[], groups: string[] = []) => describeCluster(cluster, 4000, { topics, groups })
  return { asked, wire, clock: environment.clock, describe }
}

const OF_NODE = {
  resources: [{ type: 'node', name: '1' }],
  names: ['group.max.session.timeout.ms', 'group.min.session.timeout.ms', 'offsets.retention.minutes']
}

t.test('the cluster is asked for the settings that the app depends on', async (t) => {
  const { asked, describe } = build(t)
  const { groups } = await describe(['orders', 'bills'], ['shop'])
  t.same(asked, [
    ['orders', 'bills'],
    {
      resources: [{ type: 'topic', name: 'orders' }, { type: 'topic', name: 'bills' }],
      names: [
        'cleanup.policy', 'max.message.bytes', 'min.insync.replicas', 'retention.ms', 'unclean.leader.election.enable'
      ]
    },
    { groupId: 'shop' },
    { groupIds: ['shop'] },
    OF_NODE
  ])
  t.same([...groups], [['shop', { protocolType: 'consumer', members: [] }]])
})

t.test('without topics the nodes are asked for, and no settings of topics', async (t) => {
  const { asked, describe } = build(t)
  t.equal((await describe([])).nodes, 1)
  t.same(asked, [null, OF_NODE])
})

t.test('a topic is in sync when each of its partitions has all its replicas', async (t) => {
  const row = { partition: 0, errorCode: 0, leader: 0 }
  for (const [partitions, expected] of [
    [[{ ...row, replicas: [0, 1], inSync: [1, 0] }], { replicas: 2, isInSync: true, leaderless: [] }],
    [[{ ...row, replicas: [0, 1], inSync: [0] }], { replicas: 2, isInSync: false }],
    [[{ ...row, replicas: [0] }], { replicas: 1, isInSync: false }],
    [[row], { replicas: 0, isInSync: true }]
  ] as const) {
    const { topics } = await build(t, {}, partitions).describe(['orders'])
    t.match(topics.get('orders'), expected)
  }
})

t.test('what a coordinator that was not found says of a group is named', async (t) => {
  const { clock, describe } = build(t, { FindCoordinator: () => ({ ...COORDINATOR, errorCode: 30, nodeId: 1 }) })
  const describing = describe([], ['shop'])
  await clock.advance(3500)
  t.match((await describing).untold, [/^group 'shop': .*GROUP_AUTHORIZATION_FAILED/])
})

t.test('a cluster without nodes has no settings to tell', async (t) => {
  const { describe } = build(t, { Metadata: () => ({ brokers: [], controllerId: 1, topics: [] }) })
  t.match((await describe([])).untold, [/^the settings of node -1: /])
})

t.test('a node that keeps an answer back costs no more than the time to describe, and its connection', async (t) => {
  const { clock, describe, wire } = build(t, { DescribeConfigs: () => new Promise(() => {}) })
  const describing = rejects(t, describe([]), { reason: 'timeout' })
  await clock.advance(4000)
  await describing
  t.equal(wire.open.size, 0)
})

t.test('a group that is not told in time is named, and the rest is told', async (t) => {
  const { clock, describe, wire } = build(t, { DescribeGroups: () => new Promise(() => {}) })
  const describing = describe([], ['shop'])
  await clock.advance(2999)
  t.equal(wire.open.size, 1)
  await clock.advance(1)
  t.match((await describing).untold, [/^group 'shop': /])
  t.equal(wire.made, 2, 'the connection that waited is cut')
})
