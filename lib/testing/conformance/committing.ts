import assert from 'node:assert/strict'
import type { ConformanceWorld, Reading, Sentences } from './world.js'

const stored = (topic: string, offset: bigint, metadata?: string) => [
  { topic, partition: 0, offset, ...metadata !== undefined && { metadata } }
]

/** The sentences about the offsets that a group stores. */
export const committing: Sentences = {
  async 'a group goes on at the offset that it has stored, and another group is not concerned' (world) {
    const { topic, groupId } = await storedAt(world, 2n)
    const next = await world.read({ topics: [topic], groupId })
    await world.until('a record comes', () => next.listener.values().length === 1)
    assert.deepEqual(next.listener.values(), ['c'])
    const other = await world.read({ topics: [topic], groupId: world.name('other') })
    await world.until('3 records come', () => other.listener.values().length === 3)
  },

  async 'records are read again where the group has stored nothing' (world) {
    const topic = await world.topic()
    const groupId = world.name('shop')
    await world.send(topic, 0, 'a')
    for (const round of ['first', 'second']) {
      const { listener, close } = await world.read({ topics: [topic], groupId })
      await world.until(`the record comes to the ${round} consumer`, () => listener.values().length === 1)
      await close()
    }
  },

  async 'the offset of a group is announced with its text' (world) {
    const { topic, groupId } = await storedAt(world, 1n, 'of the first member')
    const { listener } = await world.read({ topics: [topic], groupId })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.beginnings, [`${topic}/0 1 of the first member`])
  },

  async 'the last commit of a partition counts' (world) {
    const topic = await world.topic()
    const groupId = world.name('shop')
    await world.send(topic, 0, 'a', 'b', 'c')
    const { consumer, listener, close } = await world.read({ topics: [topic], groupId })
    await world.until('3 records come', () => listener.values().length === 3)
    for (const offset of [3n, 1n, 2n]) await consumer.commit(stored(topic, offset))
    await close()
    const next = await world.read({ topics: [topic], groupId })
    await world.until('a record comes', () => next.listener.values().length > 0)
    assert.deepEqual(next.listener.values(), ['c'])
  },

  async 'an offset beyond the end of the log is told, and earliest goes back to the start' (world) {
    const { topic, groupId } = await storedAt(world, 9n)
    const { listener } = await world.read({ topics: [topic], groupId, offsetReset: 'earliest' })
    await world.until('3 records come', () => listener.values().length === 3)
    assert.deepEqual(listener.resets, [{ stored: 9n, start: 0n, end: 3n, position: 0n }])
  },

  async 'an offset beyond the end of the log is told, and latest goes to the end' (world) {
    const { topic, groupId } = await storedAt(world, 9n)
    const { listener } = await world.read({ topics: [topic], groupId, offsetReset: 'latest' })
    await world.until('the reset is told', () => listener.resets.length === 1)
    await world.send(topic, 0, 'd')
    await world.until('a record comes', () => listener.values().length > 0)
    assert.deepEqual(listener.values(), ['d'])
    assert.deepEqual(listener.resets, [{ stored: 9n, start: 0n, end: 3n, position: 3n }])
  },

  async 'an offset beyond the end of the log stops the partition with fail, until it is moved' (world) {
    const { topic, groupId } = await storedAt(world, 9n)
    const { consumer, listener } = await world.read({ topics: [topic], groupId, offsetReset: 'fail' })
    await world.until('the reset is told', () => listener.resets.length === 1)
    assert.deepEqual(listener.resets, [{ stored: 9n, start: 0n, end: 3n, position: undefined }])
    assert.deepEqual(listener.values(), [])
    consumer.seek({ topic, partition: 0, offset: 1n })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.values(), ['b', 'c'])
  },

  async 'fail begins at the start where the group has stored nothing' (world) {
    const topic = await world.topic()
    await world.send(topic, 0, 'a')
    const { listener } = await world.read({ topics: [topic], groupId: world.name('shop'), offsetReset: 'fail' })
    await world.until('the record comes', () => listener.values().length === 1)
    assert.deepEqual(listener.resets, [])
  },

  async 'without a group offsets are kept while the consumer lives' (world) {
    const topic = await world.topic()
    await world.send(topic, 0, 'a', 'b')
    const { consumer, listener } = await world.read({ topics: [topic] })
    await world.until('2 records come', () => listener.values().length === 2)
    await consumer.commit(stored(topic, 1n))
    await consumer.subscribe([topic])
    await world.until('a record is read again', () => listener.values().length === 3)
    assert.deepEqual(listener.values(), ['a', 'b', 'b'])
  }
}

/** A topic with three records, and a group that has stored an offset there and has no members. */
async function storedAt (world: ConformanceWorld, offset: bigint, metadata?: string) {
  const topic = await world.topic()
  const groupId = world.name('shop')
  await world.send(topic, 0, 'a', 'b', 'c')
  const first: Reading = await world.read({ topics: [topic], groupId })
  await world.until('3 records come', () => first.listener.values().length === 3)
  await first.consumer.commit(stored(topic, offset, metadata))
  await first.close()
  return { topic, groupId }
}
