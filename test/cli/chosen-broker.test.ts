import { join } from 'node:path'
import t from 'tap'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { faststream } from '../support/faststream.js'
import { record } from '../support/memory-transport.js'
import { clusters } from './apps/branches.js'

const APP = join(import.meta.dirname, 'apps/branches.ts')
const ONLY = ['--', '--only']
const BILLING = ['--broker', 'billing']
const HERE = ['--broker', 'default']

t.before(() => {
  const topics = ['invoices', 'invoices.dlq', 'fr.invoices', 'orders', 'orders.dlq']
  for (const cluster of Object.values(clusters)) {
    cluster.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  }
})

t.test('of several brokers none is taken by itself', async (t) => {
  const commands = [
    ['publish', APP, '--topic', 'invoices', '--value', '{"id":1}'],
    ['tail', APP, '--topic', 'invoices'],
    ['replay', APP, '--topic', 'invoices', '--group', 'shop', '--from', 'earliest'],
    ['dlq', 'list', APP],
    ['dlq', 'show', APP, '--at', 'invoices.dlq:0:0'],
    ['dlq', 'redrive', APP, '--all'],
    ['dlq', 'discard', APP, '--all', '--reason', 'a test']
  ]
  for (const argv of commands) {
    const name = argv.join(' ')
    t.match(await faststream(...argv), { code: 2, out: '', err: /--broker, one of billing, default/ }, name)
    const unknown = await faststream(...argv, '--broker', 'other')
    t.match(unknown, { code: 2, out: '', err: /no broker 'other': there is billing, default/ }, name)
  }
})

t.test('a message, its range and its dead letters are those of the broker that is named', async (t) => {
  const { out } = await faststream('publish', APP, ...BILLING, '--topic', 'invoices', '--value', '{"id":7}')
  t.equal(out, 'invoices:0:0\n')
  const tail = ['tail', APP, ...BILLING, '--topic', 'invoices', '--from', 'earliest', '--count', '1']
  t.match((await faststream(...tail)).json(), { offset: '0', value: { id: 7 } })
  const replay = ['replay', APP, ...BILLING, '--topic', 'invoices', '--group', 'shop', '--from', 'earliest']
  t.match(await faststream(...replay), { code: 0, out: /^1 replayed/, err: /"broker":"billing"/ })
  t.equal(clusters.billing.records('invoices').length, 2)
  t.equal(clusters.main.records('invoices').length, 0)

  const facts = { topic: 'invoices', partition: '0', offset: '0', group: 'shop', stage: 'validate' }
  const headers = Object.entries(facts).map(([name, text]): RawHeader => [`x-dlq-${name}`, Buffer.from(text)])
  const letter = record('invoices.dlq', 0, '{"id":7}', { headers })
  await createMemoryTransport({ cluster: clusters.billing }).producer().send([letter, letter], Infinity)
  t.match(await faststream('dlq', 'list', APP, ...BILLING), { code: 1, out: /invoices\.dlq:0:1/ })
  t.match(await faststream('dlq', 'list', APP, ...HERE), { code: 0 })
  const at = ['--at', 'invoices.dlq:0:0']
  t.match(await faststream('dlq', 'show', APP, ...BILLING, ...at), { code: 0, out: /now +valid/ })
  const redriven = await faststream('dlq', 'redrive', APP, ...BILLING, ...at)
  t.match(redriven, { out: /^1 redriven/, err: /"broker":"billing"/ })
  const discarded = await faststream('dlq', 'discard', APP, ...BILLING, '--all', '--reason', 'a test')
  t.match(discarded, { out: '1 discarded\n', err: /"broker":"billing"/ })
})

t.test('the one broker of an app need not be named, whatever its name is', async (t) => {
  t.match(await faststream('describe', APP, ...ONLY), { code: 0, out: /^subscriber/ })
  t.match(await faststream('describe', APP), { code: 0, out: /^broker +subscriber[^]*\nbilling +takeInvoice/ })
  t.match(await faststream('dlq', 'list', APP, ...ONLY), { code: 0 })
})

t.test('a message is checked by the publishers of its topic, in whatever scope they are', async (t) => {
  const publish = ['publish', APP, ...HERE, '--topic', 'orders', '--value']
  t.match(await faststream(...publish, '{"id":"x"}'), { code: 2, err: /id must be number/ })
  t.match(await faststream(...publish, '{"id":1}'), { code: 0 })
  t.match(await faststream(...publish, '{"name":"a"}', '--key', 'k'), { code: 0 })
  t.match(clusters.main.records('orders').map(({ key }) => key && String(key)), [null, 'k'])
})

t.test('a message of a topic that the app only reads is checked by its subscriber', async (t) => {
  const publish = ['publish', APP, ...BILLING, '--topic']
  t.match(await faststream(...publish, 'invoices', '--value', '{"id":"x"}'), { code: 2, err: /id must be number/ })
  const before = clusters.billing.records('invoices').length
  t.match(await faststream(...publish, 'invoices', '--value', '{"id":2}', '--key', 'k', '--header', 'a=b'), { code: 0 })
  const message = clusters.billing.records('invoices')[before]
  t.equal(String(message?.key), 'k')
  t.match(Object.fromEntries(message!.headers.map(([name, value]) => [name, String(value)])), { a: 'b' })
  t.match(await faststream(...publish, 'invoices.dlq', '--text', 'a letter'), { code: 0 })
})
