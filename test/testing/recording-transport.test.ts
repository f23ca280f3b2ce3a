import t from 'tap'
import { Recorder } from '../../lib/testing/recorder.js'
import { recordingTransport } from '../../lib/testing/recording-transport.js'
import { SendError, type ProducedRecord, type Transport } from '../../lib/transport/transport.js'

const record: ProducedRecord = {
  topic: 'orders', partition: 0, key: Buffer.from('k'), value: null, headers: [], timestamp: 1
}

/** A transport that tells what it was asked, and whose producer answers so. */
function transportOf (send: () => Promise<readonly bigint[]>, optional: Partial<Transport> = {}) {
  const asked: string[] = []
  const ask = (name: string) => async (): Promise<never> => {
    asked.push(name)
    return undefined as never
  }
  const transport: Transport = {
    name: 'own',
    connect: ask('connect'),
    describeTopics: ask('describeTopics'),
    createTopics: ask('createTopics'),
    consumer: (options) => { asked.push(String(options.groupId)); return {} as never },
    producer: () => ({ partitionCount: () => 1, send, close: ask('close of producer') }),
    close: ask('close'),
    ...optional
  }
  return { asked, ask, transport }
}

t.test('every question reaches the transport; what it cannot answer is left out', async (t) => {
  const { asked, ask, transport } = transportOf(async () => [])
  const plain = recordingTransport(transport, new Recorder())
  await plain.connect()
  await plain.describeTopics([])
  await plain.createTopics([])
  plain.consumer({ groupId: 'shop' } as never, {} as never)
  await plain.producer().close()
  await plain.close()
  t.same(asked, ['connect', 'describeTopics', 'createTopics', 'shop', 'close of producer', 'close'])
  t.same([plain.name, plain.ping, plain.checkRights, plain.clusterId], ['own', undefined, undefined, undefined])
  const all = { ...transport, clusterId: () => 'id', ping: ask('ping'), checkRights: ask('rights') }
  const full = recordingTransport(all, new Recorder())
  t.equal(full.clusterId?.(), 'id')
  await full.ping?.(1)
  await full.checkRights?.({ read: [], write: [], groups: [] })
  t.same(asked.slice(-2), ['ping', 'rights'])
})

t.test('what is stored is recorded, also of a send that fails in part', async (t) => {
  const recorder = new Recorder()
  const stored = recordingTransport(transportOf(async () => [7n]).transport, recorder).producer()
  t.equal(await stored.partitionCount('orders'), 1)
  t.same(await stored.send([record], 1), [7n])
  const partly = new SendError('no', 'not-sent', 'refused', { offsets: [undefined, 8n] })
  const failing = recordingTransport(transportOf(async () => { throw partly }).transport, recorder).producer()
  await t.rejects(failing.send([record, record], 1), { message: 'no' })
  const broken = recordingTransport(transportOf(async () => { throw new Error('gone') }).transport, recorder).producer()
  await t.rejects(broken.send([record], 1), { message: 'gone' })
  t.same(recorder.published.map(({ place }) => place), ['orders[0] 7', 'orders[0] 8'])
  t.match(recorder.published[0]?.published, { key: 'k', value: null })
})

t.test('a record is kept as it was sent', async (t) => {
  const recorder = new Recorder()
  const key = Buffer.from('a')
  const producer = recordingTransport(transportOf(async () => [0n]).transport, recorder).producer()
  await producer.send([{ ...record, key, value: Buffer.from('1') }], 1)
  key.write('b')
  t.match(recorder.published[0]?.published, { key: 'a' })
})
