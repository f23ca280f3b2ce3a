import t, { type Test } from 'tap'
import type { Codecs, Compression } from '../../../lib/transport/compression/codec.js'
import { createCodecs } from '../../../lib/transport/compression/codecs.js'
import { createKafkaTransport } from '../../../lib/transport/kafka/index.js'
import { type FetchAnswer, type ProduceRequest, WireError } from '../../../lib/transport/kafka/wire.js'
import type { ConsumerListener, ConsumerOptions } from '../../../lib/transport/transport.js'
import { fakeWire, type Handlers, metadataOf } from '../../support/fake-wire.js'
import { manualEnvironment, rejects, SILENT } from '../../support/kafka-client.js'
import { turn } from '../../support/manual-clock.js'
import { attribute, compressed } from '../../support/record-sets.js'

const GROUP = {
  groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 6000, rebalanceTimeout: 6000
} as const

/** A client of one node that has the topic `orders`, and a listener that notes what it is told. */
function build (
  t: Pick<Test, 'teardown'>,
  {
    codecs = createCodecs(), compression = 'none', ...handlers
  }: Handlers & { codecs?: Codecs, compression?: Compression } = {}
) {
  const environment = manualEnvironment()
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 1 }),
    ListOffsets: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, offset: 0n }))
      }))
    }),
    Fetch: () => new Promise(() => {}),
    ...handlers
  })
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 9000, log: SILENT, name: 'fake', codecs, compression }, wire, environment
  )
  const told: string[] = []
  const errors: unknown[] = []
  const listener: ConsumerListener = {
    assigned: () => { told.push('assigned') },
    revoking: async () => { told.push('revoking') },
    lost: () => { told.push('lost') },
    records: () => { told.push('records') },
    stored: () => { told.push('stored') },
    reset: () => { told.push('reset') },
    corrupt: (_topic, _partition, { error }) => { told.push('corrupt'); errors.push(error) },
    failed: (error, again) => { told.push(again ? 'failed' : 'ended'); errors.push(error) }
  }
  async function close (): Promise<void> {
    const closing = transport.close()
    await environment.clock.advance(5000)
    await closing
  }
  t.teardown(close)
  const consumer = (options: Partial<ConsumerOptions> = {}) => transport.consumer({ ...GROUP, ...options }, listener)
  return { ...environment, wire, transport, told, errors, close, consumer }
}

function fetched (records: Buffer): FetchAnswer {
  const row = {
    partition: 0, errorCode: 0, highWatermark: 9n, lastStableOffset: 9n, aborted: [], preferredReadReplica: -1, records
  }
  return { errorCode: 0, topics: [{ topic: 'orders', partitions: [row] }] }
}

t.test('connect reaches the cluster before its deadline, and says what is wrong with it', async (t) => {
  const { transport, clock, wire } = build(t)
  t.equal(transport.name, 'fake')
  await transport.connect()
  await transport.connect(clock.now() + 100)
  wire.connecting = async () => { throw new WireError('refused', 'authentication') }
  for (const connection of wire.open) connection.close()
  await rejects(t, transport.connect(), { code: 'FASTSTREAM_ERR_CONNECT', message: /refused/ })
  wire.connecting = async () => {}
  wire.ranges.clear()
  await rejects(t, transport.connect(), { code: 'FASTSTREAM_ERR_API_VERSION' })
})

t.test('the id of the cluster is known from the metadata, and stays where an answer has none', async (t) => {
  const { transport, wire } = build(t)
  t.equal(transport.clusterId?.(), undefined)
  const answer = { brokers: [{ nodeId: 1, host: 'a', port: 1 }], controllerId: 1, topics: [] }
  for (const clusterId of ['MkU3OEVBNTcwNTJENDM2Qk', null]) {
    wire.handlers.Metadata = () => ({ ...answer, clusterId })
    await transport.connect()
    t.equal(transport.clusterId?.(), 'MkU3OEVBNTcwNTJENDM2Qk')
  }
})

t.test('a codec that is missing is no corruption: the partition stops with an error that names the cure', async (t) => {
  const answers = [fetched(compressed(Buffer.alloc(0), attribute.snappy))]
  const codecs = createCodecs(() => { throw new Error('Cannot find module') })
  const { consumer, told, errors, clock } = build(t, { codecs, Fetch: () => answers.shift() ?? new Promise(() => {}) })
  const starting = consumer({ groupId: null, checkCrcs: false }).start()
  await clock.advance(100)
  await starting
  t.same(told, ['assigned', 'records', 'corrupt'])
  t.match(errors, [{ code: 'FASTSTREAM_ERR_CODEC', message: /snappy.*install the package 'snappy'.*restart/ }])
})

t.test('a consumer without the right to its topic does not start, and one that loses it ends for good', async (t) => {
  const forbidden = () => ({
    brokers: [], controllerId: 1, topics: [{ topic: 'orders', errorCode: 29, partitions: [] }]
  })
  const { consumer, told } = build(t, { Metadata: forbidden })
  await rejects(t, consumer({ groupId: null }).start(), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Read on topic 'orders'/
  })
  t.same(told, [])

  const later = build(t)
  const starting = later.consumer({ groupId: null }).start()
  await later.clock.advance(100)
  await starting
  later.wire.handlers.Metadata = forbidden
  await later.clock.advance(6000)
  t.same(later.told, ['assigned', 'records', 'lost', 'ended'])
  t.match(later.errors, [{ code: 'FASTSTREAM_ERR_NOT_AUTHORIZED' }])
  later.wire.handlers.Metadata = metadataOf({ orders: 1 })
  await later.clock.advance(60_000)
  t.equal(later.told.length, 4)
})

t.test('a failure of the metadata ends no generation', async (t) => {
  const { consumer, told, clock, wire } = build(t)
  const starting = consumer({ groupId: null }).start()
  await clock.advance(100)
  await starting
  wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  await clock.advance(20_000)
  t.same(told, ['assigned', 'records'])
})

t.test('nothing can be committed, and nothing is owned, before start and after close', async (t) => {
  const { consumer, told, clock } = build(t)
  const idle = consumer({ groupId: null })
  t.equal(idle.lastContact, 0)
  t.same(idle.progress({ topic: 'orders', partition: 0 }), { position: undefined, end: undefined })
  idle.pause({ topic: 'orders', partition: 0 })
  idle.resume({ topic: 'orders', partition: 0 })
  idle.seek({ topic: 'orders', partition: 0, offset: 0n })
  await rejects(t, idle.commit([]), { name: 'GenerationLostError' })
  const closing = idle.close()
  await clock.advance(2000)
  await closing
  await rejects(t, idle.commit([]), { name: 'GenerationLostError' })
  await rejects(t, idle.start(), { message: /without a group was closed/ })
  t.same(told, [])
})

t.test('a transport that is to compress by a codec that is not installed is not made', async (t) => {
  const codecs = createCodecs(() => { throw new Error('Cannot find module') }, {})
  const options = { brokers: ['a:1'], connectTimeout: 9000, log: SILENT, name: 'fake', codecs }
  for (const compression of ['snappy', 'lz4', 'zstd'] as const) {
    t.throws(() => createKafkaTransport({ ...options, compression }, fakeWire({})), {
      code: 'FASTSTREAM_ERR_CODEC', message: new RegExp(compression)
    })
  }
  t.ok(createKafkaTransport({ ...options, compression: 'gzip' }, fakeWire({})))
})

t.test('a batch is compressed once, and each attempt sends the same bytes', async (t) => {
  const sent: ProduceRequest[] = []
  const answers = [5, 0]
  const { transport, clock } = build(t, {
    compression: 'gzip',
    InitProducerId: () => ({ errorCode: 0, producerId: 7n, producerEpoch: 0 }),
    Produce (request) {
      sent.push(request)
      return {
        topics: [{ topic: 'orders', partitions: [{ partition: 0, errorCode: answers.shift()!, baseOffset: 0n }] }]
      }
    }
  })
  const value = Buffer.from('order'.repeat(1000))
  const sending = transport.producer().send(
    [{ topic: 'orders', partition: 0, key: null, value, headers: [], timestamp: 1e12 }], clock.elapsed() + 20_000
  )
  // Compression runs in another thread, outside of the clock.
  while (sent.length === 0) await turn()
  await clock.advance(1000)
  t.same(await sending, [0n])
  const [first, second] = sent.map(({ topics }) => topics[0]!.partitions[0]!.records)
  t.ok(first!.length < 200)
  t.same(first, second)
})

t.test('a batch that cannot be compressed is refused, in words that tell nothing of the host', async (t) => {
  const codecs: Codecs = { ...createCodecs(), writer: () => async () => { throw new Error('no memory on host a') } }
  const { transport, clock } = build(t, { compression: 'gzip', codecs })
  const records = [{ topic: 'orders', partition: 0, key: null, value: null, headers: [], timestamp: 1e12 }]
  await t.rejects(transport.producer().send(records, clock.elapsed() + 20_000), {
    message: 'it could not be sent', outcome: 'not-sent', reason: 'refused', cause: { message: 'no memory on host a' }
  })
})

t.test('close ends the clients that are left, waits for them, and closes all connections', async (t) => {
  const { transport, clock, wire, consumer } = build(t)
  const reading = consumer({ groupId: null })
  const starting = reading.start()
  await clock.advance(100)
  await starting
  t.ok(wire.open.size > 0)
  let end = (): void => {}
  consumer({ groupId: null }).close = () => new Promise((resolve) => { end = resolve })
  const closing = transport.close()
  await clock.advance(1999)
  t.ok(wire.open.size > 0)
  end()
  await closing
  t.equal(wire.open.size, 0)
  await rejects(t, reading.start(), { message: /without a group was closed/ })
})

t.test('a client that was closed is not kept by the transport', async (t) => {
  const { transport, clock, consumer } = build(t)
  const reader = consumer({ groupId: null })
  const ending = reader.close()
  await clock.advance(2000)
  await ending
  reader.close = async () => { t.fail('it was closed twice') }
  const closing = transport.close()
  await clock.advance(5000)
  await closing
})

t.test('the cluster is described through the transport', async (t) => {
  const DescribeConfigs = () => ({ resources: [] })
  const { transport } = build(t, { DescribeConfigs })
  const { nodes, topics } = await transport.describeCluster!({ topics: ['orders'], groups: [] })
  t.equal(nodes, 1)
  t.same([...topics.keys()], ['orders'])
})
