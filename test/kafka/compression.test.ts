import kafkajs from 'kafkajs'
import t, { type Test } from 'tap'
import { COMPRESSIONS, type Compression } from '../../lib/transport/compression/codec.js'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { TopicMetadata } from '../../lib/transport/kafka/cluster/topic-metadata.js'
import { RecordBatch } from '../../lib/transport/kafka/records/record-batch.js'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { inSeconds, openCluster, record, transportOptions } from './client.js'
import { brokers, uniqueName, until, withAdmin } from './fixture.js'
import { createMember, withProducer } from './members.js'

const { CompressionCodecs, CompressionTypes } = kafkajs
const CODECS = COMPRESSIONS.slice(1)
const ABLE_TO_WRITE = CODECS.filter(
  (name) => name !== 'zstd' || 'zstdCompress' in process.getBuiltinModule('node:zlib')
)
/** Longer than a block of snappy-java (32 KiB) and of lz4 (64 KiB). */
const VALUES = Array.from({ length: 3000 }, (_, i) => `order ${i} of customer ${i % 7}, total ${(i * 7919) % 1000}`)

/** A topic that the broker stores in this compression, whatever it is sent: Kafka's own Java code writes the batches. */
async function createTopic (compression: Compression | 'producer'): Promise<string> {
  const topic = uniqueName(`compressed-${compression}`)
  const configEntries = [{ name: 'compression.type', value: compression === 'none' ? 'uncompressed' : compression }]
  await withAdmin(async (admin) => {
    await admin.createTopics({
      topics: [{ topic, numPartitions: 1, replicationFactor: -1, configEntries }], waitForLeaders: false
    })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === 1)
  })
  return topic
}

/** The compressions of the batches that the log holds, as their headers tell. */
async function storedAs (t: Test, topic: string): Promise<readonly Compression[]> {
  const cluster = openCluster(t, transportOptions())
  const metadata = new TopicMetadata(cluster, transportOptions())
  const { records } = await cluster.until(5000, async (operation) => {
    await metadata.refresh(operation, [topic])
    const bounds = { maxWait: 100, minBytes: 1, maxBytes: 1e7, isolationLevel: 1, rack: '' } as const
    const answer = await cluster.node(metadata.get(topic).leaders[0]!)!.request('Fetch', {
      ...bounds, topics: [{ topic, partitions: [{ partition: 0, offset: 0n, maxBytes: 1e7 }] }]
    })
    return answer.topics[0]!.partitions[0]!
  })
  const found: Compression[] = []
  for (let start = 0; start < records.length; start += 12 + records.readInt32BE(start + 8)) {
    found.push(COMPRESSIONS[new RecordBatch(records.subarray(start)).compression]!)
  }
  return found
}

async function send (t: Test, topic: string, compression: Compression): Promise<void> {
  const transport = createKafkajsTransport(transportOptions({ compression }))
  t.teardown(() => transport.close())
  const offsets = await transport.producer().send(VALUES.map((value) => record(topic, 0, value)), inSeconds(20))
  t.equal(offsets.at(-1), 2999n)
}

async function received (t: Test, topic: string): Promise<readonly string[]> {
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  await observer.has(VALUES.length)
  t.same(observer.corruptBatches, [])
  return observer.values()
}

for (const compression of CODECS) {
  t.test(`batches that Kafka's Java code has compressed with ${compression} are read`, async (t) => {
    const topic = await createTopic(compression)
    await send(t, topic, 'none')
    t.same(new Set(await storedAs(t, topic)), new Set([compression]))
    t.same(await received(t, topic), VALUES)
  })
}

for (const compression of ABLE_TO_WRITE) {
  t.test(`batches published with ${compression} are stored unchanged, and Kafka's Java code reads them`, async (t) => {
    const asSent = await createTopic('producer')
    await send(t, asSent, compression)
    t.same(await storedAs(t, asSent), [compression])
    t.same(await received(t, asSent), VALUES)

    // The broker has to decompress what it stores in another way.
    const converted = await createTopic('none')
    await send(t, converted, compression)
    t.same(await storedAs(t, converted), ['none'])
    t.same(await received(t, converted), VALUES)
  })
}

t.test('a codec that is not installed stops its partition, which goes on when a consumer has it', async (t) => {
  const topic = await createTopic('lz4')
  const groupId = uniqueName('group')
  await send(t, topic, 'none')
  const poor = createMember(t, {
    topics: [topic], groupId, codecs: createCodecs(() => { throw new Error('Cannot find module') })
  })
  await poor.consumer.start()
  await poor.observer.was('corrupt')
  t.match(poor.observer.corruptBatches, [{
    offset: 0n,
    nextOffset: -1n,
    error: {
      code: 'FASTSTREAM_ERR_CODEC', message: /lz4.*install the package 'lz4-napi'.*restart/
    }
  }])
  await poor.consumer.close()
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await consumer.start()
  await observer.has(VALUES.length)
  t.same(observer.values(), VALUES)
})

t.test("the codecs that an application gives to kafkajs don't count", async (t) => {
  const topic = await createTopic('producer')
  const codecs: Record<number, unknown> = CompressionCodecs
  const { writer } = createCodecs()
  codecs[CompressionTypes.Snappy] = () => ({
    compress: ({ buffer }: { buffer: Buffer }) => writer('snappy')(buffer),
    decompress: async () => { throw new Error('the codec of the application') }
  })
  t.teardown(() => { delete codecs[CompressionTypes.Snappy] })
  await withProducer(
    brokers(),
    (producer) => producer.send({
      topic, compression: CompressionTypes.Snappy, messages: VALUES.map((value) => ({ value }))
    })
  )
  t.same(await storedAs(t, topic), ['snappy'])
  t.same(await received(t, topic), VALUES)
})
