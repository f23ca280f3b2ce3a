import assert from 'node:assert/strict'
import type { ConformanceWorld, Sentences } from './world.js'

const offsetOf = (partition: number, offset: bigint, topic: string) => ({ topic, partition, offset })

/** The sentences about a consumer whose topics are replaced while it runs. */
export const replacing: Sentences = {
  async 'a member gains a topic, and reads the other one from its committed offset' (world) {
    const { a, b, groupId } = await twoTopics(world)
    await world.send(a, 0, 'one', 'two')
    await world.send(b, 1, 'of b')
    const { consumer, listener } = await world.read({ topics: [a], groupId })
    await world.until('2 records come', () => listener.placed().length === 2)
    listener.onRevoking = () => consumer.commit([offsetOf(0, 2n, a)])
    await consumer.subscribe([a, b])
    assert.deepEqual(listener.owned, [`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`].sort())
    await world.send(a, 0, 'three')
    await world.until('4 records come', () => listener.placed().length === 4)
    assert.deepEqual(listener.placed(), [`${a}/0 one`, `${a}/0 three`, `${a}/0 two`, `${b}/1 of b`])
    assert.deepEqual(listener.events.filter((event) => event === 'revoking' || event === 'lost'), ['revoking'])
  },

  async 'a member loses a topic, whose partitions go to a member that asks for it' (world) {
    const { a, b, groupId } = await twoTopics(world)
    const first = await world.read({ topics: [a, b], groupId })
    const second = await world.read({ topics: [b], groupId })
    await first.consumer.subscribe([a])
    await world.until('a member owns 2 partitions', () => second.listener.owned.length === 2)
    assert.deepEqual(first.listener.owned, [`${a}/0`, `${a}/1`])
    await world.send(b, 0, 'zero')
    await world.send(b, 1, 'one')
    await world.until('2 records come', () => second.listener.placed().length === 2)
    assert.deepEqual(first.listener.placed(), [])
  },

  async 'a topic that a member gains is shared with the members that read it' (world) {
    const { a, b, groupId } = await twoTopics(world)
    const first = await world.read({ topics: [a], groupId })
    const second = await world.read({ topics: [b], groupId })
    await first.consumer.subscribe([a, b])
    await world.until('a member owns a partition', () => second.listener.owned.length === 1)
    await world.until('a member owns 3 partitions', () => first.listener.owned.length === 3)
    const owned = [...first.listener.owned, ...second.listener.owned].sort()
    assert.deepEqual(owned, [`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`])
  },

  async 'the same topics begin a new generation' (world) {
    const { a, groupId } = await twoTopics(world)
    await world.send(a, 0, 'again')
    const { consumer, listener } = await world.read({ topics: [a], groupId })
    await world.until('a record comes', () => listener.placed().length === 1)
    await consumer.subscribe([a])
    assert.equal(listener.generations(), 2)
    await world.until('2 records come', () => listener.placed().length === 2)
    assert.deepEqual(listener.placed(), [`${a}/0 again`, `${a}/0 again`], 'nothing was committed')
  },

  async 'all that is published to a gained topic after the change is read' (world) {
    const { a, b, groupId } = await twoTopics(world)
    await world.send(b, 0, 'before')
    const { consumer, listener } = await world.read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe([a, b])
    await world.send(b, 0, 'after')
    await world.until('a record comes', () => listener.placed().length === 1)
    assert.deepEqual(listener.placed(), [`${b}/0 after`])
  },

  async 'a topic that was gained and does not exist is missing until it is created' (world) {
    const { a, groupId } = await twoTopics(world)
    const later = world.name('later')
    const { consumer, listener } = await world.read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe([a, later])
    await world.until('a topic is missing', () => consumer.missing().length === 1)
    assert.deepEqual(consumer.missing(), [later])
    await world.topic(1, later)
    await world.send(later, 0, 'first')
    await world.until('a record comes', () => listener.placed().length === 1)
    assert.deepEqual(consumer.missing(), [])
    await consumer.subscribe([a, world.name('never')])
    await consumer.subscribe([a])
    assert.deepEqual(consumer.missing(), [], 'a topic that is not asked for is not missing')
  },

  async 'names are replaced by a test of names, and a test by another' (world) {
    const { a, b, groupId } = await twoTopics(world)
    await world.send(a, 0, 'of a')
    await world.send(b, 0, 'of b')
    const { consumer, listener } = await world.read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe((topic) => topic === a || topic === b)
    assert.equal(listener.owned.length, 4)
    await consumer.subscribe((topic) => topic === b)
    assert.deepEqual(listener.owned, [`${b}/0`, `${b}/1`])
    await world.send(b, 0, 'new')
    await world.until('a record comes', () => listener.placed().length === 1)
    assert.deepEqual(listener.placed(), [`${b}/0 new`], 'what matched from the beginning is no new topic')
  },

  async 'a name that no topic can have is refused, and the earlier topics are read on' (world) {
    const { a, groupId } = await twoTopics(world)
    const { consumer, listener } = await world.read({ topics: [a], groupId })
    await assert.rejects(consumer.subscribe([a, 'no topic']))
    await world.send(a, 0, 'on')
    await world.until('a record comes', () => listener.placed().length === 1)
    assert.equal(listener.generations(), 1)
  },

  async 'of two changes at once the last one counts, and both are told' (world) {
    const { a, b, groupId } = await twoTopics(world)
    const { consumer, listener } = await world.read({ topics: [a], groupId })
    await Promise.all([consumer.subscribe([a, b]), consumer.subscribe([b])])
    await world.until('a member owns 2 partitions', () => listener.owned.length === 2)
    assert.deepEqual(listener.owned, [`${b}/0`, `${b}/1`])
  },

  async 'a consumer that is closed refuses a change, also one that is under way' (world) {
    const { a, b, groupId } = await twoTopics(world)
    const { consumer, listener } = await world.read({ topics: [a], groupId })
    let refused: Promise<unknown> | undefined
    listener.onRevoking = () => new Promise((resolve) => {
      refused = Promise.all([assert.rejects(change), consumer.close().then(resolve)])
    })
    const change = consumer.subscribe([a, b])
    await world.until('the change is under way', () => refused !== undefined)
    await refused
    await assert.rejects(consumer.subscribe([a]))
  },

  async 'topics are replaced without a group, and with partitions chosen by hand' (world) {
    const { a, b, groupId } = await twoTopics(world)
    await world.send(a, 1, 'of a')
    await world.send(b, 1, 'of b')
    const lone = await world.read({ topics: [a] })
    await world.until('a record comes', () => lone.listener.placed().length === 1)
    await lone.consumer.commit([offsetOf(1, 1n, a)])
    await lone.consumer.subscribe([a, b])
    await world.until('2 records come', () => lone.listener.placed().length === 2)
    assert.deepEqual(lone.listener.placed(), [`${a}/1 of a`, `${b}/1 of b`])
    const byHand = await world.read({ topics: [a], partitions: [1], groupId })
    await byHand.consumer.subscribe([b])
    assert.deepEqual(byHand.listener.owned, [`${b}/1`])
    await world.until('its record comes', () => byHand.listener.placed().includes(`${b}/1 of b`))
  }
}

/** Two topics of two partitions, and a group. */
async function twoTopics (world: ConformanceWorld) {
  const a = await world.topic(2, world.name('a'))
  const b = await world.topic(2, world.name('b'))
  return { a, b, groupId: world.name('changes') }
}
