import t from 'tap'
import { turn } from '../../support/manual-clock.js'
import { build } from '../../support/group-fixture.js'

t.test('a corrupt batch stops its partition until it is skipped, and what was read before is committed', async (t) => {
  const { clock, group, consumer, log, started, receive, assign, end } = build()
  assign(0, 1)
  receive(0, 5, 1)
  group.corrupt('orders', 0, { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') })
  const health = group.health(['orders'])
  t.match(health, {
    healthy: false,
    partitions: [
      { stopped: { offset: 6n, nextOffset: 10n, error: { message: 'broken bytes' } } }, { stopped: undefined }
    ],
    lastError: { message: 'broken bytes' }
  })
  t.match(JSON.parse(JSON.stringify(health)).partitions[0], {
    stopped: { offset: '6', nextOffset: '10', error: 'broken bytes' }
  })

  t.throws(() => group.skipTo({ topic: 'orders', partition: 1, offset: 9n }), {
    code: 'FASTSTREAM_ERR_SKIP', message: /partition 1 of 'orders' cannot be skipped to 9: it is being read/
  })
  t.throws(() => group.skipTo({ topic: 'orders', partition: 2, offset: 9n }), {
    code: 'FASTSTREAM_ERR_SKIP', message: /does not own it now/
  })
  t.throws(() => group.skipTo({ topic: 'orders', partition: 0, offset: 5n }), {
    code: 'FASTSTREAM_ERR_SKIP', message: /before 6 was read/
  })
  group.skipTo({ topic: 'orders', partition: 0, offset: 10n })
  t.ok(consumer.calls.includes('seek orders[0] 10'))
  t.match(group.health(['orders']), { healthy: true })
  t.match(log.details.at(-1), { topic: 'orders', partition: 0, from: '6', to: '10' })
  await clock.advance(1000)
  t.same(consumer.commits, [], 'what was read before is not settled yet')
  await end('orders[0] 5')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 10']])
  receive(0, 10, 1)
  await turn()
  t.equal(started.at(-1), 'orders[0] 10')
})

t.test('skipTo is refused while the group rebalances or closes', async (t) => {
  const { group, consumer, assign } = build()
  const skip = (): void => { group.skipTo({ topic: 'orders', partition: 0, offset: 10n }) }
  const batch = { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') }
  assign(0)
  group.corrupt('orders', 0, batch)
  await group.revoking()
  t.throws(skip, { code: 'FASTSTREAM_ERR_SKIP', message: /does not own it now/ })
  assign(0)
  group.corrupt('orders', 0, batch)
  skip()
  t.equal(consumer.calls.at(-1), 'seek orders[0] 10')
  group.corrupt('orders', 0, batch)
  const closed = group.close(1000)
  t.throws(skip, { code: 'FASTSTREAM_ERR_SKIP' })
  await closed
})

t.test('a skip is committed without later records, and a repeated corrupt batch is ignored', async (t) => {
  const { clock, group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 5, 1)
  await end('orders[0] 5')
  await clock.advance(1000)
  group.corrupt('orders', 0, { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') })
  group.skipTo({ topic: 'orders', partition: 0, offset: 6n })
  t.same(consumer.calls.filter((call) => call.startsWith('seek')), ['seek orders[0] 6'])
  group.corrupt('orders', 0, { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') })
  group.skipTo({ topic: 'orders', partition: 0, offset: 10n })
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 6'], ['orders[0] 10']])
})

t.test('a corrupt batch whose end is unknown says so', async (t) => {
  const { group, assign } = build()
  assign(0)
  group.corrupt('orders', 0, { offset: 6n, nextOffset: -1n, error: new Error('broken bytes') })
  t.match(group.health(['orders']).partitions, [{ stopped: { offset: 6n, nextOffset: undefined } }])
  group.corrupt('orders', 7, { offset: 6n, nextOffset: -1n, error: new Error('of a lost partition') })
})

t.test('after a skip nothing is unsettled', async (t) => {
  const { clock, group, assign } = build()
  assign(0)
  group.corrupt('orders', 0, { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') })
  group.skipTo({ topic: 'orders', partition: 0, offset: 10n })
  await clock.advance(5000)
  t.match(group.health(['orders']).partitions, [{ oldestUnsettledAge: 0, stalledFor: 0 }])
  await group.close(1000)
})
