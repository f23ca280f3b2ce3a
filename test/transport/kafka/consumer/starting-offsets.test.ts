import t, { type Test } from 'tap'
import { Assignment } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { listOffsets } from '../../../../lib/transport/kafka/consumer/list-offsets.js'
import type { Membership, Stored } from '../../../../lib/transport/kafka/consumer/membership.js'
import { type Beginning, StartingOffsets } from '../../../../lib/transport/kafka/consumer/starting-offsets.js'
import { type ListOffsetsAnswer, type ListOffsetsRequest, WireError } from '../../../../lib/transport/kafka/wire.js'
import type { ConsumerOptions } from '../../../../lib/transport/transport.js'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

/** What is told of a partition: the offsets of start, stable end and end, or an error code. */
type Told = readonly [start: number, stable: number, end: number] | number
type Node = (partition: number) => Told | Promise<Told>

const NOT_LEADER = 6
const UNAUTHORIZED = 29

/** A topic whose partitions are led by the node of the same number, unless `leaders` says otherwise. */
async function cluster (
  t: Pick<Test, 'teardown'>, nodes: Record<number, Node>, leaders = Object.keys(nodes).map(Number)
) {
  const environment = manualEnvironment()
  const wire = fakeWire({
    Metadata: () => ({
      brokers: Object.keys(nodes).map((id) => ({ nodeId: Number(id), host: `n${id}`, port: 1 })),
      controllerId: 0,
      topics: [{
        topic: 'orders',
        errorCode: 0,
        partitions: leaders.map((leader, partition) => ({ partition, errorCode: 0, leader }))
      }]
    }),
    ListOffsets: async (request, address) => await answer(request, nodes[Number(address.slice(1, -2))]!)
  })
  const client = clientOf(t, wire, environment)
  await client.learn('orders')
  return { ...environment, ...client, nodes }
}

async function answer ({ isolationLevel, topics }: ListOffsetsRequest, node: Node): Promise<ListOffsetsAnswer> {
  const partitions = await Promise.all(topics[0]!.partitions.map(async ({ partition, timestamp }) => {
    const told = await node(partition)
    if (typeof told === 'number') return { partition, errorCode: told, offset: -1n }
    return { partition, errorCode: 0, offset: BigInt(told[timestamp === -2n ? 0 : isolationLevel === 1 ? 1 : 2]) }
  }))
  return { topics: [{ topic: 'orders', partitions }] }
}

function partitions (count: number) {
  return Array.from({ length: count }, (_, partition) => ({ topic: 'orders', partition }))
}

async function found (
  { cluster: client, metadata }: Awaited<ReturnType<typeof cluster>>, count: number
): Promise<string[]> {
  const told: string[] = []
  await listOffsets(client, metadata, partitions(count), ({ partition }, { start, stable, end }) => {
    told.push(`${partition}: ${start} ${stable} ${end}`)
  })
  return told
}

const silent: Node = () => new Promise(() => {})

t.test('what one partition cannot be told of is told of the others of its node', async (t) => {
  const node: Node = (partition) => partition === 1 ? NOT_LEADER : [2, 5, 7]
  t.same(await found(await cluster(t, { 0: node }, [0, 0, 0]), 3), ['0: 2 5 7', '2: 2 5 7'])
})

t.test('a partition without a leader, unknown, or of a node that is gone is left out', async (t) => {
  const gone: Node = () => { throw new WireError('gone', 'connection') }
  t.same(await found(await cluster(t, { 0: () => [4, 4, 4], 1: gone }, [0, 1, -1, 9]), 5), ['0: 4 4 4'])
})

t.test('what asking again would not change is an error', async (t) => {
  await rejects(t, found(await cluster(t, { 0: () => UNAUTHORIZED }), 1), { errorCode: UNAUTHORIZED })
})

/** One generation, and what its member is told. */
function begin (
  client: Awaited<ReturnType<typeof cluster>>,
  count: number,
  fetchStored: Membership['fetchStored'],
  { positions = new Map<string, bigint>(), offsetReset = 'earliest' as ConsumerOptions['offsetReset'] } = {}
) {
  const begun: Beginning[] = []
  const told = { settled: 0, refreshed: 0 }
  const over = new AbortController()
  const running = new StartingOffsets({
    ...client,
    assignment: new Assignment('m', 1, partitions(count)),
    membership: { fetchStored },
    offsetReset,
    isolationLevel: 1,
    positions,
    isCreated: () => false,
    begin: (beginning) => { begun.push(beginning) },
    settled: () => { told.settled++ },
    refresh: async () => { told.refreshed++ },
    signal: over.signal
  }).run()
  return { begun, told, over, running, numbers: () => begun.map(({ partition }) => partition) }
}

/** What the group has stored, by partition. */
function stored (...offsets: number[]): Membership['fetchStored'] {
  const rows = offsets.map(
    (offset, partition) => [`orders:${partition}`, { offset: BigInt(offset), metadata: null }] as [string, Stored]
  )
  return async () => new Map(rows)
}

t.test('each partition begins once, at what is stored or at the start', async (t) => {
  const client = await cluster(t, { 0: () => [0, 3, 3], 1: () => [1, 3, 3] })
  const { begun, told, running } = begin(client, 2, stored(3))
  await running
  t.same(
    begun.map(({ partition, stored, position }) => [partition, stored, position]), [[0, 3n, 3n], [1, undefined, 1n]]
  )
  t.same(told, { settled: 1, refreshed: 0 })
})

t.test('a node that is silent or lost its partition blocks no other, and fresh metadata follow', async (t) => {
  const client = await cluster(t, { 0: () => [1, 1, 1], 1: silent, 2: () => NOT_LEADER })
  const { told, numbers, running } = begin(client, 3, stored(1, 1, 1))
  await client.clock.advance(600)
  t.same([numbers(), told], [[0], { settled: 0, refreshed: 0 }])
  client.nodes[2] = () => [1, 1, 1]
  await client.clock.advance(1500)
  t.same([numbers(), told], [[0, 2], { settled: 1, refreshed: 1 }], 'the start of the app waits no longer')
  client.nodes[1] = () => [1, 1, 1]
  await client.clock.advance(8000)
  await running
  t.same(numbers(), [0, 2, 1])
})

t.test('a member has begun also when its last partition begins after the look that asked for it', async (t) => {
  let answer = (): void => {}
  const answered = new Promise<void>((resolve) => { answer = resolve })
  const client = await cluster(t, { 0: () => answered.then(() => [1, 1, 1]) })
  const { told, numbers, running } = begin(client, 1, stored(1))
  await client.clock.advance(600)
  answer()
  await client.clock.advance(2000)
  await running
  t.same([numbers(), told.settled], [[0], 1])
})

t.test('an answer that comes when its partition has begun changes nothing', async (t) => {
  const late: Array<(told: Told) => void> = []
  const client = await cluster(t, { 0: () => new Promise<Told>((resolve) => { late.push(resolve) }), 1: silent })
  const { begun, over } = begin(client, 2, stored(1, 1))
  await client.clock.advance(600)
  client.nodes[0] = () => [0, 1, 1]
  await client.clock.advance(1000)
  t.equal(begun.length, 1)
  for (const answer of late) answer([0, 0, 0])
  await client.clock.advance(100)
  t.equal(begun.length, 1)
  over.abort()
})

t.test('a stale leader that reports a shorter log is not believed', async (t) => {
  const client = await cluster(t, { 0: () => [0, 5, 5] })
  const { begun, running } = begin(client, 1, stored(8))
  await client.clock.advance(100)
  t.same(begun, [])
  client.nodes[0] = () => [0, 9, 9]
  await client.clock.advance(2000)
  await running
  t.match(begun, [{ stored: 8n, position: 8n, end: 9n }])

  const shorter = await cluster(t, { 0: () => [0, 5, 5] })
  const cut = begin(shorter, 1, stored(8))
  await shorter.clock.advance(2000)
  t.match(cut.begun, [{ stored: 8n, position: 0n, end: 5n }], 'twice is believed')
})

t.test('offsets are requested again until the coordinator answers; a refusal ends the member', async (t) => {
  let answer: Membership['fetchStored'] = async () => { throw new WireError('gone', 'connection') }
  const client = await cluster(t, { 0: () => [0, 0, 0] })
  const { begun, told, running } = begin(client, 1, (partitions) => answer(partitions))
  await client.clock.advance(5000)
  t.same([begun, told.settled], [[], 0])
  answer = stored(0)
  await client.clock.advance(2000)
  await running
  t.equal(begun.length, 1)
  const refusing = begin(client, 1, async () => { throw new WireError('refused', 'authentication') })
  await t.rejects(refusing.running, /refused/)
})

t.test('nothing begins when the generation is over', async (t) => {
  const client = await cluster(t, { 0: silent })
  const { begun, told, over, running } = begin(client, 1, stored(0))
  client.nodes[0] = async () => {
    over.abort()
    return [0, 0, 0]
  }
  await client.clock.advance(10_000)
  await running
  t.same([begun, told.settled], [[], 0])
})

t.test('a chosen position overrides the stored offset, and is reset in the same way', async (t) => {
  const client = await cluster(t, { 0: () => [1, 9, 9], 1: () => [1, 9, 9], 2: () => [1, 9, 9] })
  const positions = new Map([['orders:0', 5n], ['orders:1', 0n]])
  const begun = async (offsetReset: ConsumerOptions['offsetReset']) => {
    const { begun, running } = begin(client, 3, stored(7, 7, 7), { positions, offsetReset })
    await running
    return begun.map(({ stored, position }) => [stored, position])
  }
  t.same(await begun('earliest'), [[undefined, 5n], [0n, 1n], [7n, 7n]])
  t.same(await begun('fail'), [[undefined, 5n], [0n, undefined], [7n, 7n]])
})
