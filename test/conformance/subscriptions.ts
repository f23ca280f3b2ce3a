import t from 'tap'
import type { Test } from 'tap'
import { type Clock, systemClock } from '../../lib/clock.js'
import type { ConsumerOptions, Transport } from '../../lib/transport/transport.js'
import { ConsumerRecorder, until } from '../support/consumer-recorder.js'

/** What these sentences need beside the transport itself. */
export interface TransportWorld {
  readonly name: string
  /** Clock of the clients. Default: that of the process. */
  readonly clock?: Clock
  unique (prefix: string): string
  /** A client of its own, as another process would have. */
  transport (t: Test): Promise<Transport>
}

/** Topics, records and consumers of one test, each consumer with a client of its own. */
export async function reading (world: TransportWorld, t: Test) {
  const transport = await world.transport(t)
  const producer = transport.producer()
  const create = async (topic: string, partitions = 1) => {
    await transport.createTopics([{ topic, partitions, replicas: -1 }])
  }
  async function send (topic: string, partition: number, ...values: string[]) {
    await producer.send(
      values.map((value) => ({ topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1 })),
      (world.clock ?? systemClock).elapsed() + 30_000
    )
  }
  async function read (options: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'topics'>) {
    const listener = new ConsumerRecorder()
    const own = await world.transport(t)
    const consumer = own.consumer(
      { groupId: null, offsetReset: 'earliest', rebalanceTimeout: 10_000, sessionTimeout: 10_000, ...options }, listener
    )
    await consumer.start()
    const values = () => listener.deliveries.flatMap(({ topic, partition, records }) => records.map(
      ({ value }) => `${topic}/${partition} ${String(value)}`
    )).sort()
    return { consumer, listener, values, close: () => own.close() }
  }
  return { create, send, read }
}

/** The sentences about what a consumer reads: patterns, partitions chosen by hand, chosen positions. */
export function subscriptions (world: TransportWorld): void {
  const build = (t: Test) => reading(world, t)

  t.test(`${world.name}: a topic test subscribes to every match, later topics from their start`, async (t) => {
    const { create, send, read } = await build(t)
    const [a, b, other] = [world.unique('eu-a'), world.unique('eu-b'), world.unique('us-a')] as const
    await create(a)
    await create(other)
    await send(a, 0, 'old')
    await send(other, 0, 'foreign')
    const groupId = world.unique('pattern')
    const { consumer, values } = await read({
      topics: (topic) => topic === a || topic === b, groupId, offsetReset: 'latest'
    })
    t.same(consumer.missing(), [], 'a test of names misses no topic')
    await send(a, 0, 'new')
    await create(b)
    await send(b, 0, 'first')
    await until(() => values().length === 2)
    t.same(values(), [`${a}/0 new`, `${b}/0 first`])
  })

  t.test(`${world.name}: partitions chosen by hand are owned, and no other`, async (t) => {
    const { create, send, read } = await build(t)
    const topic = world.unique('orders')
    await create(topic, 3)
    for (const partition of [0, 1, 2]) await send(topic, partition, `to ${partition}`)
    const { values, listener } = await read({ topics: [topic], partitions: [0, 2] })
    await until(() => values().length === 2)
    t.same(values(), [`${topic}/0 to 0`, `${topic}/2 to 2`])
    t.same(listener.owned, [`${topic}/0`, `${topic}/2`])
  })

  t.test(`${world.name}: a second consumer with partitions chosen by hand moves none of the first`, async (t) => {
    const { create, send, read } = await build(t)
    const topic = world.unique('orders')
    const groupId = world.unique('hand')
    await create(topic, 2)
    const first = await read({ topics: [topic], partitions: [0, 1], groupId })
    const second = await read({ topics: [topic], partitions: [1], groupId })
    await send(topic, 1, 'both')
    await until(() => first.values().length === 1 && second.values().length === 1)
    t.same(first.listener.events.filter((event) => event === 'revoking' || event === 'lost'), [])
  })

  t.test(`${world.name}: partitions chosen by hand go on at the offset that their group has stored`, async (t) => {
    const { create, send, read } = await build(t)
    const topic = world.unique('orders')
    const groupId = world.unique('hand')
    await create(topic, 2)
    await send(topic, 1, 'one', 'two')
    const first = await read({ topics: [topic], partitions: [1], groupId })
    await until(() => first.values().length === 2)
    await first.consumer.commit([{ topic, partition: 1, offset: 1n }])
    await first.close()
    const second = await read({ topics: [topic], partitions: [1], groupId })
    await until(() => second.values().length === 1)
    t.same(second.values(), [`${topic}/1 two`])
  })

  t.test(`${world.name}: a group with members takes no commit for partitions chosen by hand`, async (t) => {
    const { create, read } = await build(t)
    const topic = world.unique('orders')
    const groupId = world.unique('shared')
    await create(topic)
    await read({ topics: [topic], groupId })
    const byHand = await read({ topics: [topic], partitions: [0], groupId })
    await t.rejects(byHand.consumer.commit([{ topic, partition: 0, offset: 0n }]))
  })

  t.test(`${world.name}: reading begins at a chosen position, whatever the group has stored`, async (t) => {
    const { create, send, read } = await build(t)
    const topic = world.unique('orders')
    const groupId = world.unique('position')
    await create(topic)
    await send(topic, 0, 'zero', 'one', 'two')
    const first = await read({ topics: [topic], groupId })
    await until(() => first.values().length === 3)
    await first.consumer.commit([{ topic, partition: 0, offset: 3n }])
    await first.close()
    const second = await read({ topics: [topic], groupId, positions: [{ topic, partition: 0, offset: 1n }] })
    await until(() => second.values().length === 2)
    t.same(second.values(), [`${topic}/0 one`, `${topic}/0 two`])
  })

  t.test(`${world.name}: a chosen position counts once: after a rebalance the committed offset counts`, async (t) => {
    const { create, send, read } = await build(t)
    const topic = world.unique('orders')
    const groupId = world.unique('position')
    await create(topic)
    await send(topic, 0, 'zero', 'one')
    const first = await read({ topics: [topic], groupId, positions: [{ topic, partition: 0, offset: 1n }] })
    await until(() => first.values().length === 1)
    await first.consumer.commit([{ topic, partition: 0, offset: 2n }])
    await read({ topics: [topic], groupId })
    await until(() => first.listener.generations() > 1)
    await send(topic, 0, 'two')
    await until(() => first.values().includes(`${topic}/0 two`))
    t.same(first.values(), [`${topic}/0 one`, `${topic}/0 two`])
  })
}
