import t, { type Test } from 'tap'
import { offsetsAt } from '../../../../lib/transport/kafka/consumer/offsets-at.js'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import type { LogPlace } from '../../../../lib/transport/transport.js'
import { ConsumerRecorder } from '../../../support/consumer-recorder.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'

/** The offset that a partition has for the number that stands for a time; an error code; undefined: no answer. */
type Told = (timestamp: bigint, isolationLevel: 0 | 1, partition: number) => bigint | number | undefined

const NOT_LEADER = 6
const UNAUTHORIZED = 29
const TIME = 1_700_000_000_000

function wireOf (told: () => Told) {
  return fakeWire({
    Metadata: metadataOf({ orders: 2 }),
    ListOffsets: async ({ topics: [asked], isolationLevel }) => {
      const partitions = asked!.partitions.map(({ partition, timestamp }) => ({
        partition, answer: told()(timestamp, isolationLevel, partition)
      }))
      if (partitions.some(({ answer }) => answer === undefined)) await new Promise(() => {})
      return {
        topics: [{
          topic: 'orders',
          partitions: partitions.map(({ partition, answer }) => typeof answer === 'bigint'
            ? { partition, errorCode: 0, offset: answer }
            : { partition, errorCode: answer ?? 0, offset: -1n })
        }]
      }
    },
    Fetch: () => new Promise(() => {})
  })
}

/** A log of the records 3 to 9, of which those from 7 on are of an open transaction. */
const log: Told = (timestamp, isolationLevel) => {
  if (timestamp === -2n) return 3n
  if (timestamp === -1n) return isolationLevel === 1 ? 7n : 10n
  return timestamp === BigInt(TIME) ? 5n : -1n
}

async function build (t: Test, told: Told) {
  const environment = manualEnvironment()
  const cluster = { told }
  const { cluster: client, metadata, learn } = clientOf(t, wireOf(() => cluster.told), environment)
  await learn('orders')
  const closing = new AbortController()
  const ask = async (at: LogPlace, isolationLevel: 0 | 1 = 1) => {
    const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))
    return await offsetsAt(at, partitions, { cluster: client, metadata, isolationLevel, closing: closing.signal })
  }
  return { ...environment, cluster, closing, ask }
}

t.test('the start, the end and a time have an offset in each partition', async (t) => {
  const { ask } = await build(t, log)
  const offsets = async (...args: Parameters<typeof ask>) => (await ask(...args)).map(({ offset }) => offset)
  t.same(await offsets('start'), [3n, 3n])
  t.same(await offsets('end'), [7n, 7n], 'what is behind an open transaction is read later')
  t.same(await offsets('end', 0), [10n, 10n])
  t.same(await offsets({ timestamp: TIME }), [5n, 5n])
  t.same(await offsets({ timestamp: TIME + 1 }), [7n, 7n], 'no record is as young')
})

t.test('a leader that has moved, or is silent, is asked again', async (t) => {
  const { clock, cluster, ask } = await build(t, (timestamp, level, partition) => {
    return partition === 0 ? log(timestamp, level, partition) : NOT_LEADER
  })
  const asked = ask('start')
  await clock.advance(100)
  cluster.told = () => undefined
  await clock.advance(3000)
  cluster.told = log
  await clock.advance(3000)
  t.same(await asked, [0, 1].map((partition) => ({ topic: 'orders', partition, offset: 3n })))
})

t.test('leaders that tell nothing fail the question in the end, and a close ends it', async (t) => {
  const { clock, closing, ask } = await build(t, () => NOT_LEADER)
  const failed = rejects(t, ask('end'), { message: /no leader tells the offsets of 'orders'/ })
  await clock.advance(20_000)
  await failed
  const closed = rejects(t, ask('end'), { message: 'closed' })
  closing.abort(new Error('closed'))
  await clock.advance(1000)
  await closed
})

t.test('a right that is missing is told at once', async (t) => {
  const { ask } = await build(t, () => UNAUTHORIZED)
  await rejects(t, ask('start'), { errorCode: UNAUTHORIZED })
})

t.test('a consumer moves the positions of its partitions', async (t) => {
  const environment = manualEnvironment()
  const { clock } = environment
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 9000, log: SILENT, name: 'fake' }, wireOf(() => log), environment
  )
  async function within<Result> (ms: number, work: Promise<Result>): Promise<Result> {
    work.catch(() => {})
    await clock.advance(ms)
    return await work
  }
  t.teardown(() => within(5000, transport.close()))
  const listener = new ConsumerRecorder()
  const consumer = transport.consumer({
    groupId: null, topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 6000, rebalanceTimeout: 6000
  }, listener)
  t.same(await consumer.offsets('start'), [], 'it owns no partition yet')
  await within(100, consumer.start())
  t.same((await consumer.offsets({ timestamp: TIME })).map(({ offset }) => offset), [5n, 5n])
  await within(1000, consumer.subscribe(['orders'], [{ topic: 'orders', partition: 1, offset: 6n }]))
  t.same(listener.begins.map(({ partition, position }) => [partition, position]), [[0, 3n], [1, 3n], [0, 3n], [1, 6n]])
})
