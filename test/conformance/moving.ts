import t from 'tap'
import { until } from '../support/consumer-recorder.js'
import { reading, type TransportWorld } from './subscriptions.js'

/** The sentences about a consumer whose positions are moved while it runs. */
export function moving (world: TransportWorld): void {
  async function build (t: Parameters<typeof reading>[1]) {
    const cluster = await reading(world, t)
    const topic = world.unique('moved')
    await cluster.create(topic, 2)
    await cluster.send(topic, 0, 'a', 'b', 'c')
    await cluster.send(topic, 1, 'other')
    return { ...cluster, topic, groupId: world.unique('g') }
  }

  for (const isGroup of [true, false]) {
    t.test(`${world.name}: partitions go on at chosen positions, ${isGroup ? 'in' : 'without'} a group`, async (t) => {
      const { topic, groupId, read } = await build(t)
      const { consumer, listener, values } = await read({ topics: [topic], groupId: isGroup ? groupId : null })
      await until(() => values().length === 4)
      listener.onRevoking = () => consumer.commit([
        { topic, partition: 0, offset: 3n }, { topic, partition: 1, offset: 1n }
      ])
      await consumer.subscribe([topic], [{ topic, partition: 0, offset: 1n }, { topic: 'x', partition: 0, offset: 9n }])
      await until(() => values().length === 6)
      t.same(listener.values().slice(4), ['b', 'c'], 'what the last generation commits does not end it')
      t.match(listener.begins.at(-1), { topic, partition: 0, position: 1n }, 'the position is to be committed')
      await consumer.commit([{ topic, partition: 0, offset: 2n }])
      listener.onRevoking = async () => {}
      await consumer.subscribe([topic])
      await until(() => values().length === 7)
      t.same(listener.values().slice(6), ['c'], 'a commit ends it')
    })
  }

  t.test(`${world.name}: the offsets of a place are those of the owned partitions`, async (t) => {
    const { topic, groupId, send, read } = await build(t)
    const { consumer, values } = await read({ topics: [topic], groupId })
    await until(() => values().length === 4)
    const offsets = async (at: Parameters<typeof consumer.offsets>[0]) => {
      return [...await consumer.offsets(at)].sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
    }
    t.same(await offsets('start'), [0n, 0n])
    t.same(await offsets('end'), [3n, 1n])
    t.same(await offsets({ timestamp: 0 }), [0n, 0n])
    t.same(await offsets({ timestamp: Date.now() }), [3n, 1n], 'the end where there is none')
    await send(topic, 1, 'more')
    t.same(await offsets('end'), [3n, 2n])
    await consumer.close()
  })
}
