import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { RedriveProgress } from '../../index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { letterHeaders, shop } from '../support/letter-shop.js'
import { ManualClock } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

t.test('damaged letters hide no other one: of a hundred, three damaged, all are listed', async (t) => {
  const { app, write } = await shop(t)
  for (let i = 0; i < 100; i++) {
    if (i % 40 === 10) await write('\xff\u0000{', [['x-dlq-topic', Buffer.from([255, 254])]])
    else await write(`{"id":${i}}`)
  }
  const { letters } = await app.broker.deadLetters.list({ limit: 1000 })
  t.equal(letters.length, 100)
  t.equal(letters.filter(({ deadLetter }) => deadLetter === undefined).length, 3)
  const json = JSON.parse(JSON.stringify(letters[10])) as Record<string, unknown>
  t.match(json, { offset: '10', damaged: false, rawKey: null, rawHeaders: [['x-dlq-topic', '//4=']] })
  t.match(await app.broker.deadLetters.redrive({ dryRun: true }), { redriven: 97, looked: 100 })
})

t.test('a batch that is damaged is listed by its offset, and what lies behind it follows', async (t) => {
  const { app, write } = await shop(t, {}, (transport) => ({
    ...transport,
    consumer (options, listener) {
      if (options.groupId !== null) return transport.consumer(options, listener)
      const { records } = listener
      return transport.consumer(options, {
        ...listener,
        records (topic, partition, all, position) {
          const damaged = topic === 'orders.dlq' ? all.find(({ offset }) => offset === 1n) : undefined
          if (damaged === undefined) return records.call(listener, topic, partition, all, position)
          const before = all.filter(({ offset }) => offset < 1n)
          records.call(listener, topic, partition, before, 1n)
          listener.corrupt(topic, partition, { offset: 1n, nextOffset: 2n, error: new Error('checksum') })
          records.call(listener, topic, partition, all.filter(({ offset }) => offset > 1n), position)
        }
      })
    }
  }))
  for (const id of [1, 2, 3]) await write(`{"id":${id}}`)
  const { letters } = await app.broker.deadLetters.list()
  t.match(letters, [{ damaged: false }, { damaged: true, offset: 1n, rawValue: null }, { damaged: false }])
  const report = await app.broker.deadLetters.redrive()
  t.match(report, { redriven: 2, refused: [{ offset: 1n, reason: 'damaged' }] })
  t.match(await app.broker.deadLetters.show(letters[1]!), { damaged: true, verdict: { valid: undefined } })
})

t.test('a dry run says which letters would be valid now, and what is wrong with the others', async (t) => {
  const { app, write, cluster, lines } = await shop(t)
  await write('{"id":1}')
  await write('{"id":"x"}')
  await write('{')
  await write('{"id":4}', letterHeaders({ group: 'billing' }))
  const { verdicts } = await app.broker.deadLetters.redrive({ dryRun: true })
  t.match(verdicts, [
    { offset: 0n, valid: true },
    { offset: 1n, valid: false, violation: /id must be number/ },
    { offset: 2n, valid: false },
    { offset: 3n, valid: undefined, violation: undefined }
  ])
  t.equal(cluster.records('orders').length, 0)
  t.equal(cluster.group('faststream-dead-letters').committed(cluster.partition('orders.dlq', 0)!), undefined)
  t.match(lines.filter(({ msg }) => msg === 'dead letters were redriven'), [{ dryRun: true, redriven: 4, looked: 4 }])
})

t.test('a letter for which a share group copied no message is refused, and not taken for a tombstone', async (t) => {
  const { app, cluster, write } = await shop(t)
  const place = { topic: 'orders', partition: '0', offset: '7', group: 'shop', message: 'Offset rejected by client.' }
  const headers = Object.entries(place).map(([name, value]): RawHeader => [`__dlq.errors.${name}`, Buffer.from(value)])
  await write(null, headers)
  const { deadLetters } = app.broker
  t.match(await deadLetters.redrive({ dryRun: true }), { redriven: 0, refused: [{ reason: 'incomplete' }] })
  t.match(await deadLetters.redrive(), { redriven: 0, refused: [{ reason: 'incomplete' }] })
  const [letter] = (await deadLetters.list()).letters
  t.match(await deadLetters.show(letter!), { dialect: 'share-group', verdict: { valid: undefined } })
  t.equal(cluster.records('orders').length, 0)
})

t.test('letters that name another topic, no group or no whole message are refused', async (t) => {
  const { app, cluster, write } = await shop(t)
  const wrong: Array<[reason: string, headers: RawHeader[]]> = [
    ['origin', letterHeaders({ topic: 'payments' })],
    ['origin', letterHeaders({ topic: 'orders.dlq' })],
    ['origin', letterHeaders({ topic: '../x' })],
    ['no-group', letterHeaders({ group: '' })],
    ['incomplete', letterHeaders({ 'value-omitted': 'true' })],
    ['incomplete', letterHeaders({ 'key-omitted': 'true' })],
    ['trips', letterHeaders({ trips: '3' })],
    ['not-a-letter', letterHeaders({ topic: '' })]
  ]
  for (const [, headers] of wrong) await write('{"id":1}', headers)
  const { refused, redriven } = await app.broker.deadLetters.redrive()
  t.same(refused.map(({ reason }) => reason), wrong.map(([reason]) => reason))
  t.equal(redriven, 0)
  t.equal(cluster.records('orders').length, 0)
})

t.test('what the cluster refuses ends the redrive, and what it stored is done', async (t) => {
  const { app, cluster, write } = await shop(t)
  await write('{"id":1}')
  // The letter just fits, and the headers of a redrive are one byte longer.
  await write('x'.repeat(1_048_588 - 168))
  await t.rejects(app.broker.deadLetters.redrive(), { code: /^FASTSTREAM_ERR_PUBLISH/ })
  t.equal(cluster.records('orders').length, 1)
  t.match((await app.broker.deadLetters.list()).letters, [{ offset: 1n }])
})

t.test('a limit, a signal and a rate hold it, and its progress is told', async (t) => {
  const { app, handled, write } = await shop(t)
  for (let i = 0; i < 250; i++) await write(`{"id":${i}}`)
  const { deadLetters } = app.broker
  t.match(await deadLetters.redrive({ limit: 10 }), { redriven: 10, stopped: true })
  const stop = new AbortController()
  const progress: RedriveProgress[] = []
  const report = await deadLetters.redrive({
    signal: stop.signal,
    onProgress (each) {
      progress.push(each)
      stop.abort()
    }
  })
  t.match(report, { redriven: 100, stopped: true })
  t.match(progress, [{ redriven: 100, looked: 100, refused: 0 }])
  t.match(await deadLetters.redrive({ rate: 10_000 }), { redriven: 140, stopped: false })
  await eventually(async () => handled.length === 250)
})

t.test('a rate is kept over the whole run', async (t) => {
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  const app = await build(t, { groupId: 'shop', topicConfig: { partitions: 1 } })
  useEnvironment(app, { clock, createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  for (let i = 0; i < 10; i++) {
    await producer.send([{
      topic: 'orders.dlq', partition: 0, key: null, value: null, headers: letterHeaders(), timestamp: 1
    }], Infinity)
  }
  const begin = clock.elapsed()
  const run = { isOver: false }
  const redriven = app.broker.deadLetters.redrive({ rate: 2 }).finally(() => { run.isOver = true })
  while (!run.isOver) await clock.advance(100)
  t.match(await redriven, { redriven: 10 })
  t.ok(clock.elapsed() - begin >= 5000)
  const closing = app.close()
  await clock.advance(10_000)
  await closing
})

t.test('two at a time are refused, and so are options that make no sense', async (t) => {
  const { app, write } = await shop(t)
  await write('{"id":1}')
  const { deadLetters } = app.broker
  const first = deadLetters.redrive()
  await t.rejects(deadLetters.discard({ reason: 'x' }), { code: 'FASTSTREAM_ERR_REDRIVE' })
  await first
  const REFUSED = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  for (const options of [
    { rate: 0 }, { limit: 0 }, { signal: {} }, { onProgress: 1 }, { dryRun: 1 }, { force: 'yes' }, { topic: '' },
    { since: 'today' }, { since: new Date(NaN) }, { key: 1 }, { letters: {} }, { letters: [1] },
    { deadLetterTopic: 'x' },
    { letters: [{ topic: 'orders.dlq', partition: -1, offset: 0n }] },
    { letters: [{ topic: 'orders.dlq', partition: 0, offset: 0 }] }, { unknown: 1 }
  ]) await t.rejects(deadLetters.redrive(options as never), REFUSED, JSON.stringify(Object.keys(options)))
  for (const query of [{ limit: 0 }, { limit: 1001 }, { after: 'x' }, { state: 'new' }]) {
    await t.rejects(deadLetters.list(query as never), REFUSED)
  }
  await t.rejects(deadLetters.discard({} as never), REFUSED)
  await t.rejects(deadLetters.show({ topic: 'other', partition: 0, offset: 0n }), REFUSED)
  await t.rejects(Reflect.apply(deadLetters.list, undefined, [{}, 1]) as Promise<unknown>, { code: /ARGUMENTS/ })
})

t.test('letters are selected by time, key and bytes; the log has neither key nor places', async (t) => {
  const { app, write, lines } = await shop(t)
  await write('{"id":1}', letterHeaders(), 'a')
  await write('{"id":2}', letterHeaders({ subscriber: 'other' }), 'b')
  const { deadLetters } = app.broker
  const since = new Date(Date.now() - 60_000)
  t.equal((await deadLetters.list({ since, until: new Date(Date.now() + 60_000) })).letters.length, 2)
  t.equal((await deadLetters.list({ until: since })).letters.length, 0)
  t.equal((await deadLetters.list({ key: Buffer.from('b'), stage: 'rejected' })).letters.length, 1)
  t.equal((await deadLetters.list({ key: 'c' })).letters.length, 0)
  await deadLetters.discard({ key: 'a', reason: 'of a test' })
  t.match(lines.filter(({ msg }) => msg === 'dead letters were discarded'), [
    { discarded: 1, reason: 'of a test', key: 'given' }
  ])
})

t.test('before ready() and after the close there are none', async (t) => {
  const app = await build(t, {})
  app.broker.subscriber('orders', () => {})
  await t.rejects(app.broker.deadLetters.list(), { code: 'FASTSTREAM_ERR_NOT_READY' })
  await app.ready()
  t.same(await app.broker.deadLetters.list(), { letters: [], next: undefined })
  await app.close()
  await t.rejects(app.broker.deadLetters.list(), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('an app without dead-letter topics has none, and a cluster that does not answer is told', async (t) => {
  const app = await build(t, { deadLetter: false })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.same(await app.broker.deadLetters.list(), { letters: [], next: undefined })
  const { app: refused } = await shop(t, {}, (transport) => ({
    ...transport,
    consumer (options, listener) {
      const consumer = transport.consumer(options, listener)
      if (options.groupId === null) consumer.start = async () => { throw new Error('no right') }
      return consumer
    }
  }))
  await t.rejects(refused.broker.deadLetters.list(), {
    code: 'FASTSTREAM_ERR_DEAD_LETTERS', message: /in the log, says why/, cause: { message: 'no right' }
  })
})
