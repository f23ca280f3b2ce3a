import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import type { RawHeader } from '../../lib/transport/transport.js'
import { loadApp } from '../../lib/cli/load-app.js'
import { run } from '../../lib/cli/run.js'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'
import { faststream } from '../support/faststream.js'
import { cluster, ran } from './apps/shop.js'

const APPS = join(import.meta.dirname, 'apps')
const SHOP = join(APPS, 'shop.ts')

async function writeLetter (value: string, group = 'shop'): Promise<void> {
  const facts = { topic: 'orders', partition: '0', offset: '0', timestamp: '1', group, stage: 'validate' }
  const headers = Object.entries(facts).map(([name, text]): RawHeader => [`x-dlq-${name}`, Buffer.from(text)])
  cluster.createTopics(['orders.dlq', 'orders'].map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  await createMemoryTransport({ cluster }).producer().send([{
    topic: 'orders.dlq', partition: 0, key: Buffer.from('k'), value: Buffer.from(value), headers, timestamp: Date.now()
  }], Infinity)
}

t.test('help is enough to go on, of all and of each command', async (t) => {
  for (const argv of [[], ['--help'], ['-h']]) t.match(await faststream(...argv), { code: 0, out: /dlq redrive/ })
  const dlq = ['list', 'show', 'redrive', 'discard'].map((verb) => `dlq ${verb}`)
  const others = ['run', 'describe', 'check', 'doctor', 'docs build', 'docs serve', 'replay', 'publish', 'tail']
  const verbs = [...others, ...dlq]
  for (const verb of verbs) {
    const out = new RegExp(`faststream ${verb} `)
    t.match(await faststream(...verb.split(' '), '--help'), { code: 0, out, err: '' })
  }
})

t.test('what cannot be told ends with 2, and says what to write', async (t) => {
  for (const [argv, says] of [
    [['fly'], /no command 'fly'/],
    [['describe', 'none.ts'], /no file/],
    [['describe'], /name the file/],
    [['describe', join(APPS, 'none.ts')], /exports no app/],
    [['describe', join(APPS, 'wrong.ts')], /no Fastify instance/],
    [['describe', join(APPS, 'no-broker.ts')], /no broker/],
    [['describe', '--fast'], /usage: faststream describe/],
    [['dlq', 'redrive', SHOP], /--all/],
    [['dlq', 'discard', SHOP, '--reason', 'x'], /--all/],
    [['dlq', 'discard', SHOP, '--all'], /say why/],
    [['dlq', 'show', SHOP], /--at/],
    [['dlq', 'show', SHOP, '--at', 'x'], /no place/],
    [['dlq', 'show', SHOP, '--at', 'orders.dlq:0:1', '--as-test', 'jest'], /tap or vitest/],
    [['dlq', 'show', SHOP, '--at', 'orders.dlq:0:1', '--out', 'letter.test.js'], /add --as-test/],
    [['dlq', 'list', SHOP, '--state', 'new'], /--state/],
    [['dlq', 'list', SHOP, '--since', 'soon'], /--since/],
    [['dlq', 'list', SHOP, '--limit', 'x'], /--limit/],
    [['publish', SHOP], /--topic/],
    [['publish', SHOP, '--topic', 'orders'], /--value/],
    [['publish', SHOP, '--topic', 'orders', '--value', '{'], /no JSON/],
    [['publish', SHOP, '--topic', 'orders', '--text', 'x', '--header', 'x'], /no header/],
    [['publish', SHOP, '--topic', 'other', '--text', 'x'], /no topic 'other'/],
    [['tail', SHOP], /--topic/],
    [['tail', SHOP, '--topic', 'orders', '--from', 'soon'], /--from/],
    [['tail', SHOP, '--topic', 'other'], /no topic 'other'/]
  ] as const) t.match(await faststream(...argv), { code: 2, out: '', err: says }, argv.join(' '))
})

t.test('describe and docs build look at the app, and contact no cluster', async (t) => {
  const { code, json } = await faststream('describe', SHOP, '--json')
  t.equal(code, 0)
  t.match(json(), {
    subscribers: [{ name: 'takeOrder', topics: ['orders'], groupId: 'shop', deadLetterTopics: ['orders.dlq'] }],
    publishers: [{ topic: 'orders', hasSchema: true }]
  })
  t.match(await faststream('describe', join(APPS, 'built.ts')), { code: 0, out: /count +clicks/ })
  t.equal(cluster.partitions('orders').length, 0)
  t.match((await faststream('docs', 'build', SHOP)).json(), { asyncapi: '3.0.0' })
  t.match(await faststream('docs', 'build', SHOP, '--yaml'), { code: 0, out: /^asyncapi: / })
  const file = join(t.testdir({}), 'asyncapi.json')
  t.match(await faststream('docs', 'build', SHOP, '--out', file), { code: 0, out: '' })
  t.match(JSON.parse(await readFile(file, 'utf8')), { asyncapi: '3.0.0' })
})

t.test('dead letters are listed, shown, made a test, redriven and discarded', async (t) => {
  t.match(await faststream('dlq', 'list', SHOP), { code: 0 }, 'no topic yet')
  await writeLetter('{"id":"x"}')
  await writeLetter('{"id":2}')
  await writeLetter('{"id":3}', 'billing')
  const list = await faststream('dlq', 'list', SHOP, '--group', 'shop')
  t.match(list, { code: 1, out: /orders\.dlq:0:0 +k +orders +shop +validate/ })
  t.match((await faststream('dlq', 'list', SHOP, '--json', '--limit', '2')).json(), { letters: [{}, {}], next: String })
  t.match(await faststream('dlq', 'list', SHOP, '--limit', '2'), { out: /more: --after orders\.dlq:0:2/ })
  const invalid = await faststream('dlq', 'show', SHOP, '--at', 'orders.dlq:0:0')
  t.match(invalid, { code: 1, out: /now +value\/id must be number/ })
  t.match(await faststream('dlq', 'show', SHOP, '--at', 'orders.dlq:0:1'), { code: 0, out: /now +valid/ })
  const foreign = await faststream('dlq', 'show', SHOP, '--at', 'orders.dlq:0:2')
  t.match(foreign, { code: 0, out: /no subscriber of this app/ })
  t.match((await faststream('dlq', 'show', SHOP, '--at', 'orders.dlq:0:1', '--json')).json(), { offset: '1' })
  for (const runner of ['tap', 'vitest']) {
    const { out } = await faststream('dlq', 'show', SHOP, '--at', 'orders.dlq:0:0', '--as-test', runner)
    t.match(out, new RegExp(`from '${runner}'`))
    t.ok(out.includes(Buffer.from('{"id":"x"}').toString('base64')))
  }
  const dry = await faststream('dlq', 'redrive', SHOP, '--all', '--dry-run')
  t.match(dry, { code: 1, err: '', out: /3 would be redriven of 3\n(.|\n)*orders\.dlq:0:0 +value\/id must be number/ })
  const discarded = await faststream('dlq', 'discard', SHOP, '--at', 'orders.dlq:0:0', '--reason', 'a test')
  t.match(discarded, { out: '1 discarded\n', err: /"audit":"dlq discard".*"user":.*"reason":"a test","discarded":1/ })
  t.match(await faststream('dlq', 'redrive', SHOP, '--group', 'shop', '--rate', '1000'), {
    code: 0, out: '1 redriven of 2\n', err: /"audit":"dlq redrive".*"group":"shop".*"redriven":1/
  })
  t.match((await faststream('dlq', 'discard', SHOP, '--all', '--reason', 'x', '--json')).json(), { discarded: Number })
  t.match(await faststream('dlq', 'list', SHOP), { code: 0 })
})

t.test('publish checks the message, and tail shows it without a group', async (t) => {
  const refused = await faststream('publish', SHOP, '--topic', 'orders', '--value', '{"id":"x"}')
  t.match(refused, { code: 2, err: /must be number/ })
  const value = '{"id":7}'
  const publish = ['publish', SHOP, '--topic', 'orders', '--value', value]
  const published = await faststream(...publish, '--key', 'k', '--header', 'a=b')
  t.match(published, { code: 0, out: /^orders:0:\d+\n$/ })
  t.match((await faststream(...publish, '--json')).json(), { topic: 'orders' })
  await createMemoryTransport({ cluster }).producer().send([{
    topic: 'orders', partition: 0, key: null, value: Buffer.from('{'), headers: [], timestamp: 1
  }], Infinity)
  const argv = ['tail', SHOP, '--topic', 'orders', '--from', 'earliest']
  const found = await faststream(...argv, '--count', '1', '--filter', '"a":"b"')
  t.match(found.json(), { partition: 0, key: 'k', value: { id: 7 }, headers: { a: 'b' } })
  t.match((await faststream(...argv, '--count', '1', '--filter', 'invalid')).json(), { invalid: String, bytes: '{' })
  t.match(await faststream('tail', SHOP, '--topic', 'orders.dlq', '--from', '2020-01-01', '--count', '1'), { code: 0 })
})

t.test('no command runs a subscriber or a function of the lifecycle, or stores an offset of the group', async (t) => {
  t.same(ran, [])
  t.equal(cluster.group('shop').committed(cluster.partition('orders', 0)!), undefined)
})

t.test('a subscriber that is started while the app is looked at does not read either', async (t) => {
  const app = await loadApp({ file: SHOP, rest: [], connects: true })
  t.teardown(() => app.close())
  const late = app.broker.subscriber('orders.late', function takeLate () { ran.push('late') })
  await late.start()
  t.same(app.broker.health().subscribers.map(({ state }) => state), ['joining', 'joining'])
  await late.stop()
})

t.test('a signal ends tail', async (t) => {
  const stop = new AbortController()
  const ended = run(['tail', SHOP, '--topic', 'orders'], { write: () => {} }, { write: () => {} }, stop.signal)
  setImmediate(() => { stop.abort() })
  t.equal(await ended, 0)
})
