import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import { loadKafkajs, loadKafkajsFrom } from '../../../lib/transport/kafkajs/load.js'
import { KAFKAJS_REQUESTS } from '../../../lib/transport/kafkajs/requests.js'
import { batch } from '../../support/record-sets.js'

/* The application's kafkajs. */
const require = createRequire(import.meta.url)
const installed = dirname(require.resolve('kafkajs/package.json'))
const Encoder = require(
  'kafkajs/src/protocol/encoder.js'
) as new () => { buffer: Buffer } & Record<string, (value: unknown) => void>

const silent = { namespace: () => silent, debug () {}, info () {}, warn () {}, error () {} }

interface Protocol {
  protocol (options: { version: number }): (request: object) => {
    request: { encode (): Promise<{ buffer: Buffer }> }
    response: { decode (bytes: Buffer): Promise<unknown> }
  }
}

t.test('is loaded once', async (t) => {
  const load = loadKafkajs()
  t.equal(loadKafkajs(), load)
  t.equal(load('src/errors.js'), load('src/errors.js'), 'and so is each of its modules')
})

t.test('kafkajs is the wire and nothing else: no consumer, producer, admin or cluster of it is loaded', async (t) => {
  const { from, edit } = installation(t)
  for (const folder of ['consumer', 'producer', 'admin', 'cluster']) {
    edit(`src/${folder}/index.js`, 'module.exports', "throw new Error('loaded')\nmodule.exports")
  }
  t.ok(loadKafkajsFrom(from))
})

for (const order of ['before', 'after']) {
  t.test(`leaves the kafkajs alone that the application imports ${order} it`, async (t) => {
    forgetKafkajs()
    t.teardown(forgetKafkajs)
    const app = order === 'before' ? require('kafkajs') as typeof import('kafkajs') : undefined
    const before = loadedFiles()
    const load = loadKafkajsFrom(import.meta.url)
    const manifest = join(installed, 'package.json')
    t.same(loadedFiles().filter((file) => !before.includes(file) && file !== manifest), [])

    t.ok(app ?? require('kafkajs'))
    for (const path of ['src/network/connection.js', 'src/network/requestQueue/index.js']) {
      t.not(require(`kafkajs/${path}`), load(path))
    }
  })
}

t.test('a kafkajs that is missing or of another version is a coded error', async (t) => {
  const empty = temporaryFolder(t)
  t.throws(() => loadKafkajsFrom(join(empty, 'app.js')), {
    code: 'FASTSTREAM_ERR_KAFKAJS', cause: { code: 'MODULE_NOT_FOUND' }
  })

  const { from, edit } = installation(t)
  edit('package.json', '"version": "2.2.4"', '"version": "2.2.5"')
  t.throws(() => loadKafkajsFrom(from), { code: 'FASTSTREAM_ERR_KAFKAJS', message: /is version 2\.2\.5/ })
})

t.test('a kafkajs that lacks a request or resists a replacement is a coded error', async (t) => {
  const cases: Array<[path: string, text: string, instead: string, message: RegExp]> = [
    [
      'src/network/connection.js',
      "require('./requestQueue')",
      'class {}',
      /does not use src\/network\/requestQueue\/index\.js/
    ],
    [
      'src/protocol/requests/index.js',
      "GroupCoordinator: require('./findCoordinator'),",
      '',
      /does not know version 0 of the GroupCoordinator request/
    ]
  ]
  for (const [path, text, instead, message] of cases) {
    const { from, edit } = installation(t)
    t.ok(loadKafkajsFrom(from))
    edit(path, text, instead)
    t.throws(() => loadKafkajsFrom(from), { code: 'FASTSTREAM_ERR_KAFKAJS', message, cause: Error })
  }
})

t.test('an idle connection sets no timer, and a throttled request is still sent', async (t) => {
  interface Queue {
    throttleCheckTimeoutId: unknown
    checkPendingRequests (): void
    maybeThrottle (ms: number): void
    push (request: object): void
    destroy (): void
  }
  const RequestQueue = loadKafkajs()('src/network/requestQueue/index.js') as new (options: object) => Queue
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

t.test('fetch answers of all versions give the bytes of the records as they are', async (t) => {
  const { protocol } = loadKafkajs()('src/protocol/requests/fetch/index.js') as Protocol
  const set = await batch({ offset: 5, values: ['a'] })
  for (let version = 4; version <= 11; version++) {
    for (const records of [set, Buffer.alloc(0)]) {
      const encoder = new Encoder()
      encoder.writeInt32!(0)
      if (version >= 7) { encoder.writeInt16!(0); encoder.writeInt32!(0) }
      encoder.writeInt32!(1); encoder.writeString!('t'); encoder.writeInt32!(1)
      encoder.writeInt32!(3); encoder.writeInt16!(0); encoder.writeInt64!(6); encoder.writeInt64!(5)
      if (version >= 5) encoder.writeInt64!(0)
      encoder.writeInt32!(1); encoder.writeInt64!(9); encoder.writeInt64!(4)
      if (version >= 11) encoder.writeInt32!(8)
      encoder.writeInt32!(records.length); encoder.writeBuffer!(records)
      const decoded = await protocol({ version })({ topics: [] }).response.decode(encoder.buffer)
      t.same(KAFKAJS_REQUESTS.Fetch.toAnswer(decoded), {
        errorCode: 0,
        topics: [{
          topic: 't',
          partitions: [{
            partition: 3,
            errorCode: 0,
            highWatermark: 6n,
            lastStableOffset: 5n,
            aborted: [{ producerId: 9n, firstOffset: 4n }],
            preferredReadReplica: version >= 11 ? 8 : -1,
            records
          }]
        }]
      }, `version ${version}`)
    }
  }
})

t.test('a LeaveGroup answer is the one of its only member', async (t) => {
  const { toAnswer } = KAFKAJS_REQUESTS.LeaveGroup
  t.same([
    { errorCode: 16 }, { errorCode: 0, members: [{ errorCode: 25 }] }, { errorCode: 0, members: [] }, { errorCode: 0 }
  ].map(toAnswer),
  [16, 25, 0, 0].map((errorCode) => ({ errorCode })))
})

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
