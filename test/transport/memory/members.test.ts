import t from 'tap'
import type { ConsumerOptions } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'
import { build } from '../../support/memory-group.js'

t.test('a rebalance leaves a member the partitions that it had, as far as the shares stay even', async (t) => {
  const { member } = await build(t, { orders: 6 })
  const members = [member(), member(), member()] as const
  await Promise.all(members.map(({ consumer }) => consumer.start()))
  const [first, ...others] = members
  const before = others.map(({ listener }) => listener.owned)
  t.same(before.map(({ length }) => length), [2, 2])

  await first.consumer.close()
  await until(() => others.every(({ listener }) => listener.owned.length === 3))
  for (const [i, owned] of before.entries()) t.ok(owned.every((name) => others[i]?.listener.owned.includes(name)))

  const two = others.map(({ listener }) => listener.owned)
  const last = member()
  await last.consumer.start()
  await until(() => others.every(({ listener }) => listener.owned.length === 2))
  for (const [i, { listener }] of others.entries()) {
    t.ok(listener.owned.every((name) => two[i]?.includes(name)), 'a new member takes partitions, and moves no other')
  }
})

t.test('the cluster forgets the group of a consumer that no other consumer can join', async (t) => {
  const { cluster, transport } = await build(t)
  let asked: Array<string | null> = []
  const { group, groupOfOne } = cluster
  const watched = (created: ReturnType<typeof group>) => {
    created.lag = () => {
      asked.push(created.groupId)
      return []
    }
    return created
  }
  cluster.group = (groupId) => watched(group.call(cluster, groupId))
  cluster.groupOfOne = (groupId) => watched(groupOfOne.call(cluster, groupId))
  /** The groups that the cluster asks for their lag. */
  const known = () => {
    asked = []
    cluster.lag()
    return asked
  }
  const consumerOf = (options: Partial<ConsumerOptions>) => transport.consumer({
    groupId: null,
    topics: ['orders'],
    offsetReset: 'earliest',
    rebalanceTimeout: 1000,
    sessionTimeout: 1000,
    ...options
  }, new ConsumerRecorder())

  for (const options of [{}, { partitions: [0] }]) {
    const [closed, killed, neverStarted] = [consumerOf(options), consumerOf(options), consumerOf(options)]
    await Promise.all([closed.start(), killed.start()])
    t.equal(known().length, 3)
    await closed.close()
    killed.kill()
    await neverStarted.close()
    t.equal(known().length, 0)
  }

  const named = consumerOf({ groupId: 'shop' })
  const byHand = consumerOf({ groupId: 'shop', partitions: [1] })
  t.equal(known().length, 2)
  await byHand.close()
  await named.close()
  await quiet()
  t.same(known(), ['shop'], 'its offsets stay')
})
