import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import type { DeadLetterEntry } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

const OWN = { topic: 'orders', partition: '0', offset: '0', timestamp: '1', group: 'shop', stage: 'rejected' }

/** An app that reads some topics of two partitions, whose letters a test writes. */
async function shop (t: Test, topics: readonly string[] = ['orders']) {
  const cluster = createMemoryCluster()
  const app = await build(t, { groupId: 'shop', topicConfig: { partitions: 2 } })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.subscriber(topics, () => {})
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  async function write (topic: string, partition: number, ...keys: string[]): Promise<void> {
    const headers = Object.entries({ ...OWN, topic }).map(([name, value]) => {
      return [`x-dlq-${name}`, Buffer.from(value)] as const
    })
    await producer.send(keys.map((key) => ({
      topic: `${topic}.dlq`, partition, key: Buffer.from(key), value: Buffer.from('secret'), headers, timestamp: 1
    })), Infinity)
  }
  return { app, cluster, write, deadLetters: app.broker.deadLetters }
}

function places (letters: readonly DeadLetterEntry[]): string[] {
  return letters.map(({ topic, partition, offset }) => `${topic}/${partition} ${offset}`)
}

t.test('pages go on over partitions and topics', async (t) => {
  const { deadLetters, write } = await shop(t, ['payments', 'orders'])
  await write('orders', 0, 'a')
  await write('orders', 1, 'a', 'b')
  await write('payments', 1, 'a')
  const seen: string[] = []
  for (let after: string | undefined; ;) {
    const { letters, next } = await deadLetters.list({ limit: 1, after })
    seen.push(...places(letters))
    if ((after = next) === undefined) break
  }
  t.same(seen, ['orders.dlq/0 0', 'orders.dlq/1 0', 'orders.dlq/1 1', 'payments.dlq/1 0'])
})

t.test('chosen letters are of their partitions only, and are given in any order', async (t) => {
  const { deadLetters, write } = await shop(t)
  await write('orders', 0, 'a', 'b')
  await write('orders', 1, 'c', 'd')
  const letters = [1n, 0n].map((offset) => ({ topic: 'orders.dlq', partition: 1, offset }))
  t.same(places((await deadLetters.list({ letters })).letters), ['orders.dlq/1 0', 'orders.dlq/1 1'])
  t.match(await deadLetters.redrive({ letters }), { looked: 2, redriven: 2 }, 'the other partition is not read')
})

t.test('an app without dead-letter topics says so', async (t) => {
  const app = await build(t, { deadLetter: false })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await t.rejects(app.broker.deadLetters.list({ deadLetterTopic: 'orders.dlq' }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /must be a dead-letter topic of the app: it has none/
  })
})

t.test('a letter is inspected by its place and its origin, without its message', async (t) => {
  const { deadLetters, write } = await shop(t)
  await write('orders', 0, 'a')
  const [letter] = (await deadLetters.list()).letters
  const text = inspect(letter, { breakLength: Infinity })
  t.match(text, /^DeadLetterEntry \{ topic: 'orders\.dlq', partition: 0, offset: 0n, state: 'open', deadLetter: \{/)
  t.notMatch(text, /raw|Buffer|secret/)
  t.equal(inspect({ letter }, { depth: 0 }), '{ letter: [DeadLetterEntry] }')
})

t.test('too many letters that are done here and there are refused, and what was stored before is done', async (t) => {
  const { deadLetters, write, cluster } = await shop(t)
  await write('orders', 0, ...Array.from({ length: 4200 }, (_, i) => i % 2 === 0 ? 'stays' : 'goes'))
  await t.rejects(deadLetters.discard({ key: 'goes', reason: 'a test' }), {
    code: 'FASTSTREAM_ERR_REDRIVE', message: /too many letters behind orders\.dlq\[0\] 0 are done here and there/
  })
  t.equal((await deadLetters.list({ state: 'done', limit: 1000 })).letters.length, 1000)
  t.match(await deadLetters.discard({ key: 'stays', reason: 'a test' }), { discarded: 2100 })
  t.equal(cluster.group('faststream-dead-letters').committed(cluster.partition('orders.dlq', 0)!), 2001n)
})

t.test('letters of a topic that is gone are not redriven, and stay open', async (t) => {
  const { app, cluster, deadLetters, write } = await shop(t)
  await write('orders', 0, 'a')
  cluster.deleteTopic('orders')
  await t.rejects(deadLetters.redrive(), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.same(places((await app.broker.deadLetters.list()).letters), ['orders.dlq/0 0'])
})
