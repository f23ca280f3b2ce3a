import t from 'tap'
import { ASSIGNED, build } from '../../support/group-fixture.js'

t.test('before a rejoin running handlers end, nothing starts, and what is settled is committed', async (t) => {
  const { group, consumer, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  const revoked = group.revoking()
  await end('orders[0] 0')
  await revoked
  t.same(started, ['orders[0] 0'])
  t.same(consumer.commits, [['orders[0] 1']])
  assign(0)
  receive(0, 1, 1)
  t.same(started, ['orders[0] 0', 'orders[0] 1'], 'the new generation runs')
})

t.test('a rejoin waits for revokeDrain at most; a late result commits nothing and keeps its lane', async (t) => {
  const { clock, group, consumer, started, receive, assign, end, log } = build()
  assign(0)
  receive(0, 0, 2)
  const revoked = group.revoking()
  await clock.advance(5000)
  await revoked
  t.same(log.lines, [ASSIGNED, 'warn handlers did not end in time: their messages will be redelivered'])
  t.same(log.details[1], {
    groupId: 'shop', reason: 'rebalance', timeout: 3750, unsettled: [{ topic: 'orders', partition: 0, offset: '0' }]
  })
  assign(0)
  receive(0, 0, 2)
  t.equal(started.length, 1, 'the zombie holds its lane')
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits, [])
  t.equal(started.length, 2, 'now the redelivery runs')
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
})

t.test('what waits for another try does not hold up a rejoin', async (t) => {
  const { group, consumer, waits, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  const waited = waits.get('orders[0] 0')?.(10)
  const revoked = group.revoking()
  t.equal(await waited, false)
  t.equal(await waits.get('orders[0] 0')?.(10), false, 'nor does what fails later')
  await end('orders[0] 0', 'unsettled')
  await revoked
  t.same(consumer.commits, [], 'it is not settled')
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0', 'unsettled')
})

t.test('a lost generation commits nothing and drops what is queued', async (t) => {
  const { clock, group, consumer, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 5)
  group.lost()
  await end('orders[0] 0')
  t.equal(clock.waiting, 0, 'a late result moves nothing that could be committed')
  await clock.advance(1000)
  t.same(consumer.commits, [])
  t.same(started, ['orders[0] 0'])
  t.same(consumer.calls, ['pause orders[0]'], 'and nothing is resumed for it')
})

t.test('a message whose wait was over, but that had no place yet, is not tried again in a drain', async (t) => {
  const { clock, group, started, waits, receive, assign, end } = build()
  assign(0, 1, 2)
  for (const partition of [0, 1, 2]) receive(partition, 0, 1)
  const again = waits.get('orders[0] 0')?.(100)
  t.same(started, ['orders[0] 0', 'orders[1] 0', 'orders[2] 0'])
  await clock.advance(100)
  const drained = group.revoking()
  await end('orders[1] 0')
  t.equal(await again, false)
  for (const partition of [0, 2]) await end(`orders[${partition}] 0`)
  await drained
})

t.test('a drain ends with its generation: it gives up nothing of the next one', async (t) => {
  const { clock, group, consumer, started, givenUp, receive, assign, end, log } = build()
  assign(0)
  receive(0, 0, 1)
  const revoked = group.revoking()
  group.lost()
  assign(1)
  receive(1, 50, 2)
  t.same(started, ['orders[0] 0', 'orders[1] 50'])
  givenUp.length = 0
  await clock.advance(5000)
  await revoked
  t.same([givenUp, log.lines], [[], [ASSIGNED, ASSIGNED]])
  await end('orders[1] 50')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[1] 51']])
})

t.test('handlers that do not end in time learn why they are given up', async (t) => {
  const { clock, group, givenUp, receive, assign } = build()
  assign(0)
  receive(0, 0, 1)
  const revoked = group.revoking()
  await clock.advance(5000)
  await revoked
  t.same(givenUp.at(-1), 'its partition goes to another member of the group')
  group.lost()
  t.same(givenUp.at(-1), 'its partition is no longer ours')
  const closed = group.close(1000)
  await clock.advance(1000)
  await closed
  t.ok(givenUp.includes('the app closes'))
})
