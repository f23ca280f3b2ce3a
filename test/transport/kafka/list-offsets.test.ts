import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'
import { listOffsets } from '../../lib/transport/kafkajs/list-offsets.js'
import type { Leaders } from '../../lib/transport/kafkajs/list-offsets.js'
import { StartingOffsets } from '../../lib/transport/kafkajs/starting-offsets.js'
import type { Beginning, StartingOffsetsOptions } from '../../lib/transport/kafkajs/starting-offsets.js'

/* KafkaJS's own nodes, with answers as real ones give them on bad days. */

type Leader = Awaited<ReturnType<Leaders['findBroker']>>

/** What is told of a partition: its offset, or an error code. */
interface Told {
  readonly partition: number
  readonly offset?: number
  readonly errorCode?: number
}

const notLeader = 6
const unauthorized = 29

/** A node that answers the requests for starts, stable offsets and ends in turn, and then the same again. */
function node (...answers: Array<readonly Told[] | Error>): Leader {
  const { load } = loadKafkajs()
  const Broker = load('src/broker/index.js') as new (options: object) => Leader
  const { lookup } = load('src/protocol/requests/index.js') as { lookup (versions: object): Leader['lookupRequest'] }
  let next = 0
  const connectionPool = {
    host: 'a',
    port: 1,
    async destroy () {},
    async send ({ response }: { response: { parse (data: object): Promise<unknown> } }) {
      const answer = answers[next++ % answers.length]!
      if (answer instanceof Error) throw answer
      const partitions = answer.map(({ partition, offset = -1, errorCode = 0 }) => ({ partition, offset: String(offset), errorCode }))
      return await response.parse({ responses: [{ topic: 'orders', partitions }] })
    }
  }
  const broker = new Broker({ connectionPool, logger: { namespace () {} } })
  broker.lookupRequest = lookup({ 2: { maxVersion: 3 } })
  return broker
}

/** Partition and node have the same number; node −1 is none. */
function cluster (...nodes: Leader[]) {
  const refreshed: number[] = []
  return {
    refreshed,
    nodes,
    findTopicPartitionMetadata: () => nodes.map((_, id) => ({ partitionId: id, leader: id })),
    async findBroker ({ nodeId }: { nodeId: number }) {
      const found = nodes[nodeId]
      if (found === undefined) throw Object.assign(new Error('no such node'), { name: 'KafkaJSBrokerNotFound', retriable: true })
      return found
    },
    async refreshMetadata () { refreshed.push(Date.now()) }
  }
}

const silent: Leader = Object.assign(node([]), { listOffsets: () => new Promise<never>(() => {}) })

function partitions (count: number) {
  return Array.from({ length: count }, (_, partition) => ({ topic: 'orders', partition }))
}

async function found (leaders: Leaders, count: number): Promise<string[]> {
  const told: string[] = []
  await listOffsets(leaders, partitions(count), ({ partition }, { start, stable, end }) => { told.push(`${partition}: ${start} ${stable} ${end}`) })
  return told
}

t.test('what one partition cannot be told of is told of the others of its node', async (t) => {
  const moved = node(
    [{ partition: 0, offset: 2 }, { partition: 1, errorCode: notLeader }, { partition: 2, offset: 0 }],
    [{ partition: 0, offset: 5 }, { partition: 1, errorCode: notLeader }, { partition: 2, offset: 3 }],
    [{ partition: 0, offset: 7 }, { partition: 1, errorCode: notLeader }, { partition: 2, errorCode: notLeader }]
  )
  const leaders = { findTopicPartitionMetadata: () => [0, 1, 2].map((partitionId) => ({ partitionId, leader: 0 })), findBroker: async () => moved }
  t.same(await found(leaders, 3), ['0: 2 5 7'])
})

t.test('a partition without a leader, unknown, or of a node that is gone is left out', async (t) => {
  const gone = node(Object.assign(new Error('closed'), { name: 'KafkaJSConnectionClosedError' }))
  t.same(await found(cluster(node([{ partition: 0, offset: 4 }]), gone), 3), ['0: 4 4 4'])
})

t.test('what asking again would not change is an error', async (t) => {
  await t.rejects(found(cluster(node([{ partition: 0, errorCode: unauthorized }])), 1), /authorized/)
})

/** One member's generation, and what it is told. */
function begin (options: Pick<StartingOffsetsOptions, 'cluster' | 'fetchStored'>) {
  const begun: Beginning[] = []
  const settled = { times: 0 }
  const offsets = new StartingOffsets({ ...options, offsetReset: 'earliest', isCreated: () => false, begin: (beginning) => { begun.push(beginning) }, settled: () => { settled.times++ } })
  async function ask (count: number): Promise<string[]> {
    const { responses } = await offsets.offsetFetch({ groupId: 'shop', topics: [{ topic: 'orders', partitions: partitions(count) }] })
    return responses.flatMap(({ partitions }) => partitions.map(({ partition, offset }) => `${partition}: ${offset}`))
  }
  return { ask, begun, settled }
}

/** A coordinator that has stored these, by partition. */
function stored (...offsets: number[]) {
  return async () => ({ responses: [{ topic: 'orders', partitions: offsets.map((offset, partition) => ({ partition, offset: String(offset), metadata: '' })) }] })
}

async function eventually (ask: () => Promise<string[]>, answer: string[]): Promise<void> {
  while ((await ask()).join() !== answer.join()) await sleep(50)
}

t.test('the fetches of all nodes ask, and each partition begins once', async (t) => {
  let asked = 0
  const { ask, begun } = begin({
    cluster: cluster(node([{ partition: 0, offset: 3 }]), node([{ partition: 1, offset: 3 }])),
    fetchStored: () => {
      asked++
      return stored(3, -1)()
    }
  })
  t.same(await Promise.all([ask(2), ask(2)]), [['0: 3', '1: 3'], ['0: 3', '1: 3']])
  t.same(await ask(1), ['0: 3'])
  t.same(begun.map(({ partition, stored }) => [partition, stored]), [[0, 3n], [1, undefined]])
  t.equal(asked, 1)
})

t.test('a node that is silent or has lost its partition holds up no other, and is asked again with fresh metadata', async (t) => {
  const leaders = cluster(node([{ partition: 0, offset: 1 }]), silent, node([{ partition: 2, errorCode: notLeader }]))
  const { ask, begun, settled } = begin({ cluster: leaders, fetchStored: stored(1, 1, 1) })
  const before = performance.now()
  t.same(await ask(3), ['0: 1'])
  t.ok(performance.now() - before < 800)
  t.same(await ask(3), ['0: 1'])
  t.ok(performance.now() - before < 800, 'it does not wait for every fetch')
  t.same([leaders.refreshed.length, settled.times], [0, 0])

  leaders.nodes[2] = node([{ partition: 2, offset: 1 }])
  await eventually(() => ask(3), ['0: 1', '2: 1'])
  t.same([leaders.refreshed.length, settled.times], [1, 1], 'the start of the app waits no longer')
  leaders.nodes[1] = node([{ partition: 1, offset: 1 }])
  await eventually(() => ask(3), ['0: 1', '1: 1', '2: 1'])
  t.same(begun.map(({ partition }) => partition), [0, 2, 1])
})

t.test('a node that was frozen and takes itself for the leader is not believed that the log has become shorter', async (t) => {
  const leaders = cluster(node([{ partition: 0, offset: 0 }], [{ partition: 0, offset: 5 }], [{ partition: 0, offset: 5 }]))
  const { ask, begun } = begin({ cluster: leaders, fetchStored: stored(8) })
  t.same(await ask(1), [])
  leaders.nodes[0] = node([{ partition: 0, offset: 0 }], [{ partition: 0, offset: 9 }], [{ partition: 0, offset: 9 }])
  await eventually(() => ask(1), ['0: 8'])
  t.match(begun, [{ stored: 8n, position: 8n, end: 9n }])
})

t.test('without an answer of the coordinator nothing begins, and it is asked again at once', async (t) => {
  let answer: StartingOffsetsOptions['fetchStored'] = async () => { throw new Error('gone') }
  const leaders = Object.assign(cluster(node([{ partition: 0, offset: 0 }])), { refreshMetadata: async () => { throw new Error('gone') } })
  const { ask, begun } = begin({ cluster: leaders, fetchStored: (request) => answer(request) })
  await t.rejects(ask(1), /gone/)
  t.same(begun, [])
  answer = stored(0)
  t.same(await ask(1), ['0: 0'])
})
