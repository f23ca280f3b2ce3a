import t from 'tap'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { until } from '../../support/consumer-recorder.js'
import { build, record, send } from '../../support/memory-transport.js'

/* Records that are sent or read together have their bytes in one block. */

const header = (name: string, value: string | null): RawHeader => [name, value === null ? null : Buffer.from(value)]

const SENT = [
  record('orders', 0, 'first', { key: Buffer.from([0xc3, 0xff]), headers: [header('x', '1'), header('y', null)] }),
  record('orders', 0, null, { key: Buffer.from(''), headers: [header('x', ''), header('y', '2')] }),
  record('orders', 1, 'third', { headers: [header('x', '3')] }),
  record('orders', 0, '', { key: null, headers: [header('y', '4'), header('x', '5')] }),
  record('orders', 0, 'fifth', { headers: [header('\ud800', '6'), header('x', '7')] }),
  record('orders', 0, 'sixth', { headers: [header('\ud800', '8'), header('x', null)] }),
  record('orders', 0, 'seventh', { headers: [header('x', '9'), header('y', '10')] })
]

async function read (t: Parameters<typeof build>[0]) {
  const { cluster, producer, join } = await build(t)
  await send(producer, ...SENT)
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.deliveries.length === 2)
  const records = listener.deliveries.find(({ partition }) => partition === 0)!.records
  return { cluster, records, producer }
}

t.test('each record of a send has its own key, value and headers', async (t) => {
  const { records } = await read(t)
  const asSent = SENT.filter(({ partition }) => partition === 0).map(({ key, value, headers }) => {
    return { key, value, headers: headers.map(([name, bytes]) => [name.replace('\ud800', '\ufffd'), bytes]) }
  })
  t.same(records.map(({ key, value, headers }) => ({ key, value, headers })), asSent)
  t.same(records.map((record) => record.keyLatin1?.()), ['\xc3\xff', '', null, null, null, null])
  t.same(records.map((record) => record.headerText?.('x')), ['1', '', '5', '7', undefined, '9'])
  t.same(records.map((record) => record.headerCount), [2, 2, 2, 2, 2, 2])
  t.same(records.map((record) => record.valueText?.()), ['first', null, '', 'fifth', 'sixth', 'seventh'])
})

t.test('a Buffer that a handler fills is no part of another record, and none of the log', async (t) => {
  const { cluster, records } = await read(t)
  const [first, ...others] = records
  const texts = () => others.map(({ key, value, headers }) => [key, value, headers].join())
  const before = texts()
  for (const bytes of [first!.key, first!.value, ...first!.headers.map(([, value]) => value)]) bytes?.fill('!')
  t.same(texts(), before)
  t.same(cluster.records('orders').map(({ value }) => String(value)), SENT.map(({ value }) => String(value)))
})

t.test('a Buffer that a publisher fills after its send began is no part of the log', async (t) => {
  const { cluster, producer } = await build(t)
  const [value, key] = [Buffer.from('value'), Buffer.from('key')]
  const sending = send(producer, record('orders', 0, value, { key }), record('orders', 0, value, { key }))
  for (const bytes of [value, key]) bytes.fill('!')
  await sending
  t.same(cluster.records('orders').map(({ key, value }) => `${key} ${value}`), ['key value', 'key value'])
})
