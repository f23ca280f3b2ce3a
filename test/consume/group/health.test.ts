import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { record } from '../../support/record.js'
import { BROKER } from '../../support/environment.js'
import { build } from '../../support/group-fixture.js'

t.test('a corrupt batch and a failing consumer are reported', async (t) => {
  const { group, log } = build({ name: 'take' })
  group.corrupt('orders', 0, { offset: 5n, nextOffset: 9n, error: new Error('crc') })
  group.failed(new Error('crashed'))
  t.same(log.lines, [
    'error a batch is corrupt: its partition is paused, nothing of it is skipped',
    'error the consumer failed and is started again'
  ])
  t.match(log.details[1], { err: { message: 'crashed' }, groupId: 'shop', subscribers: ['take'] })
  group.failed(new Error('refused'), false)
  t.match(log.details[2], { err: { message: 'refused' }, groupId: 'shop', subscribers: ['take'] })
  t.match(log.details[3], { subscriber: 'take', groupId: 'shop', topics: ['orders'] }, 'and it has stopped')
})

t.test('what a group does can be asked for', async (t) => {
  const { clock, group, consumer, pipeline, receive, assign, end } = build()
  const asked = (): object => group.health(['orders'])
  t.same(asked(), {
    healthy: false,
    state: 'joining',
    partitions: [],
    lag: 0,
    inFlight: 0,
    oldestUnsettledAge: 0,
    missingTopics: [],
    lastError: undefined
  })
  assign(0, 1)
  consumer.ends.set('orders[0]', { position: 5n, end: 5n })
  t.match(asked(), {
    healthy: true, state: 'reading', lag: 0, partitions: [{ partition: 0, lag: 0 }, { partition: 1, lag: undefined }]
  })

  receive(0, 5, 3)
  consumer.ends.set('orders[0]', { position: 8n, end: 20n })
  consumer.ends.set('orders[1]', { position: 0n, end: 7n })
  await clock.advance(300)
  t.match(asked(), {
    healthy: true,
    lag: 22,
    inFlight: 1,
    oldestUnsettledAge: 300,
    partitions: [{ lag: 15, oldestUnsettledAge: 300 }, { lag: 7, oldestUnsettledAge: 0 }]
  })
  await end('orders[0] 5')
  t.match(asked(), { lag: 21 }, 'what is settled is no lag')

  pipeline.late.push({ topic: 'orders', partition: 0, record: record(6) })
  t.match(asked(), { healthy: false, partitions: [{ late: 6n }, { late: undefined }] }, 'a handler that does not end')
  pipeline.late[0] = { topic: 'orders', partition: 7, record: record(6) }
  t.match(
    asked(),
    { healthy: false, partitions: [{ late: undefined }, { late: undefined }] },
    'of a partition that has gone to another member: nothing else can have its place'
  )
  pipeline.late.length = 0
  t.match(asked(), { healthy: true })
  consumer.missingTopics = ['orders', 'others']
  t.match(asked(), { healthy: false, missingTopics: ['orders'] })
  consumer.missingTopics = ['others']
  t.match(asked(), { healthy: true, missingTopics: [] })

  group.failed(Object.assign(new Error('broken'), { code: 'E_BROKEN' }))
  t.match(asked(), {
    healthy: false, state: 'failed', lastError: { code: 'E_BROKEN', message: 'broken', at: new Date(clock.now()) }
  })
  assign(0)
  await clock.advance(10)
  pipeline.lastError = { error: Object.assign(new Error('no'), { code: 7 }), at: clock.now() }
  t.match(asked(), { healthy: true, lastError: { code: undefined, message: 'no' } }, 'the last one, of whatever kind')
  pipeline.lastError = { error: new Error('long ago'), at: 0 }
  t.match(asked(), { lastError: { message: 'broken' } })
  const revoked = group.revoking()
  t.match(asked(), { healthy: true, state: 'rebalancing' })
  await clock.advance(5000)
  await revoked
  group.lost()
  t.match(asked(), { state: 'rebalancing', partitions: [] })
  const closed = group.close(1000)
  await clock.advance(1000)
  await closed
  t.match(asked(), { healthy: false, state: 'closed' })
})

t.test('a member that cannot join has failed', async (t) => {
  const { group, consumer } = build()
  consumer.start = async () => { throw new Error('refused') }
  await t.rejects(group.start(), { message: 'refused' })
  t.match(group.health(['orders']), { state: 'failed', lastError: { message: 'refused' } })
})

t.test('an offset that is not in the log is told, with what is left out', async (t) => {
  const events: unknown[] = []
  const listen = (event: unknown): void => { events.push(event) }
  subscribe('fastify-faststream:offset-reset', listen)
  t.teardown(() => unsubscribe('fastify-faststream:offset-reset', listen))
  const { group, log, assign } = build()
  assign(0)
  const resets = [
    { stored: 10n, start: 50n, end: 90n, position: 50n, gap: '40' },
    { stored: 10n, start: 50n, end: 90n, position: 90n, gap: '80' },
    { stored: 100n, start: 0n, end: 7n, position: 0n, gap: '0' },
    { stored: 100n, start: 2n, end: 7n, position: 7n, gap: '5' }
  ]
  for (const { gap, ...reset } of resets) {
    group.reset('orders', 0, reset)
    t.match(log.details.at(-1), {
      groupId: 'shop',
      topic: 'orders',
      partition: 0,
      stored: String(reset.stored),
      position: String(reset.position),
      gap
    })
    t.same(events.at(-1), { ...BROKER, groupId: 'shop', topic: 'orders', partition: 0, ...reset })
  }
  t.match(group.health(['orders']), { healthy: true })
  t.ok(log.lines.slice(1).every((line) => line.startsWith('warn ')))

  group.reset('orders', 0, { stored: 10n, start: 50n, end: 90n, position: undefined })
  t.match(log.details.at(-1), { err: { code: 'FASTSTREAM_ERR_OFFSET_RESET' }, gap: '40' })
  t.match(group.health(['orders']), {
    healthy: false,
    partitions: [{ stopped: { offset: 10n, nextOffset: 50n } }],
    lastError: { code: 'FASTSTREAM_ERR_OFFSET_RESET' }
  })
  group.skipTo({ topic: 'orders', partition: 0, offset: 5n })
  t.match(group.health(['orders']), { healthy: true }, 'nothing was read: it may be skipped to anywhere')
})

t.test('a subscriber whose breaker is open is not healthy', async (t) => {
  const { group, pipeline, assign } = build()
  assign(0)
  const breaker = { error: 'Error ECONNREFUSED', since: new Date(0), partitions: [] }
  Object.assign(pipeline, { breaker })
  t.match(group.health(['orders']), { healthy: false, state: 'reading', breaker })
})

t.test('a paused subscriber shows a rebalance of its group', async (t) => {
  const { group, assign } = build()
  assign(0)
  group.pauses.pause('orders')
  const revoked = group.revoking()
  t.equal(group.health(['orders']).state, 'rebalancing')
  await revoked
})

t.test('a partition has no lag before its end or its position is known', async (t) => {
  const { group, consumer, receive, assign } = build()
  const lags = (): unknown[] => group.health(['orders']).partitions.map(({ lag }) => lag)
  assign(0, 1)
  receive(0, 5, 1)
  consumer.ends.set('orders[1]', { position: undefined, end: 7n })
  t.strictSame(lags(), [undefined, undefined])
  consumer.ends.set('orders[0]', { position: 6n, end: 3n })
  t.strictSame(lags(), [0, undefined], 'also where the end is old')
})

t.test('a late handler is shown at its own topic only, and a partition without one says nothing of it', async (t) => {
  const { group, pipeline } = build({ topics: ['orders', 'bills'] })
  group.assigned([{ topic: 'orders', partition: 0 }, { topic: 'bills', partition: 0 }])
  pipeline.late.push({ topic: 'bills', partition: 0, record: record(6) })
  const { partitions } = JSON.parse(JSON.stringify(group.health(['orders'])))
  t.match(partitions, [{ topic: 'orders' }, { topic: 'bills', late: '6' }])
  t.notOk('late' in partitions[0])
})
