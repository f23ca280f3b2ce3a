import t from 'tap'
import { Cluster } from '../../../../lib/transport/kafka/cluster/cluster.js'
import { describeCluster } from '../../../../lib/transport/kafka/cluster/describe-cluster.js'
import { systemClock } from '../../../../lib/clock.js'
import { systemEnvironment } from '../../../../lib/transport/kafka/environment.js'
import { encodeSubscription } from '../../../../lib/transport/consumer-protocol.js'
import { fakeWire, type Handlers } from '../../../support/fake-wire.js'

/* What the cluster says is believed only as far as it was asked for. */

/** A clock whose timers end 20 times earlier: a group that is not found is given up after 0.15 s. */
const hasty = {
  ...systemEnvironment,
  clock: { ...systemClock, schedule: (ms: number, callback: () => void) => systemClock.schedule(ms / 20, callback) }
}
const COORDINATOR = { errorCode: 0, nodeId: 1, host: 'a', port: 1 }
const metadata: Handlers = {
  Metadata: () => ({
    brokers: [{ nodeId: 1, host: 'a', port: 1 }],
    controllerId: 1,
    topics: [
      {
        topic: 'orders',
        errorCode: 0,
        partitions: [
          { partition: 0, errorCode: 0, leader: 1, replicas: [1, 2, 3], inSync: [1, 2] },
          { partition: 1, errorCode: 5, leader: -1, replicas: [1, 2], inSync: [1, 2] }
        ]
      },
      { topic: 'other', errorCode: 0, partitions: [] },
      { topic: 'none', errorCode: 3, partitions: [] },
      { topic: 'hidden', errorCode: 29, partitions: [] }
    ]
  }),
  DescribeConfigs: ({ resources }) => ({
    resources: resources.map(({ type, name }) => ({
      type, name, errorCode: 0, config: [['retention.ms', '1000'], ['secret', null]] as const
    }))
  }),
  FindCoordinator: () => COORDINATOR,
  DescribeGroups: ({ groupIds }) => ({
    groups: groupIds.map((groupId) => ({
      groupId,
      errorCode: 0,
      state: 'Stable',
      protocolType: 'consumer',
      protocol: 'sticky',
      members: [
        { clientId: 'shop', metadata: encodeSubscription({ topics: ['orders'], counts: new Map() }) },
        { clientId: 'other', metadata: Buffer.from('garbage') }
      ]
    }))
  })
}

async function describe (handlers: Handlers = {}, asked = { topics: ['orders', 'none', 'hidden'], groups: ['shop'] }) {
  const wire = fakeWire({ ...metadata, ...handlers })
  const options = { brokers: ['a:1'], connectTimeout: 100_000, requestTimeout: 100_000 }
  const cluster = new Cluster(options, wire, hasty)
  try {
    return await describeCluster(cluster, 100_000, asked)
  } finally {
    cluster.close()
  }
}

t.test('topics, settings and groups are described, and only those that were asked for', async (t) => {
  const { nodes, topics, groups, config, untold } = await describe()
  t.equal(nodes, 1)
  t.same([...topics], [['orders', {
    partitions: 2, leaderless: [1], replicas: 2, isInSync: false, config: new Map([['retention.ms', '1000']])
  }]])
  t.same(groups.get('shop'), {
    protocolType: 'consumer',
    members: [{ clientId: 'shop', topics: ['orders'] }, { clientId: 'other', topics: undefined }]
  })
  t.same(config, new Map([['retention.ms', '1000']]))
  t.match(untold, [/^topic 'hidden': .*TOPIC_AUTHORIZATION_FAILED/])
})

t.test('what members of another protocol have written is not read', async (t) => {
  const metadata = encodeSubscription({ topics: ['orders'], counts: new Map() })
  const { groups } = await describe({
    DescribeGroups: () => ({
      groups: [{
        groupId: 'shop',
        errorCode: 0,
        state: 'Stable',
        protocolType: 'connect',
        protocol: 'default',
        members: [{ clientId: 'copier', metadata }]
      }]
    })
  })
  t.same(groups.get('shop'), { protocolType: 'connect', members: [{ clientId: 'copier', topics: undefined }] })
})

t.test('without topics none is described', async (t) => {
  t.same([...(await describe({}, { topics: [], groups: [] })).topics], [])
})

t.test('what a cluster refuses, or a node does not take, is named', async (t) => {
  const refused = await describe({
    DescribeConfigs: ({ resources }) => ({
      resources: resources.map(({ type, name }) => ({ type, name, errorCode: 29, config: [] }))
    }),
    DescribeGroups: () => ({ groups: [] })
  })
  t.match(refused.untold.slice(1), [
    /^the settings of topic 'orders': .*29/, /^group 'shop': the answer does not name it/,
    /^the settings of node '1': .*29/
  ])
  t.equal(refused.config, undefined)
  const lost = await describe({ DescribeConfigs: () => { throw new Error('gone') } })
  t.match(lost.untold.at(-1), /^the settings of node 1/)
})

t.test('a group without members is no fault; one that is refused or whose coordinator is lost is named', async (t) => {
  const groupOf = (errorCode: number): Handlers => ({
    DescribeGroups: () => ({
      groups: [{ groupId: 'shop', errorCode, state: 'Dead', protocolType: '', protocol: '', members: [] }]
    })
  })
  t.same((await describe(groupOf(69))).groups.get('shop'), { protocolType: '', members: [] })
  t.match((await describe(groupOf(30))).untold.at(-1), /^group 'shop': .*GROUP_AUTHORIZATION_FAILED/)
  let asked = 0
  const late = await describe({ FindCoordinator: () => ({ ...COORDINATOR, errorCode: asked++ === 0 ? 15 : 0 }) })
  t.ok(late.groups.has('shop'), 'it is asked for again')
  const lost = await describe({ FindCoordinator: () => ({ ...COORDINATOR, nodeId: 7 }) })
  t.match(lost.untold.at(-1), /^group 'shop': the address of its coordinator/)
  const nodeless = await describe({ Metadata: () => ({ brokers: [], controllerId: -1, topics: [] }) })
  t.match(nodeless.untold.at(-1), /no address of it is known/)
})
