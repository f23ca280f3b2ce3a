import t from 'tap'
import { createTopic, uniqueName } from './fixture.js'
import { committed, createMember } from './members.js'

t.test('the metadata of an offset comes back with it', async (t) => {
  const [topic, groupId] = [await createTopic({ partitions: 2 }), uniqueName('g')]
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  t.same(first.observer.beginnings, [], 'nothing is stored')
  await first.consumer.commit([
    { topic, partition: 0, offset: 0n, metadata: 'x'.repeat(4096) }, { topic, partition: 1, offset: 0n }
  ])
  await first.consumer.close()
  const second = createMember(t, { topics: [topic], groupId })
  await second.consumer.start()
  t.same(second.observer.beginnings.sort(), [`0: 0 ${'x'.repeat(4096)}`, '1: 0 '])
})

t.test('where the cluster takes no such text, the offset is stored without it', async (t) => {
  const [topic, groupId] = [await createTopic({ partitions: 1 }), uniqueName('g')]
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  await first.consumer.commit([{ topic, partition: 0, offset: 0n, metadata: 'x'.repeat(4097) }])
  await first.consumer.close()
  const second = createMember(t, { topics: [topic], groupId })
  await second.consumer.start()
  t.same(second.observer.beginnings, ['0: 0 '])
})

t.test('metadata that exceed the limit of all partitions together are left out', async (t) => {
  const [topic, groupId] = [await createTopic({ partitions: 300 }), uniqueName('g')]
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  await first.consumer.commit(first.observer.owned.map((partition) => ({
    ...partition, offset: 0n, metadata: 'x'.repeat(4096)
  })))
  t.same(await committed(groupId, topic), Array(300).fill('0'))
})
