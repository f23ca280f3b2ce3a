import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { Batch } from '../../lib/transport/kafkajs/copy/batch.js'
import type { FetchedBatch } from '../../lib/transport/kafkajs/copy/batch.js'
import { loadKafkajs, loadKafkajsFrom } from '../../lib/transport/kafkajs/copy/load.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { decodeResponse } from '../fixtures/record-sets.js'

/* The application's kafkajs. */
const require = createRequire(import.meta.url)
const installed = dirname(require.resolve('kafkajs/package.json'))

const silent = { namespace: () => silent, debug () {}, info () {}, warn () {}, error () {} }
const emitter = { emit () {} }

t.test('is loaded once', async (t) => {
  const copy = loadKafkajs()
  t.equal(loadKafkajs(), copy)
  t.equal(copy.load('src/errors.js'), copy.load('src/errors.js'), 'and so is each of its modules')
  t.ok(new copy.Kafka({ brokers: ['localhost:1'] }))
  t.equal(copy.CompressionTypes.GZIP, 1)
  t.type(copy.AssignerProtocol.MemberMetadata.encode, 'function')
})

for (const order of ['before', 'after']) {
  t.test(`leaves the kafkajs alone that the application imports ${order} it`, async (t) => {
    forgetKafkajs()
    t.teardown(forgetKafkajs)
    const app = order === 'before' ? require('kafkajs') as typeof import('kafkajs') : undefined
    const before = loadedFiles()
    const copy = loadKafkajsFrom(import.meta.url)
    const shared = ['package.json', 'src/errors.js', 'src/protocol/message/compression/index.js'].map((path) => join(installed, path))
    t.same(loadedFiles().filter((file) => !before.includes(file) && !shared.includes(file)), [])

    const { Kafka, CompressionCodecs } = app ?? require('kafkajs') as typeof import('kafkajs')
    t.not(copy.Kafka, Kafka)
    t.equal((copy.load('index.js') as typeof import('kafkajs')).CompressionCodecs, CompressionCodecs)
    for (const path of ['src/consumer/batch.js', 'src/consumer/consumerGroup.js', 'src/network/requestQueue/index.js']) {
      t.not(require(`kafkajs/${path}`), copy.load(path))
    }
  })
}

t.test('a kafkajs that is missing or of another version is a coded error', async (t) => {
  const empty = temporaryFolder(t)
  t.throws(() => loadKafkajsFrom(join(empty, 'app.js')), { code: 'FASTSTREAM_ERR_KAFKAJS', cause: { code: 'MODULE_NOT_FOUND' } })

  const { from, edit } = installation(t)
  edit('package.json', '"version": "2.2.4"', '"version": "2.2.5"')
  t.throws(() => loadKafkajsFrom(from), { code: 'FASTSTREAM_ERR_KAFKAJS', message: /is version 2\.2\.5/ })
})

t.test('a kafkajs in which a guard does not take hold is a coded error', async (t) => {
  const cases: Array<[path: string, text: string, instead: string, message: RegExp]> = [
    ['src/protocol/requests/fetch/v11/response.js', '../v4/decodeMessages', '../../../messageSet/decoder', /do not reach our record decoder/],
    ['src/protocol/requests/fetch/v11/response.js', 'decoder.readInt64().toString()', 'decoder.readInt32()', /do not reach our record decoder/],
    ['src/consumer/consumerGroup.js', 'await sleep(this.maxWaitTime)', 'await sleep(1)', /consumerGroup\.js is not the one/],
    ['src/consumer/consumerGroup.js', 'await this.cluster.findGroupCoordinator({ groupId })', 'this.coordinator', /without looking for the coordinator/],
    ['src/network/connection.js', "require('./requestQueue')", 'class {}', /does not use src\/network\/requestQueue\/index\.js/],
    ['src/protocol/requests/produce/v3/request.js', "require('../../../recordBatch/record/v0')", '{}', /does not use src\/protocol\/recordBatch\/record\/v0/]
  ]
  for (const [path, text, instead, message] of cases) {
    const { from, edit } = installation(t)
    t.ok(loadKafkajsFrom(from))
    edit(path, text, instead)
    t.throws(() => loadKafkajsFrom(from), { code: 'FASTSTREAM_ERR_KAFKAJS', message, cause: Error })
  }
})

t.test('what it sends is to the byte what kafkajs sends, where kafkajs can say it', async (t) => {
  const text = 'x'.repeat(70)
  const headers: Array<[ours: RawHeader[], theirs: object]> = [
    [[], {}],
    [[['a', Buffer.from('1')], ['héé', Buffer.from('ü')]], { a: '1', héé: 'ü' }],
    [[['a', Buffer.from('1')], ['a', Buffer.from([255])], ['b', Buffer.alloc(0)]], { a: ['1', Buffer.from([255])], b: '' }],
    [[[text, Buffer.from(text.repeat(3))]], { [text]: text.repeat(3) }]
  ]
  const timestamps = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 31, 2 ** 32 + 1, 1e12].flatMap((delta) => [1.7e12 + delta, 1.7e12 - delta])
  const contents = [null, '', 'k', text, 'v'.repeat(5_000), 'v'.repeat(100_000)]
  const records = timestamps.flatMap((timestamp, i) => contents.map((value, j) => ({
    timestamp: String(timestamp), key: contents[(i + j) % 4] ?? null, value, headers: headers[(i + j) % headers.length]!
  })))
  const theirs = records.map((record) => ({ ...record, headers: record.headers[1] }))
  const ours = records.map(({ timestamp, key, value, headers }) => ({
    timestamp, key: key === null ? null : Buffer.from(key), value: value === null ? null : Buffer.from(value), headers: headers[0]
  }))
  for (const compression of [0, 1]) {
    t.ok((await produceRequest(loadKafkajs().load, ours, compression)).equals(await produceRequest(loadModule, theirs, compression)))
  }
})

t.test('headers arrive in their order, with repeats, null and any bytes', async (t) => {
  const headers: RawHeader[] = [['b', Buffer.from([0, 255])], ['a', null], ['b', null], ['__proto__', Buffer.from('p')], ['', Buffer.alloc(0)], ['1', null]]
  const request = await produceRequest(loadKafkajs().load, [{ timestamp: '5', key: null, value: null, headers }], 0)
  // Transaction, acknowledgements, time-out, one topic, its name, one partition, its number.
  const { batches } = await decodeResponse(request.subarray(2 + 2 + 4 + 4 + 3 + 4 + 4))
  t.same(batches[0]?.records.map(({ headers }) => headers), [headers])
})

t.test('an idle connection sets no timer, and a throttled request is still sent', async (t) => {
  interface Queue {
    throttleCheckTimeoutId: unknown
    checkPendingRequests (): void
    maybeThrottle (ms: number): void
    push (request: object): void
    destroy (): void
  }
  const RequestQueue = loadKafkajs().load('src/network/requestQueue/index.js') as new (options: object) => Queue
  const queue = new RequestQueue({ requestTimeout: 1000, clientId: 'c', broker: 'b', logger: silent })
  t.teardown(() => queue.destroy())
  queue.checkPendingRequests()
  t.equal(queue.throttleCheckTimeoutId, null)

  queue.maybeThrottle(20)
  await new Promise<void>((resolve) => {
    queue.push({ entry: { correlationId: 1, resolve }, expectResponse: false, sendRequest () {} })
    t.not(queue.throttleCheckTimeoutId, null)
  })
})

t.test('resume ends the rest of a node of which all partitions are paused', async (t) => {
  const { group, requests } = consumerGroup(t)
  const all = [{ topic: 't', partitions: [0, 1] }]
  group.pause(all)
  const resting = [group.fetch(1), group.fetch(1)]
  await setImmediate()
  t.same(requests, [])
  const before = performance.now()
  group.resume(all)
  t.same(await Promise.all(resting), [[], []])
  t.ok(performance.now() - before < 1000)
  await group.fetch(1)
  t.equal(requests.length, 1)
})

t.test('the rest ends by itself, so that heartbeats go on', async (t) => {
  const { group } = consumerGroup(t, 5)
  group.pause([{ topic: 't', partitions: [0, 1] }])
  t.same(await group.fetch(1), [])
})

t.test('a fetch does not wait long while a partition is paused that may soon be resumed', async (t) => {
  const { group, requests, clock } = consumerGroup(t)
  await group.fetch(1)
  group.pause([{ topic: 't', partitions: [0] }])
  for (const elapsed of [0, 40, 400, 4_000_000]) {
    clock.now += elapsed
    await group.fetch(1)
  }
  group.resume([{ topic: 't', partitions: [0] }])
  await group.fetch(1)
  t.same(requests.map(({ maxWaitTime }) => maxWaitTime), [60_000, 10, 10, 110, 60_000, 60_000])
})

t.test('a batch without visible records reaches eachBatch, and the next fetch begins behind it', async (t) => {
  interface Running {
    running: boolean
    handleBatch (batch: object): Promise<void>
  }
  const Runner = loadKafkajs().load('src/consumer/runner.js') as new (options: object) => Running
  const resolved: unknown[] = []
  const seen: FetchedBatch[] = []
  const runner = new Runner({
    logger: silent,
    instrumentationEmitter: emitter,
    autoCommit: false,
    consumerGroup: { resolveOffset: (offset: object) => { resolved.push(offset) }, heartbeat: async () => {} },
    eachBatch: async ({ batch }: { batch: FetchedBatch }) => { seen.push(batch) }
  })
  runner.running = true
  const data = { partition: 2, highWatermark: '9', abortedTransactions: [] }
  await runner.handleBatch(new Batch('t', '5', { ...data, messages: { batches: [], end: 9n, damage: undefined } }))
  await runner.handleBatch(new Batch('t', '9', { ...data, messages: { batches: [], end: -1n, damage: undefined } }))
  t.match(seen, [{ topic: 't', partition: 2, messages: [], position: 9n, corrupt: undefined }])
  t.equal(seen.length, 1)
  t.same(resolved, [{ topic: 't', partition: 2, offset: '8' }])
})

function loadModule (path: string): unknown {
  return require(`kafkajs/${path}`)
}

function loadedFiles (): string[] {
  return Object.keys(require.cache).filter((file) => file.startsWith(installed))
}

function forgetKafkajs (): void {
  for (const file of loadedFiles()) delete require.cache[file]
}

function temporaryFolder (t: Test): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'kafkajs-copy-')))
  t.teardown(() => rmSync(folder, { recursive: true }))
  return folder
}

/** A kafkajs of its own, that may be edited. */
function installation (t: Test) {
  const folder = temporaryFolder(t)
  const root = join(folder, 'node_modules', 'kafkajs')
  cpSync(installed, root, { recursive: true })
  return {
    from: join(folder, 'app.js'),
    edit (path: string, text: string, instead: string) {
      const source = readFileSync(join(root, path), 'utf8')
      t.ok(source.includes(text))
      writeFileSync(join(root, path), source.replaceAll(text, instead))
    }
  }
}

/** The way of a send from where its partitions are known. */
async function produceRequest (load: (path: string) => unknown, messages: readonly object[], compression: number): Promise<Buffer> {
  const { protocol } = load('src/protocol/requests/produce/index.js') as {
    protocol (options: { version: number }): (request: object) => { request: { encode (): Promise<{ buffer: Buffer }> } }
  }
  const createTopicData = load('src/producer/createTopicData.js') as (data: object[]) => unknown
  const topicData = createTopicData([{ topic: 't', partitions: [0], messagesPerPartition: { 0: messages } }])
  const { request } = protocol({ version: 7 })({ acks: -1, timeout: 1000, compression, topicData })
  return (await request.encode()).buffer
}

/** A member that owns both partitions of a topic, at a broker that has nothing. */
function consumerGroup (t: Test, maxWaitTimeInMs = 60_000) {
  interface Group {
    subscriptionState: { assign (partitions: object[]): void }
    offsetManager: object
    fetch (nodeId: number): Promise<unknown[]>
    pause (partitions: object[]): void
    resume (partitions: object[]): void
  }
  const requests: Array<{ maxWaitTime: number }> = []
  const ConsumerGroup = loadKafkajs().load('src/consumer/consumerGroup.js') as new (options: object) => Group
  const group = new ConsumerGroup({
    groupId: 'g',
    topics: ['t'],
    maxWaitTimeInMs,
    retry: {},
    logger: silent,
    instrumentationEmitter: emitter,
    cluster: {
      refreshMetadataIfNecessary: async () => {},
      findTopicPartitionMetadata: () => [{ partitionId: 0, leader: 1 }, { partitionId: 1, leader: 1 }],
      findBroker: async () => ({ fetch: async (request: { maxWaitTime: number }) => { requests.push(request); return { responses: [] } } })
    }
  })
  group.subscriptionState.assign([{ topic: 't', partitions: [0, 1] }])
  group.offsetManager = { resolveOffsets: async () => {}, committedOffsets: () => ({ t: { 0: '0', 1: '0' } }), nextOffset: () => '0' }

  const clock = { now: 1e12 }
  const realNow = Date.now
  Date.now = () => clock.now
  t.teardown(() => { Date.now = realNow })
  return { group, requests, clock }
}
