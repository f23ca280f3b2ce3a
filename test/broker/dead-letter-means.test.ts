import t, { type Test } from 'tap'
import type { Codec } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { shop } from '../support/letter-shop.js'
import { build as buildApp } from '../support/plugin-app.js'

/* Verdicts on dead letters: which subscriber would handle the message now, and what it says to it. */

const only = (type: string) => ({ schema: { value: { type } } })

/** Writes one letter for each record of facts, and returns what is said about its message. */
async function verdicts (
  t: Test, declare: (app: Awaited<ReturnType<typeof buildApp>>) => void, topic: string,
  letters: ReadonlyArray<Record<string, string>>
) {
  const cluster = createMemoryCluster()
  const app = await buildApp(t, { groupId: 'shop', topicConfig: { partitions: 1 } })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  declare(app)
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  for (const facts of letters) {
    const headers = Object.entries({ topic: 'orders', partition: '0', offset: '0', stage: 'handler', ...facts })
    await producer.send([{
      topic,
      partition: 0,
      key: null,
      value: Buffer.from('1'),
      headers: headers.map(([name, text]) => [`x-dlq-${name}`, Buffer.from(text)]),
      timestamp: 1
    }], Infinity)
  }
  const { letters: found } = await app.broker.deadLetters.list()
  const valid: Array<boolean | undefined> = []
  for (const letter of found) valid.push((await app.broker.deadLetters.show(letter)).verdict.valid)
  return valid
}

t.test('a letter without a group is one of a subscriber without a group', async (t) => {
  const found = await verdicts(t, ({ broker }) => {
    broker.subscriber('orders', { groupId: null, deadLetter: {}, ...only('object') }, () => {})
    broker.subscriber('orders', only('number'), () => {})
  }, 'orders.dlq', [{}, { group: 'shop' }, { group: 'billing' }])
  t.same(found, [false, true, undefined])
})

t.test('of several in a group the one that failed is asked, and otherwise the first', async (t) => {
  const found = await verdicts(t, ({ broker }) => {
    broker.subscriber('orders', { filter: () => true, ...only('object') }, function objects () {})
    broker.subscriber('orders', only('number'), function numbers () {})
  }, 'orders.dlq', [
    { group: 'shop', subscriber: 'numbers' },
    { group: 'shop', subscriber: 'objects' },
    { group: 'shop', subscriber: 'gone' }
  ])
  t.same(found, [true, false, false])
})

t.test('a pattern is asked about the topics that it matches', async (t) => {
  const found = await verdicts(t, ({ broker }) => {
    broker.subscriber('orders.{region}', { deadLetter: { topic: 'failed' }, ...only('number') }, () => {})
    broker.subscriber('returns', { deadLetter: { topic: 'failed' } }, () => {})
  }, 'failed', [{ group: 'shop', topic: 'orders.eu' }, { group: 'shop', topic: 'invoices' }])
  t.same(found, [true, undefined])
})

t.test('a codec decodes the message, with the time that its letter may have', async (t) => {
  const times: Array<number | undefined> = []
  const codec: Codec = {
    encode: String,
    decode (bytes, { timestamp }) {
      times.push(timestamp?.getTime())
      if (timestamp === undefined) throw new Error('no time')
      return String(bytes)
    }
  }
  const found = await verdicts(t, ({ broker }) => {
    broker.subscriber('orders', { codec }, () => {})
  }, 'orders.dlq', [{ group: 'shop', timestamp: '5' }, { group: 'shop' }])
  t.same(times, [5, undefined])
  t.same(found, [true, false])
})

t.test('letters that are published again wait for room in the queue', async (t) => {
  const { app, cluster, write } = await shop(t, { producer: { queue: { messages: 1 } } })
  for (const id of [1, 2, 3]) await write(`{"id":${id}}`)
  t.match(await app.broker.deadLetters.redrive(), { redriven: 3, refused: [] })
  t.equal(cluster.records('orders').length, 3)
})

t.test('a record that is no dead letter can be shown, and nothing is said of its message', async (t) => {
  const { app, write } = await shop(t)
  await write('{"id":1}', [])
  const [letter] = (await app.broker.deadLetters.list()).letters
  t.match(await app.broker.deadLetters.show(letter!), {
    deadLetter: undefined, damaged: false, verdict: { valid: undefined, violation: undefined }
  })
})

t.test('letters are listed by their topics, each of them once', async (t) => {
  const cluster = createMemoryCluster()
  const app = await buildApp(t, { groupId: 'shop', topicConfig: { partitions: 1 } })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  for (const [topic, dead] of [['orders', 'late'], ['returns', 'early'], ['invoices', 'late']] as const) {
    const options = { deadLetter: { topic: dead }, retry: { retries: 0 } }
    app.broker.subscriber(topic, options, () => { throw new Error('no') })
  }
  await app.ready()
  for (const topic of ['orders', 'returns', 'invoices']) await app.broker.publish(topic, 1)
  const listed = async () => (await app.broker.deadLetters.list()).letters.map(({ topic }) => topic)
  await eventually(async () => (await listed()).length === 3)
  t.same(await listed(), ['early', 'late', 'late'])
})
