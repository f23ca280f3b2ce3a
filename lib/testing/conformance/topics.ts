import assert from 'node:assert/strict'
import type { Sentences } from './world.js'

/** The sentences about a client and the topics of its cluster. */
export const topics: Sentences = {
  async 'a topic has the partitions that it was created with, and one that does not exist is left out' (world) {
    const { client } = await world.writer()
    const topic = await world.topic(3)
    const found = await client.describeTopics([topic, world.name('none')])
    assert.deepEqual([...found], [[topic, 3]])
  },

  async 'a topic that exists is created without an error, and keeps its partitions' (world) {
    const { client } = await world.writer()
    const topic = await world.topic(2)
    await world.topic(4)
    assert.equal((await client.describeTopics([topic])).get(topic), 2)
  },

  async 'several topics are created at once' (world) {
    const { client } = await world.writer()
    const names = ['a', 'b', 'c'].map((name) => world.name(name))
    await client.createTopics(names.map((topic, index) => ({ topic, partitions: index + 1, replicas: -1 })))
    assert.deepEqual([...await client.describeTopics(names)].sort(), names.map((topic, index) => [topic, index + 1]))
  },

  async 'a topic that one client has created is seen by another one' (world) {
    const topic = await world.topic(2)
    const other = await world.client()
    await world.until('the other client sees the topic', async () => (await other.describeTopics([topic])).has(topic))
  },

  async 'a topic with a name that no topic can have is not created' (world) {
    const { client } = await world.writer()
    await assert.rejects(client.createTopics([{ topic: 'no topic', partitions: 1, replicas: -1 }]))
  },

  async 'a client may be closed twice, and also without being connected' (world) {
    const client = await world.client()
    await client.close()
    await client.close()
    const other = await world.unconnected()
    await other.close()
  },

  async 'a client that can be asked for an answer gets one' (world) {
    const { client } = await world.writer()
    await client.ping?.(world.deadline())
  }
}
