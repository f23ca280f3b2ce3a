import { join } from 'node:path'
import t, { type Test } from 'tap'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerListener, TransportConsumer } from '../../lib/transport/transport.js'
import { faststream, faststreamWith } from '../support/faststream.js'
import { record } from '../support/memory-transport.js'
import { cluster, faults } from './apps/faulty.js'

const APP = join(import.meta.dirname, 'apps/faulty.ts')
const producer = createMemoryTransport({ cluster }).producer()

function create (topic: string): void {
  cluster.createTopics([{ topic, partitions: 1, replicas: 1 }])
}

async function send (topic: string, partition: number, ...values: string[]): Promise<void> {
  await producer.send(values.map((value) => record(topic, partition, value)), Infinity)
}

/** Lets the transport make its consumers by `change`. */
function withConsumers (
  t: Test, change: (listener: ConsumerListener, build: (listener: ConsumerListener) => TransportConsumer) => unknown
): void {
  const { of } = faults
  t.teardown(() => { faults.of = of })
  faults.of = (transport) => ({
    ...transport,
    consumer (options, listener) {
      let consumer!: ReturnType<typeof transport.consumer>
      change(listener, (listener) => (consumer = transport.consumer(options, listener)))
      return consumer
    }
  })
}

/** A transport that finds the batch at offset 1 damaged, and reads on where it is told to. */
function damage (t: Test, topic: string, nextOffset: bigint): bigint[] {
  const seeks: bigint[] = []
  withConsumers(t, (listener, build) => {
    let readOn = (): void => {}
    const consumer = build({
      ...listener,
      records (_, partition, all, position) {
        const at = all.findIndex(({ offset }) => offset === 1n)
        if (at < 0) return listener.records(topic, partition, all, position)
        listener.records(topic, partition, all.slice(0, at), 1n)
        readOn = () => { listener.records(topic, partition, all.slice(at + 1), position) }
        listener.corrupt(topic, partition, { offset: 1n, nextOffset, error: new Error('checksum') })
      }
    })
    consumer.seek = ({ offset }) => {
      seeks.push(offset)
      readOn()
    }
  })
  return seeks
}

t.test('a partition that is added while tail runs is read, too, and no message is shown twice', async (t) => {
  create('plain')
  await send('plain', 0, '1')
  let sent: Promise<void> | undefined
  const { code, out } = await faststreamWith(new AbortController().signal, () => {
    if (sent !== undefined) return
    cluster.createPartitions('plain', 2)
    sent = send('plain', 1, '2')
  }, 'tail', APP, '--topic', 'plain', '--from', 'earliest', '--count', '2')
  await sent
  t.equal(code, 0)
  const lines = out.trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  t.match(lines, [{ partition: 0, offset: '0', value: 1 }, { partition: 1, offset: '0', value: 2 }])
})

t.test('a message is shown as the codec of its subscriber decodes it', async (t) => {
  create('lines')
  await send('lines', 0, '{"id":1}')
  const { json } = await faststream('tail', APP, '--topic', 'lines', '--from', 'earliest', '--count', '1')
  t.match(json(), { key: null, value: '{"id":1}' })
})

t.test('a batch that is damaged is shown by its offset, and reading goes on behind it', async (t) => {
  create('orders')
  await send('orders', 0, '{"id":1}', '{"id":2}', '{"id":3}')
  const seeks = damage(t, 'orders', 2n)
  const argv = ['tail', APP, '--topic', 'orders', '--from', 'earliest']
  const { code, out } = await faststream(...argv, '--count', '2')
  t.equal(code, 0)
  const lines = out.trim().split('\n').map((line) => JSON.parse(line) as { offset: string, damaged?: boolean })
  t.match(lines.filter(({ damaged }) => damaged), [{ partition: 0, offset: '1' }])
  t.same(lines.filter(({ damaged }) => !damaged).map(({ offset }) => offset), ['0', '2'])
  t.same(seeks, [2n])
})

t.test('behind a damage without an end nothing is read, until a signal ends tail', async (t) => {
  const seeks = damage(t, 'orders', -1n)
  const stop = new AbortController()
  const { code } = await faststreamWith(stop.signal, (text) => {
    if (text.includes('damaged')) stop.abort()
  }, 'tail', APP, '--topic', 'orders', '--from', 'earliest')
  t.equal(code, 0)
  t.same(seeks, [])
})

t.test('tail ends when the cluster has refused it for good, and tells why', async (t) => {
  withConsumers(t, (listener, build) => {
    const consumer = build(listener)
    consumer.start = async () => {
      listener.failed(new Error('a:1 is not there'))
      listener.failed(new Error('not authorized', { cause: new Error('a:1 has said so') }), false)
    }
  })
  t.match(await faststream('tail', APP, '--topic', 'orders'), {
    code: 2, err: 'faststream: not authorized\n  cause: a:1 has said so\n'
  })
})

t.test('tail begins at an offset of one partition, and reads no other one', async (t) => {
  const argv = ['tail', APP, '--topic', 'plain', '--count', '1']
  t.match((await faststream(...argv, '--from', '1:0')).json(), { partition: 1, offset: '0', value: 2 })
  t.match(await faststream(...argv, '--from', '7:0'), { code: 2, err: /'plain' has 2 partitions, and no 7/ })
})

t.test('a message of a topic that a pattern matches is shown as its subscriber decodes it', async (t) => {
  create('some.texts')
  await send('some.texts', 0, '{"id":1}')
  const { json } = await faststream('tail', APP, '--topic', 'some.texts', '--from', 'earliest', '--count', '1')
  t.match(json(), { value: '{"id":1}' })
})
