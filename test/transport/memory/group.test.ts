import { setImmediate } from 'node:timers/promises'
import fc from 'fast-check'
import t from 'tap'
import type { Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { GenerationLostError } from '../../../lib/transport/transport.js'
import type { ProducedRecord, TransportLog } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'
import { GroupWorld, chaos } from '../../support/group-world.js'
import { gate } from '../../support/inbox.js'

const deadline = Number.MAX_SAFE_INTEGER

function record (topic: string, partition: number, value = 'x'): ProducedRecord {
  return { topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1 }
}

async function build (t: Test, topics: Record<string, number> = { orders: 4 }, log?: TransportLog) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport(log === undefined ? { cluster } : { cluster, log })
  t.teardown(() => transport.close())
  await transport.createTopics(Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions, replicas: -1 })))

  function member (topics = ['orders'], rebalanceTimeout = 10_000) {
    const listener = new ConsumerRecorder()
    // A process of its own, as far as the cluster can see.
    const own = createMemoryTransport(log === undefined ? { cluster } : { cluster, log })
    t.teardown(() => own.close())
    const consumer = own.consumer({ groupId: 'shop', topics, offsetReset: 'earliest', rebalanceTimeout, sessionTimeout: 10_000 }, listener)
    return { listener, consumer, transport: own }
  }
  return { cluster, transport, producer: transport.producer(), member }
}

function recordLog () {
  const lines: Array<[level: string, details: object, message: string]> = []
  const line = (level: string) => (details: object, message: string) => { lines.push([level, details, message]) }
  return { lines, log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') } }
}

const all = ['orders/0', 'orders/1', 'orders/2', 'orders/3']

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
  const ownedOf = (topic: string) => [...old, young].map(({ listener }) => listener.owned.filter((name) => name.startsWith(topic)).length)
  await until(() => ownedOf('a/').join() === '1,2,1' || ownedOf('a/').join() === '2,1,1')
  t.same(ownedOf('b/'), [0, 0, 4])
})

t.test('all members are asked at the same time, and the next generation begins when the last has drained', async (t) => {
  const { member } = await build(t)
  const old = [member(), member()]
  const gates = [gate(), gate()] as const
  old.forEach(({ listener }, i) => { listener.onRevoking = () => gates[i]?.opened ?? Promise.reject(new Error('no gate')) })
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

t.test('a member that drains still commits, reads nothing more, and the next owner goes on behind it', async (t) => {
  const { producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0, 'a'), record('orders', 0, 'b')], deadline)
  const old = member()
  const drained = gate()
  old.listener.onRevoking = async () => {
    await drained.opened
    await old.consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
    old.consumer.close()
  }
  await old.consumer.start()
  await until(() => old.listener.values().length === 2)

  const young = member()
  const starting = young.consumer.start()
  await until(() => old.listener.events.at(-1) === 'revoking')
  await producer.send([record('orders', 0, 'c')], deadline)
  await quiet()
  t.same(old.listener.values(), ['a', 'b'])
  drained.open()
  await starting
  await until(() => young.listener.values().length === 1)
  t.same(young.listener.values(), ['c'])
})

t.test('a commit that was sent in the drain arrives in time, awaited or not', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0), record('orders', 0)], deadline)
  const { listener, consumer } = member()
  let commit: Promise<void> | undefined
  listener.onRevoking = async () => { commit = consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }]) }
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await until(() => listener.generations() === 2)
  await commit
  t.equal(cluster.lag()[0]?.committed, 1n)
})

t.test('a commit belongs to the generation in which it was called, also when it arrives in the next', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0), record('orders', 0)], deadline)
  const { listener, consumer } = member()
  let late: Promise<unknown> | undefined
  listener.onRevoking = async () => {
    await consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
    // The next change is the new generation, of which this member does not know yet.
    cluster.onChange(() => { late ??= consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }]).catch((err) => err) })
  }
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await until(() => listener.generations() === 2)
  t.ok(await late instanceof GenerationLostError)
  t.equal(cluster.lag()[0]?.committed, 1n)
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  t.same(cluster.lag(), [])
})

t.test('a commit of a partition that is not owned is refused, with all that came with it', async (t) => {
  const { cluster, producer, member } = await build(t)
  await producer.send(all.map((_, partition) => record('orders', partition)), deadline)
  const first = member()
  const second = member()
  await Promise.all([first.consumer.start(), second.consumer.start()])
  for (const strange of [{ topic: 'orders', partition: 1 }, { topic: 'orders', partition: 9 }, { topic: 'nope', partition: 0 }]) {
    const offsets = [{ topic: 'orders', partition: 0, offset: 1n }, { ...strange, offset: 1n }]
    await t.rejects(first.consumer.commit(offsets), GenerationLostError)
  }
  t.same(cluster.lag().map(({ committed }) => committed), [0n, 0n, 0n, 0n])
})

t.test('before its first assignment a member has nothing to commit', async (t) => {
  const { member } = await build(t)
  const { consumer } = member()
  await t.rejects(consumer.commit([]), GenerationLostError)
})

t.test('the group goes on without a member that drains for too long, which comes back when it is done', async (t) => {
  const { lines, log } = recordLog()
  const { cluster, producer, member } = await build(t, { orders: 4 }, log)
  await producer.send([record('orders', 0)], deadline)
  const slow = member(['orders'], 30)
  const drained = gate()
  slow.listener.onRevoking = () => drained.opened
  await slow.consumer.start()
  await until(() => slow.listener.deliveries.length === 1)

  const quick = member(['orders'], 30)
  await quick.consumer.start()
  t.same(quick.listener.owned, all)
  t.same(slow.listener.events.slice(-2), ['revoking', 'lost'])
  t.match(lines.filter(([level]) => level === 'warn'), [['warn', { groupId: 'shop' }, /evicted/]])
  await t.rejects(slow.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }]), GenerationLostError)
  t.equal(cluster.lag()[0]?.committed, 0n)

  await quiet()
  t.equal(slow.listener.events.at(-1), 'lost', 'it does not come back in the middle of its drain')
  drained.open()
  await until(() => slow.listener.owned.length === 2 && quick.listener.owned.length === 2)
  t.same([...slow.listener.owned, ...quick.listener.owned].sort(), all)
})

t.test('a drain that fails does not keep the group, and is logged', async (t) => {
  const { lines, log } = recordLog()
  const { member } = await build(t, { orders: 4 }, log)
  const first = member()
  first.listener.onRevoking = () => Promise.reject(new Error('broken drain'))
  await first.consumer.start()
  await member().consumer.start()
  await until(() => first.listener.owned.length === 2)
  t.match(lines.filter(([level]) => level === 'error'), [['error', { err: { message: 'broken drain' } }, /drain/]])
})

t.test('a drain that fails is no trouble without a log', async (t) => {
  const { member } = await build(t)
  const first = member()
  first.listener.onRevoking = () => Promise.reject(new Error('broken drain'))
  await first.consumer.start()
  await member().consumer.start()
  await until(() => first.listener.owned.length === 2)
  t.equal(first.listener.events[1], 'revoking')
})

t.test('the group does not wait for a member that is closed while it drains', async (t) => {
  const { member } = await build(t)
  const first = member()
  first.listener.onRevoking = () => new Promise(() => {})
  await first.consumer.start()
  const second = member()
  const starting = second.consumer.start()
  await until(() => first.listener.events.at(-1) === 'revoking')
  await first.consumer.close()
  await starting
  t.same(second.listener.owned, all)
})

t.test('what a killed member has not committed goes to another, and the dead hear and commit nothing', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0, 'a'), record('orders', 0, 'b')], deadline)
  const dead = member()
  const heir = member()
  await dead.consumer.start()
  await until(() => dead.listener.values().length === 2)
  await dead.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
  const underWay = dead.consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  dead.consumer.kill()
  const heard = dead.listener.events.length
  await t.rejects(underWay, GenerationLostError)

  await heir.consumer.start()
  await until(() => heir.listener.values().length === 1)
  t.same(heir.listener.values(), ['b'])
  await t.rejects(dead.consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }]), GenerationLostError)
  t.equal(cluster.lag()[0]?.committed, 1n)
  t.equal(dead.listener.events.length, heard)
  await dead.consumer.close()
})

t.test('a consumer that dies before it has joined never joins', async (t) => {
  const { cluster, producer, member } = await build(t)
  await producer.send([record('orders', 0)], deadline)
  const { listener, consumer } = member()
  const starting = consumer.start()
  consumer.kill()
  await t.rejects(starting, /closed/)
  await quiet()
  t.same(listener.events, [])
  t.same(cluster.lag(), [], 'nobody of the group is alive')
})

t.test('a member whose session expires is told, and joins again', async (t) => {
  const { producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0, 'a'), record('orders', 0, 'b')], deadline)
  const { listener, consumer } = member()
  await consumer.start()
  await until(() => listener.values().length === 2)
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
  consumer.expire()
  consumer.expire()
  await t.rejects(consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }]), GenerationLostError)
  await until(() => listener.values().length === 3)
  t.same(listener.events, ['assigned orders/0', 'records orders/0 0-1', 'lost', 'assigned orders/0', 'records orders/0 1-1'])
})

t.test('a member whose session expires before its first assignment has lost nothing', async (t) => {
  const { member } = await build(t)
  const { listener, consumer } = member()
  consumer.expire()
  const starting = consumer.start()
  await setImmediate()
  consumer.expire()
  await starting
  t.same(listener.events, ['assigned orders/0 orders/1 orders/2 orders/3'])
})

t.test('a member whose session expires again while it joins has nothing more to lose', async (t) => {
  const { member } = await build(t, { orders: 1 })
  const { listener, consumer } = member()
  await consumer.start()
  consumer.expire()
  await until(() => listener.events.at(-1) === 'lost')
  await setImmediate()
  consumer.expire()
  await until(() => listener.generations() === 2)
  await quiet()
  t.same(listener.events, ['assigned orders/0', 'lost', 'assigned orders/0'])
})

t.test('an expired member that is closed does not come back, and leaves only once', async (t) => {
  const { cluster, producer, member } = await build(t)
  await producer.send([record('orders', 0)], deadline)
  const { listener, consumer } = member()
  await consumer.start()
  let changes = 0
  cluster.onChange(() => { changes++ })
  consumer.expire()
  await consumer.close()
  await quiet()
  t.equal(changes, 1)
  t.notOk(listener.events.includes('lost'))
  t.same(cluster.lag(), [])
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

t.test('nobody watches a partition that is not read any more', async (t) => {
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

t.test('whatever members do, every record is delivered and committed, and no partition has two owners', async (t) => {
  await fc.assert(fc.asyncProperty(chaos, async (steps) => {
    const world = new GroupWorld()
    await world.run(steps)
    await world.end()
    if (world.violations.length > 0) throw new Error(world.violations.join('\n'))
  }), { numRuns: 1000 })
  t.pass('1000 lives of a group')
})
