import Fastify from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { type Clock, systemClock } from '../../lib/clock.js'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { encodeBatch, endMarker, readHeader, readRecords } from '../simulation/batches.js'
import { Cluster } from '../simulation/cluster.js'
import { visible } from '../simulation/evidence.js'
import { Random } from '../simulation/judge.js'
import { Network } from '../simulation/network.js'
import { Process } from '../simulation/process.js'
import { processTimeline } from '../simulation/timeline.js'
import { Trace } from '../simulation/trace.js'
import { Weather } from '../simulation/weather.js'
import { useEnvironment } from '../support/environment.js'
import { SILENT } from '../support/kafka-client.js'
import { eventually } from './eventually.js'
import { stalls, type World } from './world.js'

// What is true of a real Kafka is true of the simulated one, here in fine weather. A difference is a bug of the
// simulation. Most of the time an app waits for a time-out or a back-off, so time runs faster. For the same reason the
// sentences are in several files, which run at the same time.

// They take a minute, and more on a machine that is shared.
t.setTimeout(600_000)

const SPEED = 4
const timeline = processTimeline(SPEED)
const clock: Clock = {
  now: () => Date.now(),
  elapsed: () => timeline.now,
  schedule: (ms, callback) => systemClock.schedule(ms / SPEED, callback)
}

const random = new Random(1)
const cluster = new Cluster(timeline, random)
const network = new Network(cluster, new Weather(random, () => {}), new Trace(timeline))
let count = 0

async function begin (t: Test, process: Process, options?: FaststreamOptions) {
  const app = Fastify()
  t.teardown(() => app.close())
  const { addresses } = cluster
  useEnvironment(app, {
    clock,
    createTransport: async () => createKafkaTransport(
      { name: 'simulated', brokers: addresses, connectTimeout: 60_000, log: app.log }, network.wire(process),
      { clock, random: Math.random }
    )
  })
  await app.register(faststreamPlugin, { brokers: addresses, ...options })
  return app
}

function nextProcess (): Process {
  return new Process(`process-${++count}`, timeline, random)
}

/** Until all nodes have heard of it. */
async function known (topic: string, partitions: number): Promise<void> {
  await eventually(async () => [...cluster.nodes.values()].every(
    (node) => (node.topic(topic)?.length ?? 0) === partitions
  ))
}

export const simulation: World = {
  name: 'simulation',
  unique: (prefix) => `${prefix}-${++count}`,
  app: (t, options) => begin(t, nextProcess(), options),
  async createTopic (partitions, topic = simulation.unique('topic')) {
    cluster.createTopic(topic, partitions)
    await known(topic, partitions)
    return topic
  },
  async deleteTopic (topic) {
    cluster.deleteTopic(topic)
    await known(topic, 0)
  },
  deleteRecords: async (topic, partition, before) => { cluster.deleteRecords(topic, partition, Number(before)) },
  async read (topic) {
    return cluster.partitions(topic).flatMap((
      { partition, newest }
    ) => visible(newest.batches).flatMap((batch) => readRecords(batch).map((
      { headers, ...record }, i
    ) => {
      const byName: Record<string, Array<Buffer | null>> = Object.create(null)
      for (const [name, value] of headers) (byName[name] ??= []).push(value)
      return { ...record, partition, offset: BigInt(batch.baseOffset + i), headers: byName }
    })))
  },
  partitions: async (topic) => cluster.partitions(topic).length,
  async addPartitions (topic, count) {
    cluster.addPartitions(topic, count)
    await known(topic, count)
  },
  committed: async (groupId, topic) => cluster.partitions(topic).map(
    ({ partition }) => cluster.store.offset(groupId, topic, partition)?.offset ?? 0n
  ),
  async commit (groupId, topic, offset, metadata = '') {
    cluster.store.commit({ groupId, topic, partition: 0, offset, at: timeline.now, stale: false }, metadata)
  },
  async victim (t, { topic, ...options }) {
    const process = nextProcess()
    const app = await begin(t, process, { ...options, drainTimeout: 1, commit: { interval: 10 } })
    stalls(app, topic)
    await app.ready()
    return async () => {
      process.kill()
      // Its session is over at once: the test does not wait for half a minute.
      const { coordinator } = cluster.node(cluster.coordinator.nodeId)
      const group = coordinator.group(options.groupId)
      for (const memberId of group.members.keys()) {
        if (cluster.owners.get(memberId) === process.name) group.leave(memberId, null)
      }
    }
  },
  async transaction (end, topic, values) {
    const producerId = cluster.nextProducerId()
    const [partition] = cluster.partitions(topic)
    const records = values.map((value) => ({
      key: null, value: Buffer.from(value), headers: [['content-type', Buffer.from('text/plain')]] as const
    }))
    for (const bytes of [
      encodeBatch(records, { producerId, producerEpoch: 0, baseSequence: 0, transactional: true }, Date.now()),
      endMarker(end === 'commit', producerId, Date.now())
    ]) {
      cluster.append(cluster.node(partition!.leader), partition!, partition!.epoch, bytes, readHeader(bytes))
    }
    await eventually(async () => partition!.newest.highWatermark === partition!.newest.end)
  }
}

/** The client of an app, by itself. */
export function simulatedTransport (): Transport {
  const transport = createKafkaTransport(
    { name: 'simulated', brokers: cluster.addresses, connectTimeout: 60_000, log: SILENT }, network.wire(nextProcess()),
    { clock, random: Math.random }
  )
  // Deadlines of the sentences are those of this process.
  const inTime = (deadline: number): number => clock.elapsed() + (deadline - systemClock.elapsed()) * SPEED
  return {
    ...transport,
    ping: async (deadline) => { await transport.ping?.(inTime(deadline)) },
    producer () {
      const producer = transport.producer()
      return {
        partitionCount: (topic) => producer.partitionCount(topic),
        send: (records, deadline) => producer.send(records, inTime(deadline)),
        close: () => producer.close()
      }
    }
  }
}
