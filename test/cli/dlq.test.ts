import { readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import t from 'tap'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { faststream, faststreamWith } from '../support/faststream.js'
import { record } from '../support/memory-transport.js'
import { cluster, faults, refusingAfter, withDamageAt } from './apps/faulty.js'

const APP = join(import.meta.dirname, 'apps/faulty.ts')
const producer = createMemoryTransport({ cluster }).producer()

function headersOf (facts: Record<string, string>): RawHeader[] {
  return Object.entries(facts).map(([name, text]) => [`x-dlq-${name}`, Buffer.from(text)])
}

async function write (value: string | Buffer, headers: RawHeader[]): Promise<void> {
  await producer.send([record('orders.dlq', 0, value, { headers, timestamp: Date.now() })], Infinity)
}

t.before(async () => {
  cluster.createTopics(['orders.dlq', 'orders'].map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  const place = { topic: 'orders', partition: '0', offset: '7', timestamp: '1' }
  const trace: RawHeader[] = [['trace', Buffer.from('t1')], ['trace', null]]
  await write(Buffer.from([255, 0]), [...headersOf({ ...place, stage: 'rejected', attempts: '3' }), ...trace])
  await write('{"id":2}', [['other', Buffer.from('x')]])
  await write('{"id":3}', headersOf({ ...place, group: 'shop', stage: 'rejected' }))
})

t.test('letters of other programs, and what is no letter, are listed as far as they can be read', async (t) => {
  const { code, out } = await faststream('dlq', 'list', APP)
  t.equal(code, 1)
  t.match(out, /orders\.dlq:0:0 +- +orders +- +rejected/)
  t.match(out, /orders\.dlq:0:1 +- +- +- +no dead letter +- +\d{4}-/)
})

t.test('letters are selected by time', async (t) => {
  const list = ['dlq', 'list', APP, '--limit', '10']
  t.match(await faststream(...list, '--since', '2020-01-01T00:00:00Z'), { code: 1, out: /orders\.dlq:0:2/ })
  t.match(await faststream(...list, '--until', '2020-01-01T00:00:00Z'), { code: 0 })
})

t.test('a batch that is damaged is listed as that, without a time', async (t) => {
  const { of } = faults
  t.teardown(() => { faults.of = of })
  faults.of = withDamageAt(2n)
  t.match(await faststream('dlq', 'list', APP), { code: 1, out: /orders\.dlq:0:2 +- +- +- +damaged +- +-\n/ })
})

t.test('bytes that are no text are shown as base64, and each header of the message', async (t) => {
  const { code, out } = await faststream('dlq', 'show', APP, '--at', 'orders.dlq:0:0')
  t.equal(code, 0)
  t.match(out, /message +orders\[0\] 7\nfailed in +- -\nstage +rejected, attempts: 3, trips: 0\n/)
  t.match(out, /key +-\nvalue +base64:\/wA=\nheader trace +t1\nheader trace +-\n/)
})

t.test('what is no letter is shown without the facts of one, and becomes no test', async (t) => {
  const argv = ['dlq', 'show', APP, '--at', 'orders.dlq:0:1']
  const { code, out } = await faststream(...argv)
  t.equal(code, 0)
  t.match(out, /^orders\.dlq:0:1 +open\nkey +-\nvalue +{"id":2}\nheader other +x\nnow /)
  t.match(await faststream(...argv, '--as-test', 'tap'), { code: 2, out: '', err: /orders\.dlq:0:1 .* no dead letter/ })
})

t.test('a test has the headers of the message, and imports the app from the folder of the command', async (t) => {
  const { out } = await faststream('dlq', 'show', APP, '--at', 'orders.dlq:0:0', '--as-test', 'tap')
  t.match(out, 'import * as module from "./test/cli/apps/faulty.ts"\n')
  t.match(out, /const HEADERS = {\s+"trace": \[\s+"dDE=",\s+null\s+\]\s+}/)
  t.match(out, 'broker.publish("orders", value')
})

t.test('a test that goes into a file imports the app from there, with the options of the app', async (t) => {
  const folder = t.testdir({})
  const [beside, app] = [join(folder, 'letter.test.js'), relative(folder, APP).replaceAll('\\', '/')]
  const show = ['dlq', 'show', APP, '--at', 'orders.dlq:0:0', '--as-test', 'tap', '--out']
  t.match(await faststream(...show, beside, '--', '--region', 'eu'), { code: 0, out: '', err: '' })
  const text = await readFile(beside, 'utf8')
  t.ok(text.includes(`import * as module from ${JSON.stringify(app)}\n`))
  t.match(text, 'app.register(module.default, {"region":"eu"})')
})

t.test('letters that are refused are told with the reason', async (t) => {
  const redrive = ['dlq', 'redrive', APP, '--all', '--dry-run']
  const { code, out } = await faststream(...redrive)
  t.equal(code, 1)
  t.match(out, /orders\.dlq:0:0 +refused: no-group\norders\.dlq:0:1 +refused: not-a-letter\n/)
  const refused = [{ topic: 'orders.dlq', partition: 0, offset: '0', reason: 'no-group' }, { offset: '1' }]
  t.match((await faststream(...redrive, '--json')).json(), { dryRun: true, refused })
})

t.test('a signal stops a redrive', async (t) => {
  const redrive = ['dlq', 'redrive', APP, '--all']
  const stopped = await faststreamWith(AbortSignal.abort(), () => {}, ...redrive)
  t.match(stopped, { code: 1, out: /^0 redriven of \d+, and stopped\n/ })
  t.equal(cluster.records('orders').length, 0)
})

t.test('a redrive that fails has its audit line', async (t) => {
  const { of } = faults
  t.teardown(() => { faults.of = of })
  faults.of = refusingAfter(0)
  const { code, out, err } = await faststream('dlq', 'redrive', APP, '--topic', 'orders')
  t.match({ code, out }, { code: 2, out: '' })
  t.match(JSON.parse(err.split('\n')[0] ?? ''), { audit: 'dlq redrive', redriven: 0, error: /refuses/ })
})
