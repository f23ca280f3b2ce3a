import t from 'tap'
import { Group } from '../lib/consume/group.js'
import type { Pipeline } from '../lib/consume/pipeline.js'
import { GenerationLostError, type ConsumedRecord } from '../lib/transport/transport.js'
import { FakeConsumer } from './fixtures/fake-consumer.js'
import { logLines } from './fixtures/log-lines.js'
import { ManualClock, turn } from './fixtures/manual-clock.js'
import { record } from './fixtures/record.js'

const settings = { buffer: { messages: 4, bytes: 10_000 }, commit: { interval: 1000, count: 3 }, revokeDrain: 5000 }

/** A group of one subscriber whose messages end when the test says so. */
function build ({ topics = ['orders'], dispatch = true } = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const running = new Map<string, (settled: boolean) => void>()
  const started: string[] = []
  const pipeline = {
    run: (topic: string, partition: number, { offset }: ConsumedRecord, halt: AbortSignal) => new Promise<boolean>((resolve) => {
      const name = `${topic}[${partition}] ${offset}`
      started.push(name)
      running.set(name, resolve)
      halt.addEventListener('abort', () => { if (name.endsWith(' 666')) resolve(false) })
    })
  } as unknown as Pipeline
  let consumer!: FakeConsumer
  const group = new Group([{ topics, concurrency: 2, pipeline }], (listener) => { consumer = new FakeConsumer(listener); return consumer }, settings, clock, log)
  if (dispatch) group.dispatch()
  async function end (name: string, settled = true): Promise<void> {
    const resolve = running.get(name)
    if (resolve === undefined) throw new Error(`${name} does not run`)
    running.delete(name)
    resolve(settled)
    await turn()
  }
  function receive (partition: number, from: number, count: number, size = 100): void {
    group.records('orders', partition, Array.from({ length: count }, (_, i) => record(from + i, 'v', { size })), BigInt(from + count))
  }
  const assign = (...partitions: number[]): void => { group.assigned(partitions.map((partition) => ({ topic: 'orders', partition }))) }
  return { clock, log, group, consumer, started, running, end, receive, assign }
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
  t.same(log.lines, ['warn commit failed, it will be tried again'])

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
  t.same(log.lines, ['warn handlers did not end in time: their messages will come again'])
  t.same(log.details[0], { timeout: 3750, running: [{ topic: 'orders', partition: 0, offset: '0' }] })
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
  const { group, consumer, receive, assign } = build()
  assign(0)
  receive(0, 666, 1)
  await group.revoking()
  t.same(consumer.commits, [], 'it is not settled')
})

t.test('a lost generation commits nothing and drops what is queued', async (t) => {
  const { clock, group, consumer, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 5)
  group.lost()
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits, [])
  t.same(started, ['orders[0] 0'])
  t.same(consumer.calls, ['pause orders[0]'], 'and nothing is resumed for it')
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
  t.same(log.lines, ['warn handlers did not end in time: their messages will come again', 'warn the last commit did not end in time: its messages will come again'])
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
  const pipeline = { run: async (topic: string, partition: number, { offset }: ConsumedRecord) => { if (offset === 0n) throw new Error('a bug'); return true } } as unknown as Pipeline
  let consumer!: FakeConsumer
  const group = new Group([{ topics: ['orders'], concurrency: 1, pipeline }], (listener) => { consumer = new FakeConsumer(listener); return consumer }, settings, clock, log)
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  group.records('orders', 0, [record(0), record(1)], 2n)
  await turn()
  await clock.advance(1000)
  t.same(consumer.commits, [])
  t.same(log.lines, ['error a message was left unsettled by an error that nobody expected'])
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
