import t from 'tap'
import { createTopic, until } from './fixture.js'
import { createMember, numbered, produce } from './members.js'

t.test('a consumer tells since when there are records that it has not handed over', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  const place = { topic, partition: 0 }
  await produce(topic, numbered(1))
  await consumer.start()
  await observer.has(1)
  t.match(consumer.progress(place), { position: 1n, end: 1n, behindSince: undefined })

  consumer.pause(place)
  const before = performance.now()
  await produce(topic, numbered(1, { from: 1 }))
  await until(async () => consumer.progress(place).behindSince !== undefined)
  const { behindSince = 0 } = consumer.progress(place)
  t.ok(behindSince > before && behindSince <= performance.now())
  await produce(topic, numbered(1, { from: 2 }))
  await until(async () => consumer.progress(place).end === 3n)
  t.equal(consumer.progress(place).behindSince, behindSince, 'further records change nothing')

  consumer.resume(place)
  await observer.has(3)
  t.match(consumer.progress(place), { position: 3n, end: 3n, behindSince: undefined })
})
