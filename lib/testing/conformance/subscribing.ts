import assert from 'node:assert/strict'
import type { Sentences } from './world.js'

/** The sentences about what a consumer reads: patterns, partitions chosen by hand, chosen positions. */
export const subscribing: Sentences = {
  async 'a topic test subscribes to every match, and reads later topics from their start' (world) {
    const [a, b, other] = [world.name('eu-a'), world.name('eu-b'), world.name('us-a')] as const
    await world.topic(1, a)
    await world.topic(1, other)
    await world.send(a, 0, 'old')
    await world.send(other, 0, 'foreign')
    const { consumer, listener } = await world.read({
      topics: (topic) => topic === a || topic === b, groupId: world.name('pattern'), offsetReset: 'latest'
    })
    assert.deepEqual(consumer.missing(), [], 'a test of names misses no topic')
    await world.send(a, 0, 'new')
    await world.topic(1, b)
    await world.send(b, 0, 'first')
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.placed(), [`${a}/0 new`, `${b}/0 first`])
  },

  async 'partitions chosen by hand are owned, and no other' (world) {
    const topic = await world.topic(3)
    for (const partition of [0, 1, 2]) await world.send(topic, partition, `to ${partition}`)
    const { listener } = await world.read({ topics: [topic], partitions: [0, 2] })
    await world.until('2 records come', () => listener.values().length === 2)
    assert.deepEqual(listener.placed(), [`${topic}/0 to 0`, `${topic}/2 to 2`])
    assert.deepEqual(listener.owned, [`${topic}/0`, `${topic}/2`])
  },

  async 'a second consumer with partitions chosen by hand moves none of the first' (world) {
    const topic = await world.topic(2)
    const groupId = world.name('hand')
    const first = await world.read({ topics: [topic], partitions: [0, 1], groupId })
    const second = await world.read({ topics: [topic], partitions: [1], groupId })
    await world.send(topic, 1, 'both')
    await world.until('the record comes to both', () => (
      first.listener.values().length === 1 && second.listener.values().length === 1))
    assert.deepEqual(first.listener.events.filter((event) => event === 'revoking' || event === 'lost'), [])
  },

  async 'partitions chosen by hand go on at the offset that their group has stored' (world) {
    const topic = await world.topic(2)
    const groupId = world.name('hand')
    await world.send(topic, 1, 'one', 'two')
    const first = await world.read({ topics: [topic], partitions: [1], groupId })
    await world.until('2 records come', () => first.listener.values().length === 2)
    await first.consumer.commit([{ topic, partition: 1, offset: 1n }])
    await first.close()
    const second = await world.read({ topics: [topic], partitions: [1], groupId })
    await world.until('a record comes', () => second.listener.values().length === 1)
    assert.deepEqual(second.listener.placed(), [`${topic}/1 two`])
  },

  async 'a group with members takes no commit for partitions chosen by hand' (world) {
    const topic = await world.topic()
    const groupId = world.name('shared')
    await world.read({ topics: [topic], groupId })
    const byHand = await world.read({ topics: [topic], partitions: [0], groupId })
    await assert.rejects(byHand.consumer.commit([{ topic, partition: 0, offset: 0n }]))
  },

  async 'reading begins at a chosen position, whatever the group has stored' (world) {
    const topic = await world.topic()
    const groupId = world.name('position')
    await world.send(topic, 0, 'zero', 'one', 'two')
    const first = await world.read({ topics: [topic], groupId })
    await world.until('3 records come', () => first.listener.values().length === 3)
    await first.consumer.commit([{ topic, partition: 0, offset: 3n }])
    await first.close()
    const second = await world.read({ topics: [topic], groupId, positions: [{ topic, partition: 0, offset: 1n }] })
    await world.until('2 records come', () => second.listener.values().length === 2)
    assert.deepEqual(second.listener.values(), ['one', 'two'])
  },

  async 'a chosen position counts once: after a rebalance the committed offset counts' (world) {
    const topic = await world.topic()
    const groupId = world.name('position')
    await world.send(topic, 0, 'zero', 'one')
    const first = await world.read({ topics: [topic], groupId, positions: [{ topic, partition: 0, offset: 1n }] })
    await world.until('a record comes', () => first.listener.values().length === 1)
    await first.consumer.commit([{ topic, partition: 0, offset: 2n }])
    await world.read({ topics: [topic], groupId })
    await world.until('a new generation begins', () => first.listener.generations() > 1)
    await world.send(topic, 0, 'two')
    await world.until('the record that was sent last comes', () => first.listener.values().includes('two'))
    assert.deepEqual(first.listener.values(), ['one', 'two'])
  }
}
