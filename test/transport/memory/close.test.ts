import t from 'tap'
import type { MemoryCluster } from '../../../lib/transport/memory/index.js'
import { GenerationLostError } from '../../../lib/transport/transport.js'
import { quiet, until } from '../../support/consumer-recorder.js'
import { record, numbered, build, send } from '../../support/memory-transport.js'

function committed (cluster: MemoryCluster, partition: number): bigint | undefined {
  return cluster.lag().find((lag) => lag.partition === partition)?.committed
}

t.test('a stopped consumer gets no records, but stays a member whose commits are taken', async (t) => {
  const { cluster, producer, join } = await build(t)
  const first = join()
  await first.consumer.start()
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'))
  await until(() => first.listener.values().length === 2)
  first.consumer.stop()
  first.consumer.resume({ topic: 'orders', partition: 0 })
  await send(producer, record('orders', 0, 'c'), record('orders', 1, 'd'))
  await quiet()
  await first.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
  t.equal(committed(cluster, 0), 1n)

  const second = join()
  await second.consumer.start()
  await until(() => first.listener.generations() === 2)
  await quiet()
  t.same(first.listener.values(), ['a', 'b'])
  t.match(first.listener.events.slice(-2), ['revoking', /^assigned orders\/.$/], 'rebalances are still its business')
})

t.test('a consumer that stops out of a batch gets no other', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'))
  const { listener, consumer } = join()
  listener.onRecords = () => consumer.stop()
  await consumer.start()
  await until(() => listener.values().length > 0)
  await quiet()
  t.same(listener.values(), ['a'])
})

t.test('a closed consumer hears nothing more and may be closed again', async (t) => {
  const { producer, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await send(producer, record('orders', 0, 'a'))
  const heard = listener.events.length
  await Promise.all([consumer.close(), consumer.close()])
  await consumer.close()
  await send(producer, record('orders', 0, 'b'))
  await join().consumer.start()
  await quiet()
  t.equal(listener.events.length, heard)
})

t.test('a consumer that was never started can be closed', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  await consumer.close()
  t.same(listener.events, [])
})

t.test('a consumer that is closed out of its own first assignment gets nothing', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'))
  const { listener, consumer } = join()
  listener.onAssigned = () => { consumer.close() }
  await t.rejects(consumer.start(), /closed before it had joined/)
  await quiet()
  t.same(listener.values(), [])
})

t.test('a commit that was called before the close is stored, one that comes after is refused', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 3))
  const { consumer } = join()
  await consumer.start()
  const before = consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  const closing = consumer.close()
  const after = consumer.commit([{ topic: 'orders', partition: 0, offset: 3n }])
  await before
  await t.rejects(after, GenerationLostError)
  await closing
  await join().consumer.start()
  t.equal(committed(cluster, 0), 2n)
})

t.test('closing ends a start that is under way, and no start comes after it', async (t) => {
  const { join } = await build(t)
  for (const turns of [0, 1, 2]) {
    const { listener, consumer } = join()
    const starting = consumer.start()
    starting.catch(() => {})
    await quiet(turns)
    await consumer.close()
    await t.rejects(starting, /the consumer of group 'shop' was closed before it had joined/)
    await t.rejects(consumer.start(), /closed/)
    t.same(listener.events, [])
  }
})

t.test('closing the transport leaves alone the clients that are closed already', async (t) => {
  const { transport, producer, join } = await build(t)
  const { consumer } = join()
  let closed = 0
  for (const client of [consumer, producer]) {
    await client.close()
    client.close = async () => { closed++ }
  }
  await transport.close()
  t.equal(closed, 0)
})

t.test('closing the transport closes all its clients', async (t) => {
  const { transport, producer, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await transport.close()
  await transport.close()
  await t.rejects(consumer.commit([{ topic: 'orders', partition: 0, offset: 0n }]), GenerationLostError)
  await t.rejects(send(producer, record('orders', 0, 'a')), { name: 'SendError', reason: 'closed' })
  t.same(listener.events, ['assigned orders/0 orders/1'])
})
