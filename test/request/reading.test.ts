import t from 'tap'
import { FASTSTREAM_ERR_UNKNOWN_TOPIC } from '../../lib/errors.js'
import type { ReplyReader, ReplyTaker } from '../../lib/request/reply-reader.js'
import { Requests, type Call, type RequestedBroker } from '../../lib/request/requests.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock, turn } from '../support/manual-clock.js'

/* The reader of replies: it begins with the first request, and another one takes its place. */

/** Requests of a broker whose reader is what `read` says. */
function asking (read: (taker: ReplyTaker) => Promise<ReplyReader>) {
  const clock = new ManualClock()
  const sent: string[] = []
  let taker: ReplyTaker | undefined
  const broker: RequestedBroker = {
    name: 'default',
    clock,
    settings: { replies: { topic: 'replies', allowed: undefined }, topicPrefix: '', clientId: 'shop', ajv: undefined },
    readReplies: (_, given) => { taker = given; return read(given) }
  }
  const requests = new Requests(broker, logLines())
  const call: Call = {
    topic: 'quotes',
    scope: {} as Call['scope'],
    target: () => ({
      topic: 'quotes',
      replies: { bodyLimit: 1000, validators: {} },
      send: async (_, correlationId) => { sent.push(correlationId) }
    })
  }
  return { clock, requests, sent, call, get taker () { return taker! } }
}

const reader = { address: { topic: 'replies', partition: 0 } } as ReplyReader

t.test('a reader that cannot begin fails the requests that wait; the next request tries again', async (t) => {
  let tries = 0
  const { requests, call, sent } = asking(async () => {
    if (++tries === 1) throw new FASTSTREAM_ERR_UNKNOWN_TOPIC('replies')
    if (tries === 2) throw new Error('kafka-1.internal refuses')
    return reader
  })
  requests.become('connected')
  const both = [requests.request(call), requests.request(call)]
  for (const each of both) await t.rejects(each, { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.equal(tries, 1)
  await t.rejects(requests.request(call), { code: 'FASTSTREAM_ERR_UNAVAILABLE', message: /^(?!.*internal)/ })
  const third = requests.request(call)
  await turn()
  t.equal(sent.length, 1)
  requests.become('closing')
  await t.rejects(third, { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.equal(tries, 3)
})

t.test('a reader that ends fails the open requests, and is replaced for the next one', async (t) => {
  let tries = 0
  const asked = asking(async () => { tries++; return reader })
  const { requests, call, sent } = asked
  requests.become('connected')
  const first = requests.request(call)
  await turn()
  asked.taker.ended(new Error('evicted'))
  await t.rejects(first, { code: 'FASTSTREAM_ERR_UNAVAILABLE' })
  const second = requests.request(call)
  await turn()
  t.equal(tries, 2)
  t.equal(sent.length, 2)
  requests.become('closed')
  await t.rejects(second, { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('a broker that never connects: a request times out by itself, or ends with the broker', async (t) => {
  const { requests, call, clock, sent } = asking(async () => reader)
  const timed = t.rejects(requests.request(call, { timeout: 100 }), {
    code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT', message: /it was not sent/
  })
  const refused = requests.request(call)
  await clock.advance(100)
  await timed
  t.equal(requests.health.open, 1)
  requests.become('closing')
  await t.rejects(refused, { code: 'FASTSTREAM_ERR_NOT_READY' })
  await t.rejects(requests.request(call), { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.same(sent, [])
  t.equal(clock.waiting, 0, 'no timer is left')
})

t.test('a signal that has aborted already ends its request before replies are read', async (t) => {
  const { requests, call, clock, sent } = asking(async () => reader)
  const cause = new Error('the client has left')
  const aborted = t.rejects(requests.request(call, { timeout: 100, signal: AbortSignal.abort(cause) }), {
    code: 'FASTSTREAM_ERR_REQUEST_ABORTED', message: /it was not sent/, cause
  })
  await clock.advance(100)
  await aborted
  t.equal(requests.health.open, 0)
  t.same(sent, [])
})
