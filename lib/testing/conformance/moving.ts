import assert from 'node:assert/strict'
import type { ConformanceWorld, Reading, Sentences } from './world.js'

/** The sentences about a consumer whose positions are moved while it runs. */
export const moving: Sentences = {
  async 'partitions go on at chosen positions, in a group' (world) {
    const topic = await movedTopic(world)
    await goOn(world, topic, await world.read({ topics: [topic], groupId: world.name('shop') }))
  },

  async 'partitions go on at chosen positions, without a group' (world) {
    const topic = await movedTopic(world)
    await goOn(world, topic, await world.read({ topics: [topic] }))
  },

  async 'the offsets of a place are those of the owned partitions' (world) {
    const topic = await movedTopic(world)
    const { consumer, listener } = await world.read({ topics: [topic], groupId: world.name('shop') })
    await world.until('4 records come', () => listener.values().length === 4)
    const offsets = async (at: Parameters<typeof consumer.offsets>[0]) => {
      return [...await consumer.offsets(at)].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
    }
    assert.deepEqual(await offsets('start'), [0n, 0n])
    assert.deepEqual(await offsets('end'), [3n, 1n])
    assert.deepEqual(await offsets({ timestamp: 0 }), [0n, 0n])
    assert.deepEqual(await offsets({ timestamp: Date.now() }), [3n, 1n], 'the end where there is none')
    await world.send(topic, 1, 'more')
    assert.deepEqual(await offsets('end'), [3n, 2n])
    await consumer.close()
  }
}

async function movedTopic (world: ConformanceWorld): Promise<string> {
  const topic = await world.topic(2)
  await world.send(topic, 0, 'a', 'b', 'c')
  await world.send(topic, 1, 'other')
  return topic
}

async function goOn (world: ConformanceWorld, topic: string, { consumer, listener }: Reading): Promise<void> {
  await world.until('4 records come', () => listener.values().length === 4)
  listener.onRevoking = () => consumer.commit([
    { topic, partition: 0, offset: 3n }, { topic, partition: 1, offset: 1n }
  ])
  await consumer.subscribe([topic], [{ topic, partition: 0, offset: 1n }, { topic: 'x', partition: 0, offset: 9n }])
  await world.until('2 more records come', () => listener.values().length === 6)
  assert.deepEqual(listener.values().slice(4), ['b', 'c'], 'what the last generation commits does not end it')
  const begun = listener.begins.at(-1)
  const place = [begun?.topic, begun?.partition, begun?.position]
  assert.deepEqual(place, [topic, 0, 1n], 'the position is to be committed')
  await consumer.commit([{ topic, partition: 0, offset: 2n }])
  listener.onRevoking = async () => {}
  await consumer.subscribe([topic])
  await world.until('a record is read again', () => listener.values().length === 7)
  assert.deepEqual(listener.values().slice(6), ['c'], 'a commit ends it')
}
