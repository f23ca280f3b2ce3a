import { join } from 'node:path'
import t from 'tap'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { run } from '../../lib/cli/run.js'
import { faststream, faststreamWith } from '../support/faststream.js'
import { record } from '../support/memory-transport.js'
import { cluster as other, faults, refusingAfter, withDamageAt } from './apps/faulty.js'
import { cluster, ran } from './apps/shop.js'

const SHOP = join(import.meta.dirname, 'apps/shop.ts')
/** Its cluster has no topics. */
const DESCRIBED = join(import.meta.dirname, 'apps/described.ts')
const REPLAY = ['replay', SHOP, '--topic', 'orders', '--group', 'shop']
const producer = createMemoryTransport({ cluster }).producer()
const TRACE: RawHeader = ['trace', Buffer.from([255, 1])]

t.before(async () => {
  cluster.createTopics([{ topic: 'orders', partitions: 2, replicas: 1 }])
  for (const partition of [0, 1]) {
    await producer.send([1, 2, 3].map((id) => record('orders', partition, `{"id":${id}}`, {
      key: Buffer.from([id, 255]), headers: [TRACE], timestamp: Date.UTC(2026, 0, id)
    })), Infinity)
  }
})

function copies () {
  return cluster.records('orders').filter(({ headers }) => headers.some(([name]) => name.endsWith('redrive-group')))
}

t.test('what is missing is named, and nothing is published', async (t) => {
  for (const [argv, err] of [
    [['replay', SHOP], /--topic/],
    [['replay', SHOP, '--topic', 'orders'], /--group/],
    [REPLAY, /--from/],
    [[...REPLAY, '--from', 'soon'], /--from must be/],
    [[...REPLAY, '--from', '0:0', '--to', 'soon'], /--to must be/],
    [[...REPLAY, '--from', '0:0', '--rate', '0'], /--rate/],
    [['replay', SHOP, '--topic', 'orders', '--group', 'billing', '--from', 'earliest'], /there is shop/],
    [['replay', SHOP, '--topic', 'other', '--group', 'shop', '--from', 'earliest'], /none reads it/],
    [['replay', DESCRIBED, '--topic', 'orders', '--group', 'billing', '--from', 'earliest'], /there is shop/],
    [['replay', DESCRIBED, '--topic', 'orders', '--group', 'shop', '--from', 'earliest'], /no topic 'orders'/]
  ] as const) t.match(await faststream(...argv), { code: 2, out: '', err }, argv.join(' '))
  t.same(copies(), [])
})

t.test('a dry run tells how many messages there are, and publishes none', async (t) => {
  const dry = await faststream(...REPLAY, '--from', 'earliest', '--dry-run')
  t.match(dry, { code: 0, out: "6 would be replayed for group 'shop', 0 left out\n", err: '' })
  t.same(copies(), [])
})

t.test('a range of one partition goes to the group as the same bytes, with its place', async (t) => {
  const { code, json, err } = await faststream(...REPLAY, '--from', '1:1', '--to', '1:2', '--json')
  t.equal(code, 0)
  t.match(json(), { replayed: 1, leftOut: 0, stopped: false, next: [{ partition: 1, offset: '2' }] })
  t.match(JSON.parse(err), { audit: 'replay', user: String, group: 'shop', from: '1:1', replayed: 1 })
  const [copy, ...others] = copies()
  t.same(others, [])
  t.match(copy, { partition: 1, key: Buffer.from([2, 255]), value: Buffer.from('{"id":2}') })
  t.same(copy?.headers[0], TRACE)
  const facts = Object.fromEntries(copy!.headers.slice(1).map(([name, value]) => [name, String(value)]))
  t.match(facts, { 'x-dlq-topic': 'orders', 'x-dlq-offset': '1', 'x-dlq-redrive-group': 'shop', 'x-dlq-trips': '0' })
  t.same(ran, [], 'no handler ran')
})

t.test('a range of times leaves out what was replayed before', async (t) => {
  const { json } = await faststream(...REPLAY, '--from', '2026-01-02T00:00:00Z', '--to', 'now', '--json')
  t.match(json(), { replayed: 4, leftOut: 1 })
  const until = await faststream(...REPLAY, '--from', 'earliest', '--to', '2026-01-02T00:00:00Z', '--dry-run', '--json')
  t.match(until.json(), { replayed: 2, leftOut: 0 })
  t.match((await faststream(...REPLAY, '--from', '0:99', '--json')).json(), { replayed: 0 })
})

t.test('a signal stops it, and the report tells where to go on', async (t) => {
  const stopped = await faststreamWith(AbortSignal.abort(), () => {}, ...REPLAY, '--from', 'earliest')
  t.match(stopped, { code: 1, out: /^0 replayed .*stopped\nnext: 0:0 1:0\n$/ })
})

t.test('a rate holds it back, and a batch that is damaged is counted', async (t) => {
  const app = join(import.meta.dirname, 'apps/faulty.ts')
  other.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  const records = [1, 2, 3].map((id) => record('orders', 0, `{"id":${id}}`))
  await createMemoryTransport({ cluster: other }).producer().send(records, Infinity)
  const { of } = faults
  t.teardown(() => { faults.of = of })
  faults.of = withDamageAt(2n)
  const began = performance.now()
  const range = ['--from', 'earliest', '--rate', '10']
  const { code, out } = await faststream('replay', app, '--topic', 'orders', '--group', 'shop', ...range)
  t.match({ code, out }, { code: 1, out: "2 replayed for group 'shop', 0 left out, 1 damaged\n" })
  t.ok(performance.now() - began >= 190)
})

t.test('a replay that fails has its audit line, which tells where to go on', async (t) => {
  const app = join(import.meta.dirname, 'apps/faulty.ts')
  const { of } = faults
  t.teardown(() => { faults.of = of })
  faults.of = refusingAfter(2)
  const range = ['--from', '0:0', '--to', '0:3', '--rate', '1000']
  const before = other.records('orders').length
  const { code, out, err } = await faststream('replay', app, '--topic', 'orders', '--group', 'shop', ...range)
  t.match({ code, out }, { code: 2, out: '' })
  const [audit = '', failure] = err.split('\n')
  t.match(JSON.parse(audit), {
    audit: 'replay', group: 'shop', replayed: 0, next: [{ partition: 0, offset: '0' }], error: /refuses/
  })
  t.match(failure, /^faststream: .*refuses/)
  t.equal(other.records('orders').length, before)
})

t.test('a terminal has a bar, which goes when the work is done', async (t) => {
  let text = ''
  const out = { isTTY: true, write: (more: string) => { text += more } }
  const { signal } = new AbortController()
  const err = { write: () => {} }
  t.equal(await run([...REPLAY, '--from', '0:0', '--to', '0:3', '--dry-run', '--rate', '1000'], out, err, signal), 0)
  t.ok(text.includes(`[${'#'.repeat(30)}] 100% 3 replayed\r\x1b[K3 would be replayed`))
  text = ''
  t.equal(await run(['dlq', 'redrive', SHOP, '--all'], out, err, signal), 0)
  t.match(text, /0 redriven of 0\n$/)
})
