import t, { type Test } from 'tap'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import type { ConsumerListener } from '../../../../lib/transport/transport.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'

/** A consumer without a group that reads `orders`, and a cluster that has `bills`, too. */
async function build (t: Test) {
  const environment = manualEnvironment()
  const { clock } = environment
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 1, bills: 1 }),
    ListOffsets: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: 0, offset: 0n }))
      }))
    }),
    Fetch: () => new Promise(() => {})
  })
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 9000, log: SILENT, name: 'fake' }, wire, environment
  )
  const told: string[] = []
  const listener: ConsumerListener = {
    assigned: (partitions) => { told.push(`assigned ${partitions.map(({ topic }) => topic).join()}`) },
    revoking: async () => { told.push('revoking') },
    lost: () => { told.push('lost') },
    records () {},
    stored () {},
    reset () {},
    corrupt () {},
    failed: () => { told.push('failed') }
  }
  async function within<Result> (ms: number, work: Promise<Result>): Promise<Result> {
    work.catch(() => {})
    await clock.advance(ms)
    return await work
  }
  const options = {
    groupId: null, topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 6000, rebalanceTimeout: 6000
  } as const
  const consumer = transport.consumer(options, listener)
  t.teardown(() => within(5000, transport.close()))
  await within(100, consumer.start())
  return { clock, wire, told, consumer, within }
}

const forbidden = (topic: string) => ({
  brokers: [], controllerId: 1, topics: [{ topic, errorCode: 29, partitions: [] }]
})

t.test('topics are replaced by a rebalance of the consumer itself', async (t) => {
  const { consumer, told, within } = await build(t)
  await within(1000, consumer.subscribe(['orders', 'bills']))
  t.same(told, ['assigned orders', 'revoking', 'assigned orders,bills'])
  await within(1000, consumer.subscribe(['orders', 'bills']))
  t.same(told.slice(3), ['revoking', 'assigned orders,bills'], 'also by the same ones')
})

t.test('a topic that the client may not see is refused before anything changes', async (t) => {
  const { clock, consumer, told, wire, within } = await build(t)
  wire.handlers.Metadata = () => forbidden('secret')
  await rejects(t, within(1000, consumer.subscribe(['orders', 'secret'])), { errorCode: 29 })
  wire.handlers.Metadata = metadataOf({ orders: 1, bills: 1 })
  await clock.advance(20_000)
  t.same(told, ['assigned orders'])
  await within(1000, consumer.subscribe(['bills']))
  t.same(told.at(-1), 'assigned bills', 'a later change is not refused')
})

t.test('a change is refused when the cluster refuses the client', async (t) => {
  const { consumer, told, wire, within } = await build(t)
  wire.connecting = async () => { throw new WireError('wrong password', 'authentication') }
  for (const connection of wire.open) connection.close()
  await rejects(t, within(1000, consumer.subscribe(['bills'])), { message: /wrong password/ })
  t.notOk(told.includes('revoking'))
})

t.test('a cluster that does not answer refuses nothing: the change waits for it', async (t) => {
  const { clock, consumer, told, wire, within } = await build(t)
  wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  let changed = false
  const change = consumer.subscribe(['bills']).then(() => { changed = true })
  await clock.advance(20_000)
  t.equal(changed, false)
  wire.handlers.Metadata = metadataOf({ orders: 1, bills: 1 })
  await within(20_000, change)
  t.equal(told.at(-1), 'assigned bills')
})

t.test('a change that waits for the cluster ends when the consumer is closed', async (t) => {
  const { clock, consumer, wire, within } = await build(t)
  wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  const change = rejects(t, consumer.subscribe(['bills']), { message: /closed/ })
  await clock.advance(7000)
  await within(3000, consumer.close())
  await change
})

t.test('changes take their turns: an earlier one that is answered later does not win', async (t) => {
  const { consumer, told, wire, within } = await build(t)
  const answers: Array<() => void> = []
  const known = metadataOf({ orders: 1, bills: 1 })
  wire.handlers.Metadata = (request, address) => new Promise((resolve) => {
    const answer = (): void => { resolve(known(request, address)) }
    // Only the question of the first change waits.
    if (request.topics?.includes('orders') === true && answers.length === 0) answers.push(answer)
    else answer()
  })
  const changes = Promise.all([consumer.subscribe(['orders', 'bills']), consumer.subscribe(['bills'])])
  await within(100, Promise.resolve())
  answers[0]?.()
  await within(5000, changes)
  t.equal(told.at(-1), 'assigned bills')
})
