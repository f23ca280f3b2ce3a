import t from 'tap'
import type { Test } from 'tap'
import { until } from '../support/consumer-recorder.js'
import { reading, type TransportWorld } from './subscriptions.js'

/** The sentences about a consumer whose topics are replaced while it runs. */
export function subscriptionChanges (world: TransportWorld): void {
  async function build (t: Test) {
    const cluster = await reading(world, t)
    const topics = ['a', 'b'].map((name) => world.unique(name))
    const [a = '', b = ''] = topics
    for (const topic of topics) await cluster.create(topic, 2)
    return { ...cluster, a, b, groupId: world.unique('changes') }
  }

  const offsetOf = (partition: number, offset: bigint, topic: string) => ({ topic, partition, offset })

  t.test(`${world.name}: a member gains a topic, and reads the other one from its committed offset`, async (t) => {
    const { a, b, groupId, send, read } = await build(t)
    await send(a, 0, 'one', 'two')
    await send(b, 1, 'of b')
    const { consumer, values, listener } = await read({ topics: [a], groupId })
    await until(() => values().length === 2)
    listener.onRevoking = () => consumer.commit([offsetOf(0, 2n, a)])
    await consumer.subscribe([a, b])
    t.same(listener.owned, [`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`].sort())
    await send(a, 0, 'three')
    await until(() => values().length === 4)
    t.same(values(), [`${a}/0 one`, `${a}/0 three`, `${a}/0 two`, `${b}/1 of b`])
    t.same(listener.events.filter((event) => event === 'revoking' || event === 'lost'), ['revoking'])
  })

  t.test(`${world.name}: a member loses a topic, whose partitions go to a member that asks for it`, async (t) => {
    const { a, b, groupId, send, read } = await build(t)
    const first = await read({ topics: [a, b], groupId })
    const second = await read({ topics: [b], groupId })
    await first.consumer.subscribe([a])
    await until(() => second.listener.owned.length === 2)
    t.same(first.listener.owned, [`${a}/0`, `${a}/1`])
    await send(b, 0, 'zero')
    await send(b, 1, 'one')
    await until(() => second.values().length === 2)
    t.same(first.values(), [])
  })

  t.test(`${world.name}: a topic that a member gains is shared with the members that read it`, async (t) => {
    const { a, b, groupId, read } = await build(t)
    const first = await read({ topics: [a], groupId })
    const second = await read({ topics: [b], groupId })
    await first.consumer.subscribe([a, b])
    await until(() => second.listener.owned.length === 1)
    await until(() => first.listener.owned.length === 3)
    t.same([...first.listener.owned, ...second.listener.owned].sort(), [`${a}/0`, `${a}/1`, `${b}/0`, `${b}/1`])
  })

  t.test(`${world.name}: the same topics begin a new generation`, async (t) => {
    const { a, groupId, send, read } = await build(t)
    await send(a, 0, 'again')
    const { consumer, values, listener } = await read({ topics: [a], groupId })
    await until(() => values().length === 1)
    await consumer.subscribe([a])
    t.equal(listener.generations(), 2)
    await until(() => values().length === 2)
    t.same(values(), [`${a}/0 again`, `${a}/0 again`], 'nothing was committed')
  })

  t.test(`${world.name}: all that is published to a gained topic after the change is read`, async (t) => {
    const { a, b, groupId, send, read } = await build(t)
    await send(b, 0, 'before')
    const { consumer, values } = await read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe([a, b])
    await send(b, 0, 'after')
    await until(() => values().length === 1)
    t.same(values(), [`${b}/0 after`])
  })

  t.test(`${world.name}: a topic that was gained and does not exist is missing until it is created`, async (t) => {
    const { a, groupId, create, send, read } = await build(t)
    const later = world.unique('later')
    const { consumer, values } = await read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe([a, later])
    await until(() => consumer.missing().length === 1)
    t.same(consumer.missing(), [later])
    await create(later)
    await send(later, 0, 'first')
    await until(() => values().length === 1)
    t.same(consumer.missing(), [])
    await consumer.subscribe([a, world.unique('never')])
    await consumer.subscribe([a])
    t.same(consumer.missing(), [], 'a topic that is not asked for is not missing')
  })

  t.test(`${world.name}: names are replaced by a test of names, and a test by another`, async (t) => {
    const { a, b, groupId, send, read } = await build(t)
    await send(a, 0, 'of a')
    await send(b, 0, 'of b')
    const { consumer, listener, values } = await read({ topics: [a], groupId, offsetReset: 'latest' })
    await consumer.subscribe((topic) => topic === a || topic === b)
    t.equal(listener.owned.length, 4)
    await consumer.subscribe((topic) => topic === b)
    t.same(listener.owned, [`${b}/0`, `${b}/1`])
    await send(b, 0, 'new')
    await until(() => values().length === 1)
    t.same(values(), [`${b}/0 new`], 'what matched from the beginning is no new topic')
  })

  t.test(`${world.name}: a name that no topic can have is refused, and the earlier topics are read on`, async (t) => {
    const { a, groupId, send, read } = await build(t)
    const { consumer, values, listener } = await read({ topics: [a], groupId })
    await t.rejects(consumer.subscribe([a, 'no topic']))
    await send(a, 0, 'on')
    await until(() => values().length === 1)
    t.equal(listener.generations(), 1)
  })

  t.test(`${world.name}: of two changes at once the last one counts, and both are told`, async (t) => {
    const { a, b, groupId, read } = await build(t)
    const { consumer, listener } = await read({ topics: [a], groupId })
    await Promise.all([consumer.subscribe([a, b]), consumer.subscribe([b])])
    await until(() => listener.owned.length === 2)
    t.same(listener.owned, [`${b}/0`, `${b}/1`])
  })

  t.test(`${world.name}: a consumer that is closed refuses a change, also one that is under way`, async (t) => {
    const { a, b, groupId, read } = await build(t)
    const { consumer, listener } = await read({ topics: [a], groupId })
    let refused: Promise<unknown> | undefined
    listener.onRevoking = () => new Promise((resolve) => {
      refused = Promise.all([t.rejects(change), consumer.close().then(resolve)])
    })
    const change = consumer.subscribe([a, b])
    await until(() => refused !== undefined)
    await refused
    await t.rejects(consumer.subscribe([a]))
  })

  t.test(`${world.name}: topics are replaced without a group, and with partitions chosen by hand`, async (t) => {
    const { a, b, groupId, send, read } = await build(t)
    await send(a, 1, 'of a')
    await send(b, 1, 'of b')
    const lone = await read({ topics: [a] })
    await until(() => lone.values().length === 1)
    await lone.consumer.commit([offsetOf(1, 1n, a)])
    await lone.consumer.subscribe([a, b])
    await until(() => lone.values().length === 2)
    t.same(lone.values(), [`${a}/1 of a`, `${b}/1 of b`])
    const byHand = await read({ topics: [a], partitions: [1], groupId })
    await byHand.consumer.subscribe([b])
    t.same(byHand.listener.owned, [`${b}/1`])
    await until(() => byHand.values().includes(`${b}/1 of b`))
  })
}
