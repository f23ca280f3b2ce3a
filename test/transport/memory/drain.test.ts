import t from 'tap'
import { GenerationLostError } from '../../../lib/transport/transport.js'
import { quiet, until } from '../../support/consumer-recorder.js'
import { gate } from '../../support/inbox.js'
import { deadline, record, build, recordLog, all } from '../../support/memory-group.js'

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

t.test('a commit belongs to the generation of its call, also when it arrives in the next one', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1 })
  await producer.send([record('orders', 0), record('orders', 0)], deadline)
  const { listener, consumer } = member()
  let late: Promise<unknown> | undefined
  listener.onRevoking = async () => {
    await consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
    // The next change is the new generation, of which this member does not know yet.
    cluster.onChange(() => {
      late ??= consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }]).catch((err) => err)
    })
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
  for (const strange of [
    { topic: 'orders', partition: 1 }, { topic: 'orders', partition: 9 }, { topic: 'nope', partition: 0 }
  ]) {
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

t.test('a drain that fails is ignored without a log', async (t) => {
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
