import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { ClusterDescription, TopicDescription } from '../../../index.js'
import { FASTSTREAM_ERR_API_VERSION } from '../../../lib/errors.js'
import { notAuthorized } from '../../../lib/missing-rights.js'
import { faststream } from '../../support/faststream.js'
import { next } from '../apps/described.js'

const APP = join(import.meta.dirname, '../apps/described.ts')
const DAY = 86_400_000

interface Finding { readonly rule: string, readonly where: string, readonly what: string, readonly cure: string }
interface Verdict { readonly findings: readonly Finding[], readonly untold: ReadonlyArray<{ readonly what: string }> }

function topic (config: Record<string, string> = {}, changes: Partial<TopicDescription> = {}): TopicDescription {
  const safe = { 'min.insync.replicas': '2', 'retention.ms': String(7 * DAY), 'cleanup.policy': 'delete', ...config }
  return {
    partitions: 3, leaderless: [], replicas: 3, isInSync: true, config: new Map(Object.entries(safe)), ...changes
  }
}

/** A cluster that keeps all promises but those that a test breaks. */
function clusterOf (topics: Record<string, TopicDescription> = {}, changes: Partial<ClusterDescription> = {}) {
  const all = { orders: topic(), 'orders.dlq': topic(), invoices: topic(), ...topics }
  return {
    nodes: 3,
    topics: new Map(Object.entries(all)),
    groups: new Map(),
    config: new Map([
      ['offsets.retention.minutes', '10080'],
      ['group.min.session.timeout.ms', '6000'],
      ['group.max.session.timeout.ms', '1800000']
    ]),
    untold: [],
    ...changes
  }
}

async function verdict (t: Test, verb: 'check' | 'doctor', changes: Partial<typeof next> = {}) {
  Object.assign(next, { cluster: undefined, transport: {}, options: {}, ...changes })
  const { code, json } = await faststream(verb, APP, '--json')
  const { findings, untold } = json() as unknown as Verdict
  t.equal(code, findings.length > 0 ? 1 : untold.length > 0 ? 2 : 0)
  for (const finding of findings) t.match(finding, { where: String, what: String, why: String, cure: String })
  return { rules: findings.map(({ rule }) => rule), findings, untold }
}

t.test('a cluster that keeps all promises ends with 0, and says so', async (t) => {
  t.same((await verdict(t, 'doctor', { cluster: clusterOf() })).findings, [])
  t.same((await verdict(t, 'check', { cluster: clusterOf() })).findings, [])
  t.match(await faststream('doctor', APP), { code: 0, out: 'nothing was found\n' })
})

t.test('a finding has what, where, why and what to do', async (t) => {
  Object.assign(next, { cluster: clusterOf({ orders: topic({ 'unclean.leader.election.enable': 'true' }) }) })
  const { code, out } = await faststream('doctor', APP)
  t.equal(code, 1)
  t.match(out, /^unclean-election: topic 'orders'\n {2}what: .*true\n {2}why: {2}.*lost\n {2}do: {3}kafka-configs\.sh/)
})

for (const [name, topics, rules] of [
  ['one replica', { orders: topic({ 'min.insync.replicas': '1' }, { replicas: 1 }) }, ['replication']],
  ['replicas that are not in sync', { orders: topic({}, { isInSync: false }) }, ['out-of-sync']],
  ['more replicas in sync than there are', { invoices: topic({ 'min.insync.replicas': '4' }) }, ['min-isr']],
  ['all replicas in sync', { orders: topic({ 'min.insync.replicas': '3' }) }, ['min-isr']],
  ['all of two in sync', { orders: topic({ 'min.insync.replicas': '2' }, { replicas: 2 }) }, ['min-isr']],
  ['one replica in sync', { orders: topic({ 'min.insync.replicas': '1' }) }, ['min-isr']],
  ['a retention below the time of retries', { orders: topic({ 'retention.ms': '60000' }) }, ['retention-retries']],
  ['letters that go first', { 'orders.dlq': topic({ 'retention.ms': String(DAY) }) }, ['retention-dead-letters']],
  ['letters that go first, of a topic that keeps all', {
    orders: topic({ 'retention.ms': '-1' }), 'orders.dlq': topic({ 'retention.ms': '10' })
  }, ['retention-dead-letters']],
  ['letters that compaction deletes', { 'orders.dlq': topic({ 'cleanup.policy': 'compact' }) },
    ['compacted-dead-letters']],
  ['letters that are too large', {
    orders: topic({ 'max.message.bytes': '2000000' }), 'orders.dlq': topic({ 'max.message.bytes': '1000000' })
  }, ['size-of-dead-letters']],
  ['settings that are not told', { orders: topic({}, { config: undefined }) }, []],
  ['a topic that keeps all', { orders: topic({ 'retention.ms': '-1' }) }, []],
  ['a compacted topic', { orders: topic({ 'cleanup.policy': 'compact', 'retention.ms': '1' }) }, []]
] as const) {
  t.test(`doctor finds ${name}: ${rules.join() || 'nothing'}`, async (t) => {
    t.same((await verdict(t, 'doctor', { cluster: clusterOf(topics) })).rules, rules)
    t.same((await verdict(t, 'check', { cluster: clusterOf(topics) })).rules, [], 'check leaves it to doctor')
  })
}

t.test('one node is too few for replicas', async (t) => {
  const invoices = topic({}, { replicas: 1, config: undefined })
  const { findings } = await verdict(t, 'doctor', { cluster: clusterOf({ invoices }, { nodes: 1 }) })
  t.match(findings, [{ rule: 'replication', cure: /run 3 nodes/ }])
})

t.test('check finds topics that are missing, and partitions that nothing leads', async (t) => {
  const { topics: all, ...rest } = clusterOf({ invoices: topic({}, { leaderless: [1, 2] }) })
  const cluster = { ...rest, topics: new Map([...all].filter(([name]) => name !== 'orders')) }
  const { findings } = await verdict(t, 'check', { cluster })
  t.match(findings, [
    { rule: 'topic-missing', where: /orders/ }, { rule: 'no-leader', where: /invoices/, what: /1, 2/ }
  ])
  const verified = await verdict(t, 'check', { cluster, options: { topics: 'verify' } })
  t.match(verified.findings[0], { why: /verify/ })
})

t.test('check finds partitions that are read by hand and are not there', async (t) => {
  const app = join(import.meta.dirname, '../apps/by-hand.ts')
  t.match(await faststream('check', app), { code: 1, out: /partition-missing: topic 'orders', subscriber .*\n.* 7/ })
})

t.test('offsets that are forgotten before their messages are found', async (t) => {
  const config = new Map([['offsets.retention.minutes', '60']])
  t.same((await verdict(t, 'doctor', { cluster: clusterOf({}, { config }) })).rules, ['offsets-retention'])
})

t.test('times of members are compared with each other, and with what the cluster allows', async (t) => {
  const config = new Map([['group.max.session.timeout.ms', '20000']])
  t.same((await verdict(t, 'check', { cluster: clusterOf({}, { config }) })).rules, ['session-timeout'])
  const drains = { revokeDrain: 40_000, rebalanceTimeout: 60_000, sessionTimeout: 30_000 }
  t.same((await verdict(t, 'check', { cluster: clusterOf(), options: drains })).rules, ['revoke-drain'])
  const fixed = { groupInstanceId: 'a', sessionTimeout: 6000, revokeDrain: 1000, drainTimeout: 8000 }
  t.same((await verdict(t, 'check', { cluster: clusterOf(), options: fixed })).rules, ['static-member'])
})

t.test('a group that others use in another way is found', async (t) => {
  const groupOf = (protocolType: string, ...topics: Array<readonly string[] | undefined>) => ({
    groups: new Map([['shop', { protocolType, members: topics.map((topics) => ({ clientId: 'c', topics })) }]])
  })
  for (const [group, rules] of [
    [groupOf('consumer', ['orders'], undefined), []],
    [groupOf(''), []],
    [groupOf('consumer', ['orders', 'other']), ['group-clash']],
    [groupOf('connect', undefined), ['group-protocol']]
  ] as const) t.same((await verdict(t, 'check', { cluster: clusterOf({}, group) })).rules, rules)
})

t.test('rights that are missing, and API versions that do not meet, are findings', async (t) => {
  const checkRights = async () => {
    throw notAuthorized([{ operation: 'Read', resource: 'group', name: 'shop' }], 'User:shop')
  }
  const { findings } = await verdict(t, 'check', { cluster: clusterOf(), transport: { checkRights } })
  t.match(findings, [{ rule: 'right', where: "group 'shop'", cure: /--operation Read --group shop/ }])
  const connect = async () => { throw new FASTSTREAM_ERR_API_VERSION('Fetch', 'none', 'versions 4 to 11') }
  t.same((await verdict(t, 'check', { transport: { connect } })).rules, ['api-versions'])
})

t.test('what the cluster does not tell ends with 2, unless something was found', async (t) => {
  const connect = async () => { throw new Error('no broker answers') }
  t.match((await verdict(t, 'doctor', { transport: { connect } })).untold, [{ what: 'no broker answers' }])
  const checkRights = async () => { throw new Error('no answer about rights') }
  t.match((await verdict(t, 'doctor', { cluster: clusterOf(), transport: { checkRights } })).untold, [{}])
  const untold = ["the settings of topic 'orders': not authorized"]
  t.match((await verdict(t, 'doctor', { cluster: clusterOf({}, { untold }) })).untold, [{ what: untold[0] }])
  t.match(await faststream('doctor', APP), { code: 2, out: /^could not tell: the settings of topic 'orders'/ })
  const describeTopics = async () => new Map([['orders', 1], ['orders.dlq', 1], ['invoices', 1]])
  const plain = await verdict(t, 'doctor', { transport: { describeCluster: undefined, describeTopics } })
  t.match(plain, { findings: [], untold: [{ what: /tells nothing of settings/ }] })
})

t.test('an app whose declarations are wrong is a finding, and a mistake in the call is none', async (t) => {
  const clash = join(import.meta.dirname, '../apps/clash.ts')
  t.match(await faststream('check', clash), { code: 1, out: /options: FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER/ })
  t.match(await faststream('check', 'none.ts'), { code: 2, err: /no file/ })
})

t.test('findings of several brokers name theirs', async (t) => {
  const { code, out } = await faststream('check', join(import.meta.dirname, '../apps/two-brokers.ts'))
  t.equal(code, 1)
  t.match(out, /topic-missing: broker 'default', topic 'orders'[^]*topic-missing: broker 'billing', topic 'invoices'/)
})
