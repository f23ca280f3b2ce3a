import t, { type Test } from 'tap'
import { createKafkaTransport } from '../../../../lib/transport/kafka/index.js'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import type { ConsumerListener, ConsumerOptions } from '../../../../lib/transport/transport.js'
import { fakeWire, type Handlers, metadataOf } from '../../../support/fake-wire.js'
import { manualEnvironment, SILENT } from '../../../support/kafka-client.js'

/* What a consumer that does not start waits for: its coordinator, or the other members of its group. */

const GROUP = {
  groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 6000, rebalanceTimeout: 6000
} as const
const LISTENER: ConsumerListener = {
  assigned () {},
  revoking: async () => {},
  lost () {},
  records () {},
  stored () {},
  reset () {},
  corrupt () {},
  failed () {}
}

function starting (
  t: Test, handlers: Handlers, connecting?: (address: string) => Promise<void>, options: Partial<ConsumerOptions> = {}
) {
  const { clock, ...environment } = manualEnvironment()
  const wire = fakeWire({ Metadata: metadataOf({ orders: 1 }), ...handlers })
  if (connecting !== undefined) wire.connecting = connecting
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 3000, log: SILENT, name: 'fake' }, wire, { clock, ...environment }
  )
  const consumer = transport.consumer({ ...GROUP, ...options }, LISTENER)
  consumer.start().catch(() => {})
  t.teardown(async () => {
    const closing = transport.close()
    await clock.advance(5000)
    await closing
  })
  return { consumer, clock }
}

const never = (): Promise<never> => new Promise(() => {})
const at = (host: string): Handlers => ({ FindCoordinator: () => ({ errorCode: 0, nodeId: 2, host, port: 1 }) })

t.test('the cluster names no coordinator', async (t) => {
  const { consumer, clock } = starting(t, {
    FindCoordinator: () => ({ errorCode: 15, nodeId: -1, host: '', port: -1 })
  })
  await clock.advance(5000)
  t.match(consumer.unreached, { message: "the coordinator of group 'shop' is not reached: its brokers name none" })
})

t.test('the address that the cluster names leads nowhere', async (t) => {
  const silent = starting(t, at('nowhere'), async (address) => { if (address === 'nowhere:1') await never() })
  await silent.clock.advance(500)
  t.match(silent.consumer.unreached, { message: /'shop' is not reached: nowhere:1 takes no connection$/ })
  await silent.clock.advance(1000)
  t.match(silent.consumer.unreached, { message: /'shop' is not reached: nowhere:1 took no connection within 1000 ms/ })

  const refusing = starting(t, at('closed'), async (address) => {
    if (address === 'closed:1') throw new WireError('ECONNREFUSED closed:1', 'connection')
  })
  await refusing.clock.advance(1000)
  t.match(refusing.consumer.unreached, { message: /'shop' is not reached: ECONNREFUSED closed:1$/ })
})

t.test('the coordinator is reached and keeps the answer to the join back', async (t) => {
  const { consumer, clock } = starting(t, { ...at('b'), JoinGroup: never })
  await clock.advance(5000)
  t.equal(consumer.unreached, undefined)
})

t.test('without a group the cluster is reached once it has described the topics', async (t) => {
  const mute = starting(t, { Metadata: never }, undefined, { groupId: null })
  await mute.clock.advance(2000)
  t.match(mute.consumer.unreached, { message: 'no node has described the topics' })

  const leaderless = starting(t, { ListOffsets: never }, undefined, { groupId: null })
  await leaderless.clock.advance(2000)
  t.equal(leaderless.consumer.unreached, undefined)
})
