import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import { keyedLoad } from './load.js'
import type { World } from './world.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Subscribers that are paused and resumed. */
export function pausing (world: World): void {
  t.test(`${world.name}: pausing`, async (t) => {
    t.test('a paused subscriber handles nothing, its lag grows, and it goes on in order', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      const subscriber = app.broker.subscriber(topic, async (value) => {
        inbox.add(value)
        if (value === 1) await opened
      })
      app.get('/health', async () => app.broker.health().healthy)
      app.post('/pause', async () => { subscriber.pause() })
      app.post('/resume', async () => { subscriber.resume() })
      await app.ready()
      for (const n of [0, 1, 2]) await app.broker.publish(topic, n)
      await inbox.count(2)
      await app.inject({ method: 'POST', url: '/pause' })
      t.ok(subscriber.isPaused)
      const health = () => app.broker.health().subscribers[0]
      await eventually(async () => health()?.state === 'paused')
      open()
      await eventually(async () => health()?.inFlight === 0)
      t.same(inbox.items, [0, 1], 'what ran has ended, and nothing begins')
      for (const n of [3, 4]) await app.broker.publish(topic, n)
      await eventually(async () => health()?.lag === 3)
      t.match(health(), { healthy: true, state: 'paused', partitions: [{ stalledFor: 0 }] })
      t.equal((await app.inject('/health')).json(), true)
      t.same(inbox.items, [0, 1])
      await app.inject({ method: 'POST', url: '/resume' })
      t.same(await inbox.count(5), upTo(5))
      t.notOk(subscriber.isPaused)
      await eventually(async () => health()?.state === 'reading' && health()?.lag === 0)
    })

    t.test('partitions that are assigned to a paused subscriber are paused, too', async (t) => {
      const [topic, groupId] = [await world.createTopic(4), world.unique('g')]
      const inbox = new Inbox<string>()
      const member = async (name: string) => {
        const app = await world.app(t, { groupId })
        const subscriber = app.broker.subscriber(topic, (value) => { inbox.add(`${name} ${value}`) })
        await app.ready()
        return { app, subscriber, owned: () => app.broker.health().subscribers[0]?.partitions.length }
      }
      const first = await member('first')
      const second = await member('second')
      await eventually(async () => first.owned() === 2 && second.owned() === 2)
      first.subscriber.pause()
      await second.app.close()
      await eventually(async () => first.owned() === 4)
      for (const partition of upTo(4)) await first.app.broker.publish(topic, partition, { partition })
      const health = () => first.app.broker.health().subscribers[0]
      await eventually(async () => health()?.lag === 4)
      t.match(health(), { state: 'paused', healthy: true, inFlight: 0 })
      t.same(inbox.items, [])
      first.subscriber.resume()
      t.same([...await inbox.count(4)].sort(), upTo(4).map((n) => `first ${n}`))
    })

    t.test('of the subscribers of one group one is paused, and the other goes on', async (t) => {
      const [topic, other] = [await world.createTopic(2), await world.createTopic(2)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<string>()
      const paused = app.broker.subscriber(topic, function stands (value) { inbox.add(`stands ${value}`) })
      app.broker.subscriber(other, function flows (value) { inbox.add(`flows ${value}`) })
      await app.ready()
      paused.pause()
      for (const n of upTo(3)) await app.broker.publish(topic, n, { partition: 0 })
      for (const n of upTo(3)) await app.broker.publish(other, n, { partition: 0 })
      t.same(await inbox.count(3), ['flows 0', 'flows 1', 'flows 2'])
      await eventually(async () => app.broker.health().subscribers.map(({ lag }) => lag).join() === '3,0')
      t.same(app.broker.health().subscribers.map(({ state }) => state), ['paused', 'reading'])
      paused.resume()
      t.same((await inbox.count(6)).slice(3), ['stands 0', 'stands 1', 'stands 2'])
    })

    t.test('a subscriber that is paused before ready() starts paused, and misses nothing since then', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const inbox = new Inbox<unknown>()
      const build = async () => {
        const app = await world.app(t, { groupId, offsetReset: 'latest', commit: { interval: 10 } })
        const subscriber = app.broker.subscriber(topic, (value) => { inbox.add(value) })
        subscriber.pause()
        await app.ready()
        return { app, subscriber }
      }
      const first = await build()
      await first.app.broker.publish(topic, 1)
      await eventually(async () => first.app.broker.health().subscribers[0]?.lag === 1)
      t.equal(first.app.broker.health().subscribers[0]?.state, 'paused')
      await first.app.close()
      t.same(inbox.items, [])
      const second = await build()
      second.subscriber.resume()
      t.same(await inbox.count(1), [1])
    })

    t.test('a paused app closes: what it had in memory is redelivered to the next one', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      const first = await world.app(t, { groupId })
      const subscriber = first.broker.subscriber(topic, async (value) => {
        inbox.add(`first ${value}`)
        await opened
      })
      await first.ready()
      for (const n of upTo(3)) await first.broker.publish(topic, n)
      await inbox.count(1)
      subscriber.pause()
      const closed = first.close()
      subscriber.resume()
      subscriber.pause()
      open()
      await closed
      t.same(await world.committed(groupId, topic), [1n])
      subscriber.resume()
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(`second ${value}`) })
      await second.ready()
      t.same(await inbox.count(3), ['first 0', 'second 1', 'second 2'])
    })

    await t.test('pauses under load and rebalances lose, repeat and reorder nothing', async (t) => {
      const [topic, groupId] = [await world.createTopic(4), world.unique('g')]
      const load = keyedLoad()
      const member = async (name: string) => {
        const app = await world.app(t, { groupId, ordering: 'key', concurrency: 8, buffer: { messages: 20 } })
        const subscriber = app.broker.subscriber(topic, load.handler(name))
        await app.ready()
        return { app, subscriber }
      }
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      let count = 0
      const publish = async (more: number) => {
        const values = upTo(more).map((i) => count + i)
        count += more
        await Promise.all(values.map((value) => writer.broker.publish(topic, value, { key: `k${value % 40}` })))
      }
      const by = (name: string) => load.seen.items.filter((item) => item.by === name).length
      const later = async (name: string) => {
        const before = by(name)
        await load.seen.until(() => by(name) >= before + 20)
      }

      const first = await member('first')
      await Promise.all([publish(200), later('first')])
      first.subscriber.pause()
      const second = await member('second')
      await Promise.all([publish(200), later('second')])
      const resumed = later('first')
      first.subscriber.resume()
      await resumed
      second.subscriber.pause()
      await Promise.all([publish(200), second.app.close()])
      for (const n of upTo(5)) {
        first.subscriber.pause()
        await publish(40 + n)
        first.subscriber.resume()
        await later('first')
      }
      await load.seen.until((items) => new Set(items.map(({ value }) => value)).size === count)
      t.same(load.verdict(count), { lost: 0, duplicates: 0, reordered: 0, overlaps: 0 })
    })
  })
}
