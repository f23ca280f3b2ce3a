import t from 'tap'
import { consumerWorld } from '../../../support/consumer-world.js'
import { rejects, SILENT } from '../../../support/kafka-client.js'

/* What a member says to its coordinator, how often, and how long it waits for an answer. */

t.test('the coordinator of the group is asked for, and a right that is missing is named', async (t) => {
  const asked: unknown[] = []
  const world = consumerWorld(t, {
    handlers: {
      FindCoordinator: (request) => {
        asked.push(request)
        return { errorCode: 30, nodeId: -1, host: '', port: 0 }
      }
    }
  })
  await rejects(t, world.start(), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on group 'shop' to User:shop/
  })
  t.same(asked, [{ groupId: 'shop' }])
})

t.test('heartbeats are sent each second, or three times in a session, or as the app says', async (t) => {
  for (const [options, expected] of [
    [{ sessionTimeout: 6000 }, 10], [{ sessionTimeout: 1500 }, 20], [{ heartbeatInterval: 2500 }, 4]
  ] as const) {
    const world = consumerWorld(t, options)
    await world.start()
    await world.clock.advance(10_100)
    t.equal(world.count('Heartbeat'), expected)
  }
})

t.test('a group that says again and again to join again has failed after twenty times', async (t) => {
  const joins: number[] = []
  const world = consumerWorld(t, { listener: { failed: () => { joins.push(world.joins) } } })
  world.join = 27
  world.consumer.start().catch(() => {})
  await world.clock.advance(1000)
  t.ok(world.joins >= 9 && world.joins <= 11, 'with pauses of a tenth of a second')
  await world.clock.advance(1100)
  t.equal(joins[0], 20)
})

t.test('a join may take as long as the group waits for its members, and five seconds more', async (t) => {
  const world = consumerWorld(t, { handlers: { JoinGroup: () => new Promise(() => {}) } })
  world.consumer.start().catch(() => {})
  await world.clock.advance(10_900)
  t.equal(world.count('JoinGroup'), 1)
  await world.clock.advance(300)
  t.equal(world.count('JoinGroup'), 2)
})

t.test('a member whose coordinator is silent for a session has lost its partitions', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.wire.handlers.Heartbeat = () => new Promise(() => {})
  await world.clock.advance(5000)
  t.same(world.told.slice(1), [])
  await world.clock.advance(9000)
  t.same(world.told.slice(1, 3), ['lost', 'failed'])
})

t.test('nothing is warned of while all is well', async (t) => {
  const warnings: unknown[] = []
  const world = consumerWorld(t, { log: { ...SILENT, warn: (details: unknown) => { warnings.push(details) } } })
  await world.start()
  world.heartbeat = 27
  await world.clock.advance(1000)
  world.heartbeat = 0
  await world.clock.advance(5000)
  t.equal(world.joins, 2)
  t.same(warnings, [])
})

t.test('the generations of a consumer without a group are told apart', async (t) => {
  const world = consumerWorld(t, { groupId: null })
  await world.start()
  await world.within(1000, world.consumer.commit([{ topic: 'orders', partition: 0, offset: 0n }]))
  await world.within(5000, world.consumer.subscribe(['orders']))
  await world.clock.advance(100)
  t.same(world.told.slice(1, 4), ['revoking', 'assigned orders:0,orders:1', 'orders:0 stored 0'])
  t.equal(world.count('FindCoordinator'), 0)
  await world.within(2000, world.consumer.close())
  t.equal(world.count('LeaveGroup'), 0)
})

t.test('a member that waits for the others in a join says its good-bye at once', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.wire.handlers.JoinGroup = () => new Promise(() => {})
  world.heartbeat = 27
  await world.clock.advance(1000)
  world.heartbeat = 0
  await world.clock.advance(1000)
  t.equal(world.count('JoinGroup'), 2)
  const closing = world.consumer.close()
  await world.clock.advance(50)
  t.equal(world.count('LeaveGroup'), 1)
  await world.within(5000, closing)
})
