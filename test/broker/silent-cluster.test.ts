import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

t.test('a silent cluster holds up the members of a group, and none that reads by itself', async (t) => {
  const app = await build(t, { groupId: 'shop', sessionTimeout: 20_000, metadataMaxAge: 60_000 })
  const clock = new ManualClock()
  const transport = createMemoryTransport({ cluster: createMemoryCluster(clock) })
  useEnvironment(app, {
    clock,
    createTransport: async () => ({
      ...transport,
      consumer (...args) {
        return Object.defineProperty(transport.consumer(...args), 'lastContact', { value: clock.elapsed() })
      }
    })
  })
  const { opened, open } = gate()
  const begun = new Inbox<string>()
  const ways = { member: {}, groupless: { groupId: null }, chosen: { groupId: 'other', partitions: [0] } }
  for (const [topic, options] of Object.entries(ways)) {
    app.broker.subscriber(topic, options, async () => { begun.add(topic); await opened })
  }
  await app.ready()
  for (const topic of Object.keys(ways)) {
    await app.broker.publishBatch(topic, [1, 2].map((value) => ({ value, partition: 0 })))
  }
  t.same([...await begun.count(3)].sort(), ['chosen', 'groupless', 'member'])
  await clock.advance(20_001)
  t.same(app.broker.health().subscribers.map(({ topics: [topic], state }) => [topic, state]), [
    ['member', 'failed'], ['groupless', 'reading'], ['chosen', 'reading']
  ])
  open()
  await turn()
  t.same(begun.items.slice(3).sort(), ['chosen', 'groupless'])
})
