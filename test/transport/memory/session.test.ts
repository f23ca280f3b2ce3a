import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { GenerationLostError } from '../../../lib/transport/transport.js'
import { quiet, until } from '../../support/consumer-recorder.js'
import { deadline, record, build } from '../../support/memory-group.js'

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
  t.same(cluster.lag(), [], 'no member of the group is alive')
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
  t.same(listener.events, [
    'assigned orders/0', 'records orders/0 0-1', 'lost', 'assigned orders/0', 'records orders/0 1-1'
  ])
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
