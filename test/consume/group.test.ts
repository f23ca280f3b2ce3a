import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t from 'tap'
import { Group } from '../../lib/consume/group/group.js'
import type { LaneSlot } from '../../lib/consume/partition/lanes.js'
import type { Ordering } from '../../lib/options/settings.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberSettings } from '../../lib/consume/pipeline/subscriber-plan.js'
import { encodeOffsetMap } from '../../lib/consume/group/offset-map.js'
import { GenerationLostError, type ConsumedRecord, type StoredOffset } from '../../lib/transport/transport.js'
import { gate } from '../support/inbox.js'
import { BROKER, environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { record } from '../support/record.js'

const ASSIGNED = 'info partitions were assigned anew'

const settings = { buffer: { messages: 4, bytes: 10_000 }, commit: { interval: 1000, count: 3 }, revokeDrain: 5000, sessionTimeout: 20_000, rebalanceTimeout: 60_000 }

function planOf (settings: Partial<SubscriberSettings> = {}): SubscriberSettings {
  return { topics: ['orders'], ordering: 'partition', concurrency: 1, ...settings } as SubscriberSettings
}

/** A group of one subscriber whose messages end when the test says so. */
function build ({ groupId = 'shop', topics = ['orders'], dispatch = true, ordering = 'partition' }: { groupId?: string | null, topics?: string[], dispatch?: boolean, ordering?: Ordering } = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const running = new Map<string, (outcome: Outcome) => void>()
  const waits = new Map<string, LaneSlot['wait']>()
  const started: string[] = []
  const givenUp: string[] = []
  const pipeline = {
    plan: planOf({ topics, ordering, concurrency: 2 }),
    run: ({ topic, partition, record: { offset } }: Delivery, slot: LaneSlot) => new Promise<Outcome>((resolve) => {
      const name = `${topic}[${partition}] ${offset}`
      started.push(name)
      running.set(name, resolve)
      waits.set(name, (ms) => slot.wait(ms))
    }),
    giveUp: (reason: string) => { givenUp.push(reason) },
    late: [] as unknown[],
    lastError: undefined as unknown
  }
  let consumer!: FakeConsumer
  const group = new Group(groupId, [pipeline as unknown as ErasedPipeline], (listener) => { consumer = new FakeConsumer(listener); return consumer }, { ...environmentOf(clock, log), settings })
  if (dispatch) group.dispatch()
  async function end (name: string, outcome: Outcome = 'settled'): Promise<void> {
    const resolve = running.get(name)
    if (resolve === undefined) throw new Error(`${name} does not run`)
    running.delete(name)
    resolve(outcome)
    await turn()
  }
  function receive (partition: number, from: number, count: number, size = 100): void {
    group.records('orders', partition, Array.from({ length: count }, (_, i) => record(from + i, 'v', { size })), BigInt(from + count))
  }
  const assign = (...partitions: number[]): void => { group.assigned(partitions.map((partition) => ({ topic: 'orders', partition }))) }
  return { clock, log, group, consumer, pipeline, givenUp, waits, started, running, end, receive, assign }
}

t.test('records wait for dispatch, then each partition is handled in order', async (t) => {
  const { group, consumer, started, receive, assign, end } = build({ dispatch: false })
  await group.start()
  assign(0, 1)
  receive(0, 0, 2)
  receive(1, 5, 1)
  t.same(started, [])
  group.dispatch()
  t.same(started, ['orders[0] 0', 'orders[1] 5'])
  await end('orders[0] 0')
  t.same(started.at(-1), 'orders[0] 1')
  t.same(consumer.calls, ['start'])
})

t.test('records of what is not owned, or not subscribed, are left alone', async (t) => {
  const { group, started, receive, assign } = build()
  assign(0)
  receive(7, 0, 1)
  group.assigned([{ topic: 'other', partition: 0 }])
  group.records('other', 0, [record(0)], 1n)
  t.same(started, [])
})

t.test('watermarks are committed after the interval', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await end('orders[0] 0')
  t.same(consumer.commits, [])
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  await clock.advance(5000)
  t.equal(consumer.commits.length, 1, 'nothing new, nothing committed')
  t.equal(clock.waiting, 0)
})

t.test('watermarks are committed after so many messages, one commit at a time', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  let answer = (): void => {}
  consumer.outcomes.push(() => new Promise((resolve) => { answer = resolve }))
  assign(0)
  receive(0, 0, 7)
  for (let offset = 0; offset < 3; offset++) await end(`orders[0] ${offset}`)
  t.same(consumer.commits, [['orders[0] 3']])
  for (let offset = 3; offset < 6; offset++) await end(`orders[0] ${offset}`)
  t.equal(consumer.commits.length, 1)
  answer()
  await clock.advance(1000)
  t.same(consumer.commits[1], ['orders[0] 6'])
})

t.test('what moves while a commit is in flight is committed after it, also when nothing moves any more', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  let answer = (): void => {}
  consumer.outcomes.push(() => new Promise((resolve) => { answer = resolve }))
  assign(0)
  receive(0, 0, 2)
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  await end('orders[0] 1')
  await clock.advance(1000)
  t.equal(consumer.commits.length, 1, 'one at a time')
  answer()
  await turn()
  t.same(consumer.commits[1], ['orders[0] 2'])
})

t.test('however many wait for the commit that is in flight, one at a time follows it', async (t) => {
  const { group, clock, consumer, receive, assign, end } = build()
  const answers: Array<() => void> = []
  const held = (): Promise<void> => new Promise((resolve) => { answers.push(resolve) })
  consumer.outcomes.push(held, held)
  assign(0)
  receive(0, 0, 7)
  for (let offset = 0; offset < 4; offset++) await end(`orders[0] ${offset}`)
  await clock.advance(1000)
  const drained = group.revoking()
  await end('orders[0] 4')
  t.same(consumer.commits, [['orders[0] 3']])
  answers[0]?.()
  await turn()
  t.same(consumer.commits.slice(1), [['orders[0] 5']], 'two on their way could arrive the other way round')
  answers[1]?.()
  await drained
  t.equal(consumer.commits.length, 2)
})

t.test('a position beyond records that are never handed over is committed, too', async (t) => {
  const { clock, consumer, group, assign } = build()
  assign(0)
  group.records('orders', 0, [], 12n)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 12']])
})

t.test('a commit that fails is tried again, one of a lost generation is not', async (t) => {
  const { clock, consumer, receive, assign, end, log } = build()
  consumer.outcomes.push(new Error('coordinator moved'))
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  await clock.advance(1000)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1'], ['orders[0] 1']])
  t.same(log.lines, [ASSIGNED, 'warn commit failed, it will be tried again'])

  receive(0, 1, 1)
  consumer.outcomes.push(new GenerationLostError('rebalanced'))
  await end('orders[0] 1')
  await clock.advance(1000)
  await clock.advance(5000)
  t.equal(consumer.commits.length, 3)
})

t.test('a partition that holds enough is not read from until half of the room is free', async (t) => {
  const { consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 5)
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 0')
  await end('orders[0] 1')
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 2')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

t.test('bytes bound what a partition holds, too', async (t) => {
  const { consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2, 6000)
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 0')
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 1')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

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

t.test('a rejoin does not wait longer than revokeDrain; the late result commits nothing and its lane waits for it', async (t) => {
  const { clock, group, consumer, started, receive, assign, end, log } = build()
  assign(0)
  receive(0, 0, 2)
  const revoked = group.revoking()
  await clock.advance(5000)
  await revoked
  t.same(log.lines, [ASSIGNED, 'warn handlers did not end in time: their messages will come again'])
  t.same(log.details[1], { groupId: 'shop', reason: 'rebalance', timeout: 3750, unsettled: [{ topic: 'orders', partition: 0, offset: '0' }] })
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

t.test('after a silence as long as a session nothing begins before the coordinator is heard', async (t) => {
  const { clock, consumer, waits, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 3)
  const retry = waits.get('orders[0] 0')?.(20_001)
  let again: boolean | undefined
  retry?.then((waited) => { again = waited })
  await clock.advance(20_001)
  t.equal(again, undefined, 'no other try')
  consumer.lastContact = clock.now()
  await clock.advance(50)
  t.equal(again, true)
  await clock.advance(20_000)
  await end('orders[0] 0')
  t.equal(started.length, 1, 'not the next one')
  await clock.advance(1000)
  t.equal(started.length, 1)
  consumer.lastContact = clock.now()
  await clock.advance(50)
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
})

t.test('when it says that the partition is lost, what waited for that is dropped', async (t) => {
  const { clock, group, started, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await clock.advance(20_001)
  await end('orders[0] 0')
  group.lost()
  await turn()
  t.equal(started.length, 1)
  consumer.lastContact = clock.now()
  assign(0)
  receive(0, 0, 1)
  t.same(started, ['orders[0] 0', 'orders[0] 0'])
  await end('orders[0] 0')
})

t.test('without a group nobody else can have a partition', async (t) => {
  const { clock, started, receive, assign, end } = build({ groupId: null })
  assign(0)
  receive(0, 0, 2)
  await clock.advance(60_000)
  await end('orders[0] 0')
  t.equal(started.length, 2)
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

t.test('close reads no more, lets handlers end, commits and leaves, once', async (t) => {
  const { group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  const closed = group.close(5000)
  t.equal(group.close(5000), closed)
  await end('orders[0] 0')
  await closed
  t.same(consumer.calls, ['stop', 'close'])
  t.same(consumer.commits, [['orders[0] 1']])
})

t.test('close ends in time when handlers and the cluster do not', async (t) => {
  const { clock, group, consumer, receive, assign, end, log } = build()
  assign(0, 1)
  receive(0, 0, 1)
  receive(1, 0, 1)
  await end('orders[0] 0')
  consumer.outcomes.push(() => new Promise(() => {}))
  const closed = group.close(5000)
  await clock.advance(3750)
  t.equal(consumer.commits.length, 1, 'the rest of the time is for the last commit')
  await clock.advance(1250)
  await closed
  t.equal(clock.waiting, 0, 'no timer is left')
  t.same(log.lines, [ASSIGNED, 'warn handlers did not end in time: their messages will come again', 'warn the last commit did not end in time: its messages will come again'])
})

t.test('a commit that fails when the group is closed arms nothing', async (t) => {
  const { clock, group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  let fail = (_: Error): void => {}
  consumer.outcomes.push(() => new Promise((resolve, reject) => { fail = reject }))
  const closed = group.close(5000)
  await clock.advance(5000)
  await closed
  fail(new Error('too late'))
  await turn()
  t.equal(clock.waiting, 0)
})

t.test('leaving the group may go on when close has ended', async (t) => {
  const { clock, group, consumer, assign } = build()
  assign(0)
  consumer.close = () => new Promise(() => {})
  const closed = group.close(5000)
  await clock.advance(500)
  await closed
  t.equal(clock.waiting, 0)
})

t.test('an error that nobody expected leaves its message unsettled and nothing else', async (t) => {
  const log = logLines()
  const clock = new ManualClock()
  const pipeline = { plan: planOf(), run: async ({ record: { offset } }: Delivery) => { if (offset === 0n) throw new Error('a bug'); return 'settled' }, giveUp: () => {} } as unknown as ErasedPipeline
  let consumer!: FakeConsumer
  const group = new Group('shop', [pipeline], (listener) => { consumer = new FakeConsumer(listener); return consumer }, { ...environmentOf(clock, log), settings })
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  group.records('orders', 0, [record(0), record(1)], 2n)
  await turn()
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 0 and 1']])
  t.same(log.lines, [ASSIGNED, 'error a message was left unsettled by an error that nobody expected'])
  await group.close(1000)
})

t.test('a generation that begins while the group closes runs nothing', async (t) => {
  const { group, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  const closed = group.close(5000)
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  await closed
  t.equal(started.length, 1)
})

t.test('a corrupt batch and a failing consumer are reported', async (t) => {
  const { group, log } = build()
  group.corrupt('orders', 0, { offset: 5n, nextOffset: 9n, error: new Error('crc') })
  group.failed(new Error('crashed'))
  t.same(log.lines, ['error a batch is corrupt: its partition is paused, nothing of it is skipped', 'error the consumer failed and is started again'])
})

t.test('what a group does can be asked for', async (t) => {
  const { clock, group, consumer, pipeline, receive, assign, end } = build()
  const asked = (): object => group.health(['orders'])
  t.same(asked(), { healthy: false, state: 'joining', partitions: [], lag: 0, inFlight: 0, oldestUnsettledAge: 0, missingTopics: [], lastError: undefined })
  assign(0, 1)
  consumer.ends.set('orders[0]', { position: 5n, end: 5n })
  t.match(asked(), { healthy: true, state: 'reading', lag: 0, partitions: [{ partition: 0, lag: 0 }, { partition: 1, lag: undefined }] })

  receive(0, 5, 3)
  consumer.ends.set('orders[0]', { position: 8n, end: 20n })
  consumer.ends.set('orders[1]', { position: 0n, end: 7n })
  await clock.advance(300)
  t.match(asked(), { healthy: true, lag: 22, inFlight: 1, oldestUnsettledAge: 300, partitions: [{ lag: 15, oldestUnsettledAge: 300 }, { lag: 7, oldestUnsettledAge: 0 }] })
  await end('orders[0] 5')
  t.match(asked(), { lag: 21 }, 'what is settled is no lag')

  pipeline.late.push({ topic: 'orders', partition: 0, record: record(6) })
  t.match(asked(), { healthy: false, partitions: [{ late: 6n }, { late: undefined }] }, 'a handler that does not end')
  pipeline.late[0] = { topic: 'orders', partition: 7, record: record(6) }
  t.match(asked(), { healthy: false, partitions: [{ late: undefined }, { late: undefined }] }, 'of a partition that has gone to another member: nothing else can have its place')
  pipeline.late.length = 0
  t.match(asked(), { healthy: true })
  consumer.missingTopics = ['orders', 'others']
  t.match(asked(), { healthy: false, missingTopics: ['orders'] })
  consumer.missingTopics = ['others']
  t.match(asked(), { healthy: true, missingTopics: [] })

  group.failed(Object.assign(new Error('broken'), { code: 'E_BROKEN' }))
  t.match(asked(), { healthy: false, state: 'failed', lastError: { code: 'E_BROKEN', message: 'broken', at: new Date(clock.now()) } })
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

t.test('a commit that fails is the last error, one of a lost generation is none', async (t) => {
  const { clock, group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  consumer.outcomes.push(new GenerationLostError('over'), new Error('no coordinator'))
  await end('orders[0] 0')
  await clock.advance(1000)
  t.equal(group.health(['orders']).lastError, undefined)
  await end('orders[0] 1')
  await clock.advance(1000)
  t.match(group.health(['orders']).lastError, { message: 'no coordinator' })
})

t.test('a corrupt batch stops its partition until it is skipped, and what was read before is committed', async (t) => {
  const { clock, group, consumer, log, started, receive, assign, end } = build()
  assign(0, 1)
  receive(0, 5, 1)
  group.corrupt('orders', 0, { offset: 6n, nextOffset: 10n, error: new Error('broken bytes') })
  const health = group.health(['orders'])
  t.match(health, { healthy: false, partitions: [{ stopped: { offset: 6n, nextOffset: 10n, error: { message: 'broken bytes' } } }, { stopped: undefined }], lastError: { message: 'broken bytes' } })
  t.match(JSON.parse(JSON.stringify(health)).partitions[0], { stopped: { offset: '6', nextOffset: '10', error: 'broken bytes' } })

  t.throws(() => group.skipTo({ topic: 'orders', partition: 1, offset: 9n }), { code: 'FASTSTREAM_ERR_SKIP', message: /partition 1 of 'orders' cannot be skipped to 9: it is being read/ })
  t.throws(() => group.skipTo({ topic: 'orders', partition: 2, offset: 9n }), { code: 'FASTSTREAM_ERR_SKIP', message: /does not own it now/ })
  t.throws(() => group.skipTo({ topic: 'orders', partition: 0, offset: 5n }), { code: 'FASTSTREAM_ERR_SKIP', message: /before 6 was read/ })
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

t.test('nothing is skipped while the group rebalances or closes, for the next generation would not know of it', async (t) => {
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

t.test('a skip is committed also when nothing comes behind it, and a second look at what is corrupt is none', async (t) => {
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
    t.match(log.details.at(-1), { groupId: 'shop', topic: 'orders', partition: 0, stored: String(reset.stored), position: String(reset.position), gap })
    t.same(events.at(-1), { ...BROKER, groupId: 'shop', topic: 'orders', partition: 0, ...reset })
  }
  t.match(group.health(['orders']), { healthy: true })
  t.ok(log.lines.slice(1).every((line) => line.startsWith('warn ')))

  group.reset('orders', 0, { stored: 10n, start: 50n, end: 90n, position: undefined })
  t.match(log.details.at(-1), { err: { code: 'FASTSTREAM_ERR_OFFSET_RESET' }, gap: '40' })
  t.match(group.health(['orders']), { healthy: false, partitions: [{ stopped: { offset: 10n, nextOffset: 50n } }], lastError: { code: 'FASTSTREAM_ERR_OFFSET_RESET' } })
  group.skipTo({ topic: 'orders', partition: 0, offset: 5n })
  t.match(group.health(['orders']), { healthy: true }, 'nothing was read: it may be skipped to anywhere')
})

t.test('handlers that do not end in time are told why nobody waits for them', async (t) => {
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

t.test('a partition that begins at its end commits that at once', async (t) => {
  const { group, consumer, assign } = build()
  assign(0)
  group.records('orders', 0, [], 7n)
  await turn()
  t.same(consumer.commits, [['orders[0] 7']])
  group.records('orders', 0, [], 9n)
  await turn()
  t.equal(consumer.commits.length, 1, 'what only moves on waits for the next commit')
  await group.close(1000)
})

/** Records with keys, from offset 0 on. */
function keyed (...keys: Array<string | Buffer | null>): ConsumedRecord[] {
  return keys.map((key, offset) => record(offset, 'v', { key: typeof key === 'string' ? Buffer.from(key) : key }))
}

t.test('by key: messages of one key wait for each other, those of others and those without a key do not', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b', null, null, Buffer.from([0xff]), Buffer.from([0xfe])), 7n)
  t.same(started, ['orders[0] 0', 'orders[0] 2'], 'two at a time')
  await end('orders[0] 2')
  await end('orders[0] 3')
  await end('orders[0] 4')
  t.same(started.slice(2), ['orders[0] 3', 'orders[0] 4', 'orders[0] 5'], 'null keys are no key')
  await end('orders[0] 0')
  t.same(started.slice(5), ['orders[0] 6'], 'which is no text, but another key than the one before')
  await end('orders[0] 5')
  t.same(started.slice(6), ['orders[0] 1'])
})

t.test('without an order only the concurrency counts', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'none' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'a'), 3n)
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
  await end('orders[0] 1')
  t.same(started.at(-1), 'orders[0] 2')
})

t.test('a rebalance waits for what runs and for nothing else: what is settled behind the rest is committed with it', async (t) => {
  const { group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b'), 5n)
  await end('orders[0] 2')
  t.same(started, ['orders[0] 0', 'orders[0] 2', 'orders[0] 4'])
  const revoked = group.revoking()
  await end('orders[0] 0')
  await end('orders[0] 4')
  await revoked
  t.equal(started.length, 3, 'not the next of its key')
  t.same(consumer.commits.at(-1), ['orders[0] 1 and 2, 4'])
})

t.test('what those before us had settled is left out, and told to those after us', async (t) => {
  const { clock, group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 1n, encodeOffsetMap(record(1), [2n, 4n]))
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b').slice(1, 3), 3n)
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b', 'c').slice(3), 6n)
  t.same(started, ['orders[0] 1', 'orders[0] 5'])
  await end('orders[0] 5')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1 and 2, 4, 5']])
  await end('orders[0] 1')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 3 and 4, 5'])
  await end('orders[0] 3')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 6'])
})

t.test('what is known to be settled and has not been read again is told on, too', async (t) => {
  const { clock, group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [2n, 7n, 9n]))
  group.records('orders', 0, keyed('a', 'b', 'c'), 3n)
  await end('orders[0] 1')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 0 and 1, 2, 7, 9']])
  group.records('orders', 0, Array.from({ length: 7 }, (_, i) => record(3 + i, 'v', { key: Buffer.from('a') })), 10n)
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 3 and 7, 9'])
  t.same(started, ['orders[0] 0', 'orders[0] 1', 'orders[0] 3'])
})

t.test('where all that comes is settled already, the offset moves on, and there is room for more', async (t) => {
  const { clock, group, consumer, started, assign } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [0n, 1n, 2n, 3n, 4n]))
  group.stored('orders', 7, 0n, '')
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b'), 5n)
  await clock.advance(1000)
  t.same(started, [])
  t.same(consumer.calls, [])
  t.same(consumer.commits, [['orders[0] 5']])
  group.records('orders', 0, [record(5, 'v', { key: Buffer.from('a') })], 6n)
  t.same(started, ['orders[0] 5'])
})

t.test('of a topic that was deleted and made anew nothing is left out', async (t) => {
  const { group, consumer, started, assign, end } = build({ ordering: 'key' })
  let stored: StoredOffset | undefined
  consumer.commit = async (offsets) => { stored = offsets[0] }
  assign(0)
  group.records('orders', 0, keyed('a', 'b'), 2n)
  await end('orders[0] 1')
  // The old log ends here: the reading is out of range in the new one, which makes the group rebalance.
  const revoked = group.revoking()
  await end('orders[0] 0', 'unsettled')
  await revoked
  const { offset, metadata } = stored!
  assign(0)
  group.stored('orders', 0, offset, metadata!)
  group.records('orders', 0, keyed('x', 'y').map((each) => ({ ...each, timestamp: each.timestamp + 1 })), 2n)
  t.same(started, ['orders[0] 0', 'orders[0] 1', 'orders[0] 0', 'orders[0] 1'])
})

t.test('nor where the record is gone that could tell which log it is', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  function skip (): void {
    group.corrupt('orders', 0, { offset: 0n, nextOffset: 1n, error: new Error('damaged') })
    group.skipTo({ topic: 'orders', partition: 0, offset: 1n })
  }
  for (const begin of [() => { group.records('orders', 0, [], 1n) }, skip]) {
    assign(0)
    group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [1n]))
    begin()
    group.records('orders', 0, keyed('a', 'b').slice(1), 2n)
    await end('orders[0] 1', 'unsettled')
  }
  t.same(started, ['orders[0] 1', 'orders[0] 1'])
})

t.test('what comes again keeps what is behind it from overtaking it', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b'), 3n)
  const revoked = group.revoking()
  await end('orders[0] 0', 'unsettled')
  await end('orders[0] 2')
  await revoked
  t.same(started, ['orders[0] 0', 'orders[0] 2'], 'offset 1 is before 2, but its key comes again')
})

t.test('one message that is not settled does not make a group read on for ever', async (t) => {
  const { group, consumer, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('stuck'), 1n)
  for (let offset = 1; offset < 40; offset++) {
    group.records('orders', 0, [record(offset, 'v', { key: Buffer.from('b') })], BigInt(offset + 1))
    await end(`orders[0] ${offset}`)
  }
  t.same(consumer.calls, ['pause orders[0]'], 'ten times the buffer')
  await end('orders[0] 0')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

t.test('a message is settled before its turn is over, if its pipeline says so, and once', async (t) => {
  const log = logLines()
  const clock = new ManualClock()
  const { opened, open } = gate()
  const pipeline = { plan: planOf(), run: async (_: Delivery, slot: LaneSlot) => { slot.settle(); await opened; return 'settled' }, giveUp: () => {} } as unknown as ErasedPipeline
  let consumer!: FakeConsumer
  const group = new Group('shop', [pipeline], (listener) => { consumer = new FakeConsumer(listener); return consumer }, { ...environmentOf(clock, log), settings })
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  group.records('orders', 0, [record(0)], 1n)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  open()
  await turn()
  await group.close(1000)
  t.equal(consumer.commits.length, 1)
})

t.test('a handler that stops its subscriber leaves the group, and its message comes again', async (t) => {
  const { clock, group, consumer, log, started, receive, assign, end } = build()
  assign(0, 1)
  receive(0, 0, 2)
  receive(1, 0, 1)
  await end('orders[1] 0')
  await end('orders[0] 0', 'stop')
  await clock.advance(500)
  t.same(started, ['orders[0] 0', 'orders[1] 0'])
  t.same(consumer.commits, [['orders[1] 1']])
  t.ok(consumer.calls.includes('close'))
  t.match(group.health(['orders']), { state: 'stopped', healthy: false })
  t.ok(log.lines.includes('info a handler has stopped its subscriber'))
})

t.test('one that shares its group lets the others go on', async (t) => {
  const clock = new ManualClock()
  const started: string[] = []
  const outcomes: Record<string, Outcome> = { 'orders 0': 'stop' }
  const pipeline = { run: async ({ topic, record: { offset } }: Delivery) => { started.push(`${topic} ${offset}`); return outcomes[`${topic} ${offset}`] ?? 'settled' }, giveUp: () => {}, late: [] }
  let consumer!: FakeConsumer
  const members = ['orders', 'others'].map((topic) => ({ ...pipeline, plan: planOf({ topics: [topic], ordering: 'none', concurrency: 2 }) }) as unknown as ErasedPipeline)
  const group = new Group('shop', members, (listener) => { consumer = new FakeConsumer(listener); return consumer }, { ...environmentOf(clock), settings })
  group.dispatch()
  const both = [{ topic: 'orders', partition: 0 }, { topic: 'others', partition: 0 }]
  group.assigned(both)
  outcomes['orders 1'] = 'stop'
  group.records('orders', 0, [record(0), record(1), record(2)], 3n)
  group.records('others', 0, [record(0)], 1n)
  await turn()
  t.same(started, ['orders 0', 'orders 1', 'others 0'])
  t.same(consumer.calls, ['pause orders[0]'])
  t.match([group.health(['orders']), group.health(['others'])], [{ state: 'stopped', healthy: false }, { state: 'reading', healthy: true }])
  await group.revoking()
  group.assigned(both)
  t.same(consumer.calls, ['pause orders[0]', 'pause orders[0]'], 'also in the next generation')
  group.records('others', 0, [record(1)], 2n)
  await turn()
  t.equal(started.at(-1), 'others 1')
  await group.close(1000)
})
