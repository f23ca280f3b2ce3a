import t from 'tap'
import { quiet, until } from '../../support/consumer-recorder.js'
import { gate } from '../../support/inbox.js'
import { deadline, record, build, all } from '../../support/memory-group.js'

t.test('consumers that join together share the first generation', async (t) => {
  const { member } = await build(t)
  const members = [member(), member(), member()]
  await Promise.all(members.map(({ consumer }) => consumer.start()))
  t.same(members.flatMap(({ listener }) => listener.owned).sort(), all)
  t.same(members.map(({ listener }) => listener.events.length), [1, 1, 1], 'no second rebalance')
  t.same(members.map(({ listener }) => listener.owned.length).sort(), [1, 1, 2])
})

t.test('a member that comes gets its share, one that leaves gives it back', async (t) => {
  const { member } = await build(t)
  const first = member()
  await first.consumer.start()
  t.same(first.listener.owned, all)
  const second = member()
  await second.consumer.start()
  await until(() => first.listener.owned.length === 2)
  t.same([...first.listener.owned, ...second.listener.owned].sort(), all)
  await second.consumer.close()
  await until(() => first.listener.owned.length === 4)
  t.same(first.listener.events.filter((event) => event === 'revoking').length, 2)
})

t.test('members may subscribe to different topics, and every topic is read by those who asked for it', async (t) => {
  const { member } = await build(t, { a: 4, b: 4 })
  const old = [member(['a']), member(['a'])]
  const young = member(['a', 'b'])
  for (const { consumer } of [...old, young]) await consumer.start()
  const ownedOf = (topic: string) => [...old, young].map(
    ({ listener }) => listener.owned.filter((name) => name.startsWith(topic)).length
  )
  await until(() => ownedOf('a/').join() === '1,2,1' || ownedOf('a/').join() === '2,1,1')
  t.same(ownedOf('b/'), [0, 0, 4])
})

t.test('all members drain at the same time, and the next generation follows the last of them', async (t) => {
  const { member } = await build(t)
  const old = [member(), member()]
  const gates = [gate(), gate()] as const
  old.forEach(({ listener }, i) => {
    listener.onRevoking = () => gates[i]?.opened ?? Promise.reject(new Error('no gate'))
  })
  await Promise.all(old.map(({ consumer }) => consumer.start()))

  const young = member()
  const starting = young.consumer.start()
  await until(() => old.every(({ listener }) => listener.events.at(-1) === 'revoking'))
  gates[0].open()
  await quiet()
  t.same([...old, young].map(({ listener }) => listener.generations()), [1, 1, 0])
  gates[1].open()
  await starting
  await until(() => old.every(({ listener }) => listener.generations() === 2))
  t.same([...old, young].flatMap(({ listener }) => listener.owned).sort(), all)
})

t.test('new partitions are found, and read from their beginning', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1, other: 1 })
  const { listener, consumer } = member()
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await producer.send([record('orders', 1, 'new')], deadline)
  await until(() => listener.values().length === 1)
  t.same(listener.owned, ['orders/0', 'orders/1'])
  cluster.createPartitions('other', 2)
  await quiet()
  t.equal(listener.generations(), 2, 'topics of others do not matter')
})

t.test('a topic that is created after its subscriber has joined is found', async (t) => {
  const { transport, producer, member } = await build(t)
  const { listener, consumer } = member(['orders', 'later'])
  await consumer.start()
  await transport.createTopics([{ topic: 'later', partitions: 2, replicas: -1 }])
  await producer.send([record('later', 1, 'new')], deadline)
  await until(() => listener.values().length === 1)
  t.same(listener.owned, ['later/0', 'later/1', ...all])
})

t.test('no timer outlives the members that it was for', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length
  const { member } = await build(t)
  const before = timers()
  const first = member()
  first.listener.onRevoking = () => new Promise(() => {})
  await first.consumer.start()
  const second = member()
  second.consumer.start().catch(() => {})
  await until(() => first.listener.events.at(-1) === 'revoking')
  t.equal(timers(), before + 1)
  await Promise.all([first.transport.close(), second.transport.close()])
  await quiet()
  t.equal(timers(), before)
})

t.test('a partition that is no longer read has no watcher', async (t) => {
  const { cluster, member } = await build(t, { orders: 1 })
  const log = cluster.partition('orders', 0)
  if (log === undefined) throw new Error('the partition is there')
  const watch = log.watch.bind(log)
  let watchers = 0
  log.watch = (wake) => {
    const unwatch = watch(wake)
    watchers++
    return () => {
      watchers--
      unwatch()
    }
  }
  const { listener, consumer } = member()
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await until(() => listener.generations() === 2)
  t.equal(watchers, 1)
  await consumer.close()
  t.equal(watchers, 0)
})

t.test('who watches a partition no longer is not woken', async (t) => {
  const { cluster, producer } = await build(t)
  let woken = 0
  const unwatch = cluster.partition('orders', 0)!.watch(() => { woken++ })
  await producer.send([record('orders', 0)], deadline)
  unwatch()
  await producer.send([record('orders', 0)], deadline)
  t.equal(woken, 1)
})

t.test('the lag names what living members should still read, up to their last commit', async (t) => {
  const { cluster, producer, member } = await build(t, { a: 2, b: 1 })
  await producer.send([record('a', 0), record('a', 0), record('a', 1), record('b', 0)], deadline)
  t.same(cluster.lag(), [])
  const { consumer } = member(['a', 'nope'])
  await consumer.start()
  await consumer.commit([{ topic: 'a', partition: 0, offset: 1n }, { topic: 'a', partition: 1, offset: 1n }])
  t.same(cluster.lag(), [{ groupId: 'shop', topic: 'a', partition: 0, committed: 1n, end: 2n }])
  await consumer.close()
  t.same(cluster.lag(), [])
})

t.test('appends, commits and rebalances are changes, and a listener may go', async (t) => {
  const { cluster, producer, member } = await build(t)
  let changes = 0
  const goAway = cluster.onChange(() => { changes++ })
  async function changesBy (act: () => Promise<unknown>): Promise<number> {
    const before = changes
    await act()
    return changes - before
  }
  const { consumer } = member()
  t.equal(await changesBy(() => producer.send([record('orders', 0), record('orders', 1)], deadline)), 1)
  t.equal(await changesBy(() => consumer.start()), 1)
  t.equal(await changesBy(() => consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])), 1)
  t.equal(await changesBy(async () => {
    await consumer.close()
    await quiet()
  }), 1)
  goAway()
  t.equal(await changesBy(() => producer.send([record('orders', 0)], deadline)), 0)
})
