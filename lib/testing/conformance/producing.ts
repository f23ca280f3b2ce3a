import assert from 'node:assert/strict'
import { recordOf, type Sentences } from './world.js'

const bytes = (text: string): Buffer => Buffer.from(text)

/** The sentences about a producer. */
export const producing: Sentences = {
  async 'records are stored in the order given, and get the next offsets of their partitions' (world) {
    const topic = await world.topic(2)
    assert.deepEqual(await world.send(topic, 0, 'a', 'b'), [0n, 1n])
    const offsets = await world.sendRecords([
      recordOf(topic, { partition: 1, value: bytes('x') }),
      recordOf(topic, { partition: 0, value: bytes('c') }),
      recordOf(topic, { partition: 1, value: bytes('y') })
    ])
    assert.deepEqual(offsets, [0n, 2n, 1n])
    const { listener } = await world.read({ topics: [topic] })
    await world.until('5 records come', () => listener.values().length === 5)
    const of = (partition: number): string => listener.deliveries.filter((delivery) => delivery.partition === partition)
      .flatMap(({ records }) => records.map(({ value, offset }) => `${offset}${String(value)}`)).join()
    assert.deepEqual([of(0), of(1)], ['0a,1b,2c', '0x,1y'])
  },

  async 'one send stores records of several topics' (world) {
    const [a, b] = [await world.topic(1, world.name('a')), await world.topic(1, world.name('b'))]
    const records = [recordOf(a, { value: bytes('of a') }), recordOf(b, { value: bytes('of b') })]
    assert.deepEqual(await world.sendRecords(records), [0n, 0n])
    const { listener } = await world.read({ topics: [a, b] })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.placed(), [`${a}/0 of a`, `${b}/0 of b`])
  },

  async 'a record keeps its key, value, headers and time' (world) {
    const topic = await world.topic()
    const binary = Buffer.from([0, 255, 128, 10])
    const headers = [['tenant', bytes('a')], ['tenant', bytes('b')], ['none', null], ['', binary]] as const
    await world.sendRecords([recordOf(topic, { key: binary, value: bytes('größer'), headers, timestamp: 1234 })])
    const { listener } = await world.read({ topics: [topic] })
    await world.until('the record comes', () => listener.values().length === 1)
    const record = listener.deliveries[0]?.records[0]
    assert.deepEqual([record?.key, String(record?.value), record?.timestamp], [binary, 'größer', 1234])
    assert.deepEqual(record?.headers.map(([name, value]) => [name, value]), headers.map((header) => [...header]))
    assert.ok(Number(record?.size) > 0, 'it has a size')
  },

  async 'no key and no value are not the same as empty ones' (world) {
    const topic = await world.topic()
    const empty = Buffer.alloc(0)
    await world.sendRecords([recordOf(topic, {}), recordOf(topic, { key: empty, value: empty })])
    const { listener } = await world.read({ topics: [topic] })
    await world.until('2 records come', () => listener.values().length === 2)
    const records = listener.deliveries.flatMap(({ records }) => records)
    assert.deepEqual(records.map(({ key, value }) => [key?.length, value?.length]), [[undefined, undefined], [0, 0]])
  },

  async 'the records of two producers are all stored' (world) {
    const topic = await world.topic()
    const other = (await world.client()).producer()
    await Promise.all([
      world.send(topic, 0, 'one'),
      other.send([recordOf(topic, { value: bytes('two') })], world.deadline())
    ])
    const { listener } = await world.read({ topics: [topic] })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.values().sort(), ['one', 'two'])
  },

  async 'the partitions of a topic are counted, and those of a topic that does not exist are not' (world) {
    const topic = await world.topic(3)
    const { producer } = await world.writer()
    assert.equal(await producer.partitionCount(topic), 3)
    await assert.rejects(async () => await producer.partitionCount(world.name('none')))
  },

  async 'a record that the cluster cannot store is told with a SendError, and others are stored later' (world) {
    const topic = await world.topic()
    await assert.rejects(world.sendRecords([recordOf(world.name('none'), { value: bytes('lost') })], 2000), {
      name: 'SendError'
    })
    assert.deepEqual(await world.send(topic, 0, 'stored'), [0n])
  },

  async 'a producer may be closed twice' (world) {
    const producer = (await world.client()).producer()
    await producer.close()
    await producer.close()
  }
}
