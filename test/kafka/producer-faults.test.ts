import { setTimeout as wait } from 'node:timers/promises'
import type { Test } from 'tap'
import t from 'tap'
import { SendError } from '../../lib/transport/transport.js'
import type { TransportProducer } from '../../lib/transport/transport.js'
import { failure, inSeconds, openProducer, record } from './client.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { createTopic, readLog, uniqueName, until, withAdmin } from './fixture.js'

const partitions = 6
const keys = 60
const cluster = await startCluster({ nodes: 3 })
t.teardown(() => cluster.stop())

t.test('a frozen leader: the send times out, its outcome is unknown, later sends are stored once', async (t) => {
  const topic = await createTopic({ partitions: 1 }, cluster.brokers)
  const producer = openProducer(t, { brokers: cluster.brokers })
  await producer.send([record(topic, 0, 'before')], inSeconds(10))
  const leader = await leaderOf(topic, 0)

  cluster.freeze(leader)
  t.teardown(() => cluster.thaw(leader))
  const started = Date.now()
  t.match(
    await failure(producer.send([record(topic, 0, 'given up')], inSeconds(1))),
    { outcome: 'unknown', reason: 'timeout' }
  )
  t.ok(Date.now() - started < 1500)
  await producer.send([record(topic, 0, 'after')], inSeconds(20))
  t.ok(Date.now() - started < 15_000, 'it did not wait for the thaw')

  cluster.thaw(leader)
  await producer.send([record(topic, 0, 'thawed')], inSeconds(10))
  // The thawed node may tell a reader for a while that it leads, and hold only what it had: what is lost is not there
  // later either.
  let values: string[] = []
  await until(async () => {
    values = (await readLog(topic, cluster.brokers)).map(({ value }) => String(value))
    return values.includes('thawed')
  })
  t.same(values.filter((value) => value !== 'given up'), ['before', 'after', 'thawed'])
})

t.test('close does not wait for a frozen leader', async (t) => {
  const topic = await createTopic({ partitions: 1 }, cluster.brokers)
  const producer = openProducer(t, { brokers: cluster.brokers })
  await producer.send([record(topic, 0, 'before')], inSeconds(10))
  const leader = await leaderOf(topic, 0)
  cluster.freeze(leader)
  t.teardown(() => cluster.thaw(leader))

  const inFlight = failure(producer.send([record(topic, 0, 'given up')], inSeconds(10)))
  const started = Date.now()
  await producer.close()
  t.match(await inFlight, { reason: 'closed' })
  t.ok(Date.now() - started < 500)
})

t.test('a leader that moved beside one that is slow makes no duplicate', async (t) => {
  // KafkaJS's own sendBatch repeats the first failure while the slow answer is still on its way: the slow partition is
  // stored twice.
  const topic = uniqueName('moved')
  const producer = openProducer(t, { brokers: cluster.brokers })
  await withAdmin(async (admin) => {
    const replicaAssignment = [{ partition: 0, replicas: [1] }, { partition: 1, replicas: [2] }]
    await admin.createTopics({
      topics: [{ topic, replicaAssignment, configEntries: [{ name: 'min.insync.replicas', value: '1' }] }],
      waitForLeaders: false
    })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === 2)
    await producer.send([record(topic, 0, 'a'), record(topic, 1, 'a')], inSeconds(10))
    await admin.alterPartitionReassignments({
      topics: [{ topic, partitionAssignment: [{ partition: 0, replicas: [3] }] }]
    })
  }, cluster.brokers)
  await until(async () => await leaderOf(topic, 0) === 2)

  cluster.freeze(1)
  const sent = producer.send([record(topic, 0, 'b'), record(topic, 1, 'b')], inSeconds(20))
  await wait(1500)
  cluster.thaw(1)
  t.same(await sent, [1n, 1n])
  t.same(
    (await readLog(topic, cluster.brokers)).map(({ partition, value }) => `${partition}:${value}`),
    ['0:a', '0:b', '1:a', '1:b']
  )
})

t.test('sends that time out during an outage: acknowledged records are stored once and in order', async (t) => {
  const topic = await createTopic({ partitions }, cluster.brokers)
  const load = sendUntilStopped(openProducer(t, { brokers: cluster.brokers }), topic, () => inSeconds(0.3))
  await until(async () => load.acknowledged.size > 500)
  const leader = await leaderOf(topic, 0)
  cluster.freeze(leader)
  await until(async () => load.failed > 3)
  cluster.thaw(leader)
  const atThaw = load.acknowledged.size
  await until(async () => load.acknowledged.size > atThaw + 2000)
  await load.stop()

  await checkLog(t, topic, load)
})

t.test('SIGKILL of a leader under load: no loss, no duplicate, keys in order', async (t) => {
  const topic = await createTopic({ partitions }, cluster.brokers)
  const load = sendUntilStopped(openProducer(t, { brokers: cluster.brokers }), topic, () => inSeconds(30))
  await until(async () => load.acknowledged.size > 500)
  await cluster.kill(await leaderOf(topic, 0))
  const atKill = load.acknowledged.size
  await until(async () => load.acknowledged.size > atKill + 2000)
  await load.stop()

  t.equal(load.failed, 0)
  await checkLog(t, topic, load)
})

interface Load {
  readonly acknowledged: ReadonlyMap<number, bigint>
  /** Certainly not in the log, as their errors say. */
  readonly notSent: readonly number[]
  readonly failed: number
  stop (): Promise<void>
}

/** Sends numbers, 20 at a time over all partitions, one send at a time; what failed is never sent again. */
function sendUntilStopped (producer: TransportProducer, topic: string, deadline: () => number): Load {
  const acknowledged = new Map<number, bigint>()
  const notSent: number[] = []
  const load = { acknowledged, notSent, failed: 0, stop }
  const stopping = new AbortController()
  let next = 0
  const done = run()

  async function run (): Promise<void> {
    while (!stopping.signal.aborted) {
      const numbers = Array.from({ length: 20 }, () => next++)
      const records = numbers.map((number) => record(topic, number % keys % partitions, String(number), {
        key: Buffer.from(String(number % keys))
      }))
      const offsets = await producer.send(records, deadline()).catch((error) => {
        if (!(error instanceof SendError)) throw error
        load.failed++
        if (error.outcome === 'not-sent') notSent.push(...numbers)
        return error.offsets
      })
      for (const [i, offset] of offsets.entries()) {
        if (offset !== undefined) acknowledged.set(numbers[i]!, offset)
      }
      await wait(2)
    }
  }

  async function stop (): Promise<void> {
    stopping.abort()
    await done
  }
  return load
}

async function checkLog (t: Test, topic: string, { acknowledged, notSent, failed }: Load): Promise<void> {
  const log = await readLog(topic, cluster.brokers)
  const offsets = new Map<number, bigint[]>()
  for (const { value, offset } of log) offsets.set(Number(value), [...offsets.get(Number(value)) ?? [], offset])

  const numbers = [...acknowledged.keys()]
  const lost = numbers.filter((number) => !offsets.get(number)?.includes(acknowledged.get(number)!))
  const twice = [...offsets].filter(([, found]) => found.length > 1)
  const last = new Map<string, number>()
  const disordered = log.filter(({ key, value }) => {
    if (!acknowledged.has(Number(value))) return false
    const previous = last.get(String(key)) ?? -1
    last.set(String(key), Number(value))
    return Number(value) < previous
  })
  t.comment(`${acknowledged.size} acknowledged, ${failed} sends given up, ${log.length} in the log`)
  t.equal(lost.length, 0, 'lost')
  t.notOk(notSent.some((number) => offsets.has(number)), 'stored although the error said that it was not')
  t.equal(twice.length, 0, 'twice')
  t.equal(disordered.length, 0, 'out of order')
}

/** The index of the node: node ids count from 1. */
async function leaderOf (topic: string, partition: number): Promise<number> {
  return await withAdmin(async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics[0]!.partitions.find(({ partitionId }) => partitionId === partition)!.leader - 1
  }, cluster.brokers)
}
