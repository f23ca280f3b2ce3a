import assert from 'node:assert/strict'
import type { Sentences } from './world.js'

/** The sentences about the members of a group. */
export const groups: Sentences = {
  async 'members share the partitions of a topic evenly, and each record comes to one of them' (world) {
    const topic = await world.topic(4)
    const groupId = world.name('shop')
    const first = await world.read({ topics: [topic], groupId })
    const second = await world.read({ topics: [topic], groupId })
    const counts = (): string => [first, second].map(({ listener }) => listener.owned.length).join()
    await world.until('each member owns 2 partitions', () => counts() === '2,2')
    const owned = [...first.listener.owned, ...second.listener.owned].sort()
    assert.deepEqual(owned, [0, 1, 2, 3].map((partition) => `${topic}/${partition}`))
    const before = first.listener.values().length + second.listener.values().length
    for (const partition of [0, 1, 2, 3]) await world.send(topic, partition, `to ${partition}`)
    const values = (): string[] => [...first.listener.placed(), ...second.listener.placed()]
    await world.until('4 records come', () => values().length >= before + 4)
    assert.deepEqual(values().sort(), [0, 1, 2, 3].map((partition) => `${topic}/${partition} to ${partition}`))
  },

  async 'the partitions of a member that leaves go to the others' (world) {
    const topic = await world.topic(2)
    const groupId = world.name('shop')
    const first = await world.read({ topics: [topic], groupId })
    const second = await world.read({ topics: [topic], groupId })
    await world.until('each member owns a partition', () => (
      first.listener.owned.length === 1 && second.listener.owned.length === 1))
    await first.consumer.close()
    await world.until('the other one owns both', () => second.listener.owned.length === 2)
    for (const partition of [0, 1]) await world.send(topic, partition, 'a')
    await world.until('2 records come', () => second.listener.values().length === 2)
  },

  async 'a rebalance is announced, and commits are taken until the member agrees' (world) {
    const topic = await world.topic(2)
    const groupId = world.name('shop')
    for (const partition of [0, 1]) await world.send(topic, partition, 'a', 'b')
    const { consumer, listener } = await world.read({ topics: [topic], groupId })
    await world.until('4 records come', () => listener.values().length === 4)
    listener.onRevoking = () => consumer.commit([0, 1].map((partition) => ({ topic, partition, offset: 1n })))
    const second = await world.read({ topics: [topic], groupId })
    await world.until('2 records are read again', () => (
      listener.values().length + second.listener.values().length === 6))
    assert.deepEqual([...listener.values().slice(4), ...second.listener.values()], ['b', 'b'])
    const [announced, assigned] = listener.events.slice(listener.events.indexOf('revoking'))
    assert.equal(announced, 'revoking')
    assert.match(String(assigned), /^assigned/)
  },

  async 'a member that does not agree in time is lost, and its commits are refused' (world) {
    const topic = await world.topic(2)
    const groupId = world.name('shop')
    const first = await world.read({ topics: [topic], groupId, rebalanceTimeout: 1000 })
    let agree: (() => void) | undefined
    let refused: Promise<unknown> | undefined
    first.listener.onRevoking = () => new Promise((resolve) => { agree = resolve })
    first.listener.onLost = () => {
      const commit = first.consumer.commit([{ topic, partition: 0, offset: 0n }])
      refused = assert.rejects(commit, { name: 'GenerationLostError' })
    }
    const second = await world.read({ topics: [topic], groupId, rebalanceTimeout: 1000 })
    await world.until('the member is lost', () => refused !== undefined)
    await refused
    agree?.()
    await world.until('it has joined again', () => (
      first.listener.owned.length === 1 && second.listener.owned.length === 1))
  },

  async 'two groups read a topic without each other' (world) {
    const topic = await world.topic()
    const readings = [
      await world.read({ topics: [topic], groupId: world.name('one') }),
      await world.read({ topics: [topic], groupId: world.name('two') })
    ]
    await world.send(topic, 0, 'both')
    for (const { listener } of readings) {
      await world.until('the record comes to both', () => listener.values().length === 1)
    }
  },

  async 'members that read different topics own those of their own' (world) {
    const [a, b] = [await world.topic(2, world.name('a')), await world.topic(2, world.name('b'))]
    const groupId = world.name('shop')
    const first = await world.read({ topics: [a], groupId })
    const second = await world.read({ topics: [b], groupId })
    await world.until('each has its own', () => (
      first.listener.owned.join() === `${a}/0,${a}/1` && second.listener.owned.join() === `${b}/0,${b}/1`))
    await world.send(a, 0, 'of a')
    await world.send(b, 1, 'of b')
    await world.until('the records come', () => (
      first.listener.values().length === 1 && second.listener.values().length === 1))
    assert.deepEqual([first.listener.values(), second.listener.values()], [['of a'], ['of b']])
  }
}
