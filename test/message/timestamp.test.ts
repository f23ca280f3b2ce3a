import fc from 'fast-check'
import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type Message } from '../../index.js'
import { readDeadLetterHeaders } from '../../lib/message/dead-letter-headers.js'
import { dateOf } from '../../lib/message/timestamp.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'

const UNHOLDABLE = [8.64e15 + 1, 1.7e18, Number(2n ** 63n - 1n), -8.64e15 - 1]

t.test('the time of a record is a valid Date or undefined', async (t) => {
  t.equal(dateOf(-1), undefined)
  for (const timestamp of UNHOLDABLE) t.equal(dateOf(timestamp), undefined, String(timestamp))
  fc.assert(fc.property(fc.integer({ min: -8.64e15, max: 8.64e15 }).filter(
    (timestamp) => timestamp !== -1
  ), (timestamp) => {
    return dateOf(timestamp)?.getTime() === timestamp
  }))
})

t.test('a handler gets no invalid Date, nor does the subscriber of its dead letter', async (t) => {
  const cluster = createMemoryCluster()
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 0 } })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  const inbox = new Inbox<unknown>()
  const seen = ({ timestamp, deadLetter }: Message): void => { inbox.add([timestamp, deadLetter?.timestamp]) }
  app.broker.subscriber('orders', (_, message) => {
    seen(message)
    JSON.stringify(message)
    throw new Error('no')
  })
  app.broker.subscriber('orders.dlq', (_, message) => { inbox.add(message.deadLetter?.timestamp) })
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  for (const timestamp of [-1, 1.7e18, 0]) {
    await producer.send(
      [{ topic: 'orders', partition: 0, key: null, value: Buffer.from('1'), headers: [], timestamp }], Infinity
    )
  }
  const items = await inbox.count(6)
  t.same(items.filter(Array.isArray), [[undefined, undefined], [undefined, undefined], [new Date(0), undefined]])
  t.same(items.filter((item) => !Array.isArray(item)), [undefined, undefined, new Date(0)])
})

t.test('times that another program wrote into the headers of a dead letter are valid or undefined', async (t) => {
  const place: RawHeader[] = [['topic', 'orders'], ['offset', '1'], ['stage', 'validate']].map(
    ([name, text]) => [`x-dlq-${name}`, Buffer.from(text as string)]
  )
  for (const text of ['', 'soon', '1e400', '99999999999999999999', 'NaN']) {
    const times = ['timestamp', 'first-failure-at', 'failed-at'].map(
      (name): RawHeader => [`x-dlq-${name}`, Buffer.from(text)]
    )
    for (const headers of [place, [...place, ...times]]) {
      const { timestamp, firstFailureAt, failedAt } = readDeadLetterHeaders(headers) ?? {}
      for (const time of [timestamp, firstFailureAt, failedAt]) t.equal(time, undefined, text)
    }
  }
})
