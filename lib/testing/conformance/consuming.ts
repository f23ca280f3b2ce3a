import assert from 'node:assert/strict'
import type { Sentences } from './world.js'

/** The sentences about a consumer that reads. */
export const consuming: Sentences = {
  async 'records come in the order of their offsets, each once, with the position behind them' (world) {
    const topic = await world.topic(2)
    const values = Array.from({ length: 300 }, (_, index) => String(index))
    for (const partition of [0, 1]) await world.send(topic, partition, ...values)
    const { listener } = await world.read({ topics: [topic], groupId: world.name('shop') })
    await world.until('600 records come', () => listener.values().length >= 600)
    for (const partition of [0, 1]) {
      const deliveries = listener.deliveries.filter((delivery) => delivery.partition === partition)
      const offsets = deliveries.flatMap(({ records }) => records.map(({ offset }) => offset))
      assert.deepEqual(offsets, values.map((value) => BigInt(value)))
      for (const { records, position } of deliveries) assert.equal(records.at(-1)?.offset, position - 1n)
    }
  },

  async 'without a group each consumer owns all partitions' (world) {
    const topic = await world.topic(2)
    await world.send(topic, 1, 'one')
    const readings = [await world.read({ topics: [topic] }), await world.read({ topics: [topic] })]
    for (const { listener } of readings) {
      await world.until('the record comes', () => listener.values().length === 1)
      assert.deepEqual(listener.owned, [`${topic}/0`, `${topic}/1`])
    }
  },

  async 'latest reads what is published once the consumer has started, and nothing before' (world) {
    const topic = await world.topic()
    await world.send(topic, 0, 'before')
    const { listener } = await world.read({ topics: [topic], groupId: world.name('shop'), offsetReset: 'latest' })
    await world.send(topic, 0, 'after')
    await world.until('a record comes', () => listener.values().length > 0)
    assert.deepEqual(listener.values(), ['after'])
  },

  async 'a time reads from the first record that is not older' (world) {
    const topic = await world.topic()
    const at = (timestamp: number) => ({ topic, partition: 0, key: null, headers: [], timestamp })
    await world.sendRecords([1000, 2000, 3000].map((time) => ({ ...at(time), value: Buffer.from(String(time)) })))
    const offsetReset = { timestamp: 1500 }
    const { listener } = await world.read({ topics: [topic], groupId: world.name('shop'), offsetReset })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.values(), ['2000', '3000'])
  },

  async 'a beginning that the group has not stored is announced, with no records' (world) {
    const topic = await world.topic()
    await world.send(topic, 0, 'before')
    const { listener } = await world.read({ topics: [topic], groupId: world.name('shop'), offsetReset: 'latest' })
    await world.until('the beginning is announced', () => listener.begins.length === 1)
    assert.deepEqual(listener.begins, [{ topic, partition: 0, records: [], position: 1n }])
  },

  async 'a partition that is paused hands over nothing until it is resumed, and others go on' (world) {
    const topic = await world.topic(2)
    const { consumer, listener } = await world.read({ topics: [topic], groupId: world.name('shop') })
    await world.send(topic, 0, 'before')
    await world.until('a record comes', () => listener.values().length === 1)
    consumer.pause({ topic, partition: 0 })
    await world.send(topic, 0, 'paused')
    await world.send(topic, 1, 'other')
    await world.until('the record of the other partition comes', () => listener.values().includes('other'))
    assert.deepEqual(listener.values(), ['before', 'other'])
    consumer.resume({ topic, partition: 0 })
    await world.until('the record that was held back comes', () => listener.values().includes('paused'))
  },

  async 'a consumer that is stopped reads no more, and its commits are taken' (world) {
    const topic = await world.topic()
    const groupId = world.name('shop')
    await world.send(topic, 0, 'a', 'b')
    const { consumer, listener, close } = await world.read({ topics: [topic], groupId })
    await world.until('2 records come', () => listener.values().length === 2)
    consumer.stop()
    await world.send(topic, 0, 'c')
    await consumer.commit([{ topic, partition: 0, offset: 1n }])
    assert.deepEqual(listener.values(), ['a', 'b'])
    await close()
    const second = await world.read({ topics: [topic], groupId })
    await world.until('2 records come', () => second.listener.values().length === 2)
    assert.deepEqual(second.listener.values(), ['b', 'c'])
  },

  async 'a consumer may be closed twice, and calls no listener afterwards' (world) {
    const topic = await world.topic()
    const { consumer, listener } = await world.read({ topics: [topic], groupId: world.name('shop') })
    await consumer.close()
    await consumer.close()
    const { events: { length } } = listener
    await world.send(topic, 0, 'late')
    const other = await world.read({ topics: [topic] })
    await world.until('another consumer has the record', () => other.listener.values().length === 1)
    assert.deepEqual(listener.events.slice(length), [])
  },

  async 'the progress of a partition is told' (world) {
    const topic = await world.topic()
    await world.send(topic, 0, 'a', 'b')
    const { consumer, listener } = await world.read({ topics: [topic], groupId: world.name('shop') })
    await world.until('2 records come', () => listener.values().length === 2)
    await world.until('position and end are 2', () => {
      const { position, end } = consumer.progress({ topic, partition: 0 })
      return position === 2n && end === 2n
    })
  },

  async 'the contact with the cluster is told, and goes on' (world) {
    const topic = await world.topic()
    const { consumer } = await world.read({ topics: [topic], groupId: world.name('shop') })
    const { lastContact } = consumer
    assert.equal(consumer.unreached, undefined)
    await world.until('there is a later contact', () => consumer.lastContact > lastContact)
  },

  async 'a topic that does not exist delays no other one, and is read once it is created' (world) {
    const topic = await world.topic()
    const later = world.name('later')
    await world.send(topic, 0, 'now')
    const { consumer, listener } = await world.read({ topics: [topic, later], groupId: world.name('shop') })
    await world.until('the record comes', () => listener.values().length === 1)
    await world.until('the topic is missing', () => consumer.missing().length === 1)
    assert.deepEqual(consumer.missing(), [later])
    await world.topic(1, later)
    await world.send(later, 0, 'later')
    await world.until('its record comes', () => listener.values().includes('later'))
    assert.deepEqual(consumer.missing(), [])
  }
}
