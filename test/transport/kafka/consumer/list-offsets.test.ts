import t, { type Test } from 'tap'
import { isolationLevelOf, listOffsets, type LogRange } from '../../../../lib/transport/kafka/consumer/list-offsets.js'
import { offsetsAt } from '../../../../lib/transport/kafka/consumer/offsets-at.js'
import { type ListOffsetsRequest, WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

/* Logs from 10 to 30, stable up to 20, with a record at 15 that is as young as the time that is asked for. */

const AT = { timestamp: 1_700_000_000_000n, isolationLevel: 1 } as const
const PLACES = [0, 1].map((partition) => ({ topic: 'orders', partition }))
const OFFSETS = { '-2/0': 10n, '-1/1': 20n, '-1/0': 30n, [`${AT.timestamp}/1`]: 15n }

async function build (t: Pick<Test, 'teardown'>, leaders = [1, 1], codeOf = (_question: string): number => 0) {
  const environment = manualEnvironment()
  const asked: ListOffsetsRequest[] = []
  const world = { leaders }
  const wire = fakeWire({
    Metadata: () => ({
      brokers: [{ nodeId: 1, host: 'a', port: 1 }],
      controllerId: 1,
      topics: [{
        topic: 'orders',
        errorCode: 0,
        partitions: world.leaders.map((leader, partition) => ({ partition, errorCode: 0, leader }))
      }]
    }),
    ListOffsets: (request) => {
      asked.push(request)
      return {
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, timestamp }) => {
            const question = `${timestamp}/${request.isolationLevel}`
            const errorCode = partition === 1 ? codeOf(question) : 0
            return { partition, errorCode, offset: errorCode === 0 ? OFFSETS[question]! : -1n }
          })
        }))
      }
    }
  })
  const { cluster, metadata, learn } = clientOf(t, wire, environment)
  await learn('orders')
  async function list (since?: typeof AT): Promise<Array<[number, LogRange]>> {
    const found: Array<[number, LogRange]> = []
    await listOffsets(cluster, metadata, PLACES, ({ partition }, range) => { found.push([partition, range]) }, since)
    return found
  }
  return Object.assign(world, { cluster, metadata, clock: environment.clock, wire, asked, list })
}

const RANGE = { start: 10n, stable: 20n, end: 30n, since: undefined }

t.test('the leader tells start, stable end and end of each log, and the offset of a time', async (t) => {
  const { list, asked } = await build(t)
  t.same(await list(), [[0, RANGE], [1, RANGE]])
  t.equal(asked.length, 3)
  t.same(await list(AT), [[0, { ...RANGE, since: 15n }], [1, { ...RANGE, since: 15n }]])
})

t.test('a partition of which one answer is missing is left out, whichever that is', async (t) => {
  for (const failed of Object.keys(OFFSETS)) {
    const { list } = await build(t, [1, 1], (question) => question === failed ? 6 : 0)
    t.same((await list(AT)).map(([partition]) => partition), [0], failed)
  }
})

t.test('without a leader, or with one whose address is not known, a partition is left out', async (t) => {
  for (const leader of [-1, 9]) t.same((await (await build(t, [1, leader])).list()).map(([place]) => place), [0])
  t.same((await (await build(t, [1])).list()).map(([place]) => place), [0])
})

t.test('a leader that is lost is left out, a right that is missing rejects', async (t) => {
  const { list, wire } = await build(t, [1, 1], () => 29)
  await rejects(t, list(), { right: { operation: 'Describe', resource: 'topic', name: 'orders' } })
  wire.handlers.ListOffsets = () => { throw new WireError('gone', 'connection') }
  t.same(await list(), [])
})

t.test('only readers of all records see those of open transactions', async (t) => {
  t.equal(isolationLevelOf({ isolationLevel: 'read_uncommitted' }), 0)
  t.equal(isolationLevelOf({ isolationLevel: 'read_committed' }), 1)
  t.equal(isolationLevelOf({}), 1)
})

t.test('a leader that is not there yet is waited for, and looked up', async (t) => {
  const world = await build(t, [1, 9])
  const { cluster, metadata, clock } = world
  const { signal: closing } = new AbortController()
  const finding = offsetsAt('end', PLACES, { cluster, metadata, isolationLevel: 0, closing })
  await clock.advance(1000)
  world.leaders = [1, 1]
  await clock.advance(1000)
  t.same((await finding).map(({ partition, offset }) => [partition, offset]), [[0, 30n], [1, 30n]])
  const stable = offsetsAt('end', PLACES, { cluster, metadata, isolationLevel: 1, closing })
  t.same((await stable).map(({ offset }) => offset), [20n, 20n])
})
