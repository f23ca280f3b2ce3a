import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** What `app.broker.health()` says. */
export function health (world: World): void {
  t.test(`${world.name}: health`, async (t) => {
    t.test('an app is healthy when it is ready and reads all of its partitions, and not before or after', async (t) => {
      const topic = await world.createTopic(3)
      const app = await world.app(t, { groupId: world.unique('g') })
      app.broker.subscriber(topic, function take () {})
      t.match(app.broker.health(), {
        healthy: false, state: 'starting', subscribers: [{ healthy: false, state: 'joining', partitions: [] }]
      })
      await app.ready()
      await eventually(
        async () => app.broker.health().subscribers[0]?.partitions.every(({ lag }) => lag === 0) === true
      )
      const health = app.broker.health()
      t.match(health, { healthy: true, state: 'connected', lastError: undefined })
      t.match(health.subscribers, [{
        name: 'take',
        topics: [topic],
        healthy: true,
        state: 'reading',
        lag: 0,
        inFlight: 0,
        oldestUnsettledAge: 0,
        missingTopics: [],
        lastError: undefined
      }])
      t.same(health.subscribers[0]?.partitions.map(({ partition }) => partition).sort(), [0, 1, 2])
      await app.close()
      t.match(app.broker.health(), {
        healthy: false, state: 'closed', subscribers: [{ healthy: false, state: 'closed' }]
      })
    })

    t.test('messages count as lag until they are settled, also those that are not in memory yet', async (t) => {
      const [topic, other] = [await world.createTopic(2), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g'), buffer: { messages: 1 } })
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, async () => { await opened })
      app.broker.subscriber(other, () => {})
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      for (const partition of [0, 0, 0, 0, 0, 1, 1, 1]) await writer.broker.publish(topic, 1, { partition })
      await app.ready()
      const subscriber = () => app.broker.health().subscribers[0]
      await eventually(async () => subscriber()?.inFlight === 2 && subscriber()?.lag === 8)
      t.same(subscriber()?.partitions.map(({ lag }) => lag).sort(), [3, 5])
      await eventually(async () => (subscriber()?.oldestUnsettledAge ?? 0) > 0)
      t.match(app.broker.health(), {
        healthy: true, subscribers: [{ healthy: true }, { topics: [other], lag: 0, inFlight: 0 }]
      })
      open()
      await eventually(async () => subscriber()?.lag === 0)
      await eventually(async () => subscriber()?.inFlight === 0)
      t.equal(subscriber()?.oldestUnsettledAge, 0)
    })

    t.test('the members of a group tell what they read themselves', async (t) => {
      const [topic, groupId] = [await world.createTopic(4), world.unique('g')]
      const apps = await Promise.all(['a', 'b'].map(async () => {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topic, () => {})
        await app.ready()
        return app
      }))
      const owned = () => apps.map(
        (app) => app.broker.health().subscribers[0]?.partitions.map(({ partition }) => partition) ?? []
      )
      await eventually(async () => owned().every(({ length }) => length === 2))
      t.same(owned().flat().sort(), [0, 1, 2, 3])
      t.same(apps.map((app) => app.broker.health().healthy), [true, true])
    })

    t.test('an app whose topic is missing is not healthy until it is there', async (t) => {
      const [existing, later] = [await world.createTopic(1), world.unique('later')]
      const app = await world.app(t, { groupId: world.unique('g'), topics: 'ignore' })
      app.broker.subscriber(existing, () => {})
      app.broker.subscriber(later, () => {})
      await app.ready()
      await eventually(async () => app.broker.health().subscribers[1]?.missingTopics.length === 1)
      t.match(app.broker.health(), {
        healthy: false,
        subscribers: [{ healthy: true, missingTopics: [] }, { healthy: false, missingTopics: [later], partitions: [] }]
      })
      await world.createTopic(1, later)
      await eventually(async () => app.broker.health().subscribers[1]?.partitions.length === 1)
      t.match(app.broker.health(), {
        healthy: true,
        subscribers: [
          { healthy: true }, { healthy: true, missingTopics: [], partitions: [{ topic: later, partition: 0 }] }
        ]
      })
    })

    t.test('what failed last is told, and is no sickness', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { retries: 0 } })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => {
        if (value === 'bad') throw Object.assign(new Error('no luck'), { code: 'E_LUCK' })
        inbox.add(value)
      })
      await app.ready()
      const before = Date.now()
      await app.broker.publish(topic, 'bad')
      await app.broker.publish(topic, 'good')
      await inbox.count(1)
      const { healthy, subscribers: [subscriber] } = app.broker.health()
      t.ok(healthy)
      t.match(subscriber?.lastError, { code: 'E_LUCK', message: 'no luck' })
      t.ok((subscriber?.lastError?.at.getTime() ?? 0) >= before)
    })

    await t.test('an app whose handler is beyond its time is not healthy until it ends', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { delay: 1 } })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, { handlerTimeout: 50 }, async (value, { attempt }) => {
        if (value === 'slow' && attempt === 1) await opened
        inbox.add(value)
      })
      await app.ready()
      await app.broker.publish(topic, 'slow', { partition: 0 })
      const late = () => app.broker.health().subscribers[0]?.partitions.map(({ late }) => late).filter(
        (offset) => offset !== undefined
      )
      await eventually(async () => late()?.length === 1)
      t.same(late(), [0n])
      t.match(app.broker.health(), { healthy: false, subscribers: [{ healthy: false, state: 'reading', inFlight: 1 }] })
      await app.broker.publish(topic, 'beside it', { partition: 1 })
      t.same(await inbox.count(1), ['beside it'])
      open()
      await eventually(async () => app.broker.health().healthy)
      t.same(late(), [])
    })
  })
}
