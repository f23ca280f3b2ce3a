import t from 'tap'
import { FASTSTREAM_ERR_FENCED } from '../../../../lib/errors.js'
import { checkRights } from '../../../../lib/transport/kafka/cluster/check-rights.js'
import {
  InterruptedError, isCoded, isFenced, isNeverAppended, isRefusal, isRefused, isTooLarge, ProtocolError
} from '../../../../lib/transport/kafka/cluster/protocol-errors.js'
import { isTlsMistake, securityError, unreachable } from '../../../../lib/transport/kafka/cluster/security-error.js'
import { type FetchRequest, type ProduceRequest, WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, SILENT } from '../../../support/kafka-client.js'
import { decode } from '../../../support/record-sets.js'

const NO_ROWS = { errorCode: 0, topics: [] }

t.test('what is asked for to learn of rights reads nothing, writes nothing and joins nothing', async (t) => {
  const fetched: FetchRequest[] = []
  const produced: ProduceRequest[] = []
  const beats: unknown[] = []
  const { cluster } = clientOf(t, fakeWire({
    Heartbeat: (request) => { beats.push(request); return { errorCode: 25 } },
    Fetch: (request) => { fetched.push(request); return NO_ROWS },
    Produce: (request) => { produced.push(request); return NO_ROWS }
  }), manualEnvironment())
  await checkRights(cluster, { read: ['orders'], write: ['bills'], groups: ['shop'] }, SILENT)
  t.same(beats, [{ groupId: 'shop', memberId: '', groupInstanceId: null, generationId: -1 }])
  t.match(fetched, [{ maxWait: 0, minBytes: 0, maxBytes: 1, isolationLevel: 0, rack: '' }])
  t.same(fetched[0]!.topics, [{ topic: 'orders', partitions: [{ partition: 2 ** 31 - 1, offset: 0n, maxBytes: 1 }] }])
  const [{ topic, partitions: [asked] }] = produced[0]!.topics as [ProduceRequest['topics'][number]]
  t.match({ timeout: produced[0]!.timeout, topic, partition: asked!.partition }, {
    timeout: 0, topic: 'bills', partition: 2 ** 31 - 1
  })
  t.same([asked!.records.readInt16BE(51), asked!.records.readInt32BE(53)], [-1, -1], 'epoch and sequence')
  const { batches: [batch] } = await decode(asked!.records)
  t.match(batch, { count: 1, producerId: -1n, records: [{ key: null, value: null, headers: [] }] })
})

t.test('a cluster that is silent decides nothing, after the time of one request, and that is logged', async (t) => {
  const { clock, random } = manualEnvironment()
  const lines: unknown[] = []
  const { cluster } = clientOf(t, fakeWire({ Fetch: () => new Promise(() => {}) }), { clock, random }, {
    requestTimeout: 700
  })
  const log = { ...SILENT, debug: (...line: unknown[]) => { lines.push(line) } }
  const checking = checkRights(cluster, { read: ['orders'], write: [], groups: [] }, log)
  await clock.advance(700)
  await checking
  t.match(lines, [[{ err: { reason: 'timeout' } }]])
})

t.test('a code says whether records were refused, whether they may be in the log, and who is refused', async (t) => {
  const all = Array.from({ length: 91 }, (_, errorCode) => new ProtocolError(errorCode))
  const codesOf = (is: (error: ProtocolError) => boolean) => all.filter(is).map(({ errorCode }) => errorCode)
  t.same(codesOf(isRefusal), [10, 17, 18, 21, 29, 31, 32, 43, 44, 76, 87])
  t.same(codesOf(({ errorCode }) => isNeverAppended(errorCode)), [3, 19])
  t.same(codesOf(({ retriable }) => retriable), [
    2, 3, 5, 6, 7, 9, 13, 14, 15, 16, 19, 20, 41, 56, 70, 71, 72, 74, 75, 78, 80, 83, 84, 88, 89
  ])
  t.same(codesOf(isRefused), [29, 30, 31, 33, 34, 53, 58, 65])
  t.notOk(isRefused(new WireError('gone', 'connection')))
  t.ok(isTooLarge(all[10]))
  t.notOk(isTooLarge(Object.assign(new Error('no answer'), { errorCode: 10 })))
  t.equal(new InterruptedError('closed').name, 'InterruptedError')
  t.match(new ProtocolError(29), { name: 'ProtocolError', type: 'TOPIC_AUTHORIZATION_FAILED' })
})

t.test('only errors of the catalogue count as its own', async (t) => {
  const fenced = new FASTSTREAM_ERR_FENCED('a', 'b')
  const other = Object.assign(new Error('other'), { code: 'FASTSTREAM_ERR_OTHER' })
  const foreign = Object.assign(new Error('foreign'), { code: 'X_FASTSTREAM_ERR_FENCED' })
  const plain = { code: 'FASTSTREAM_ERR_FENCED' }
  t.same([fenced, other, foreign, new Error('none'), plain].map(isCoded), [true, true, false, false, false])
  t.same([fenced, other, foreign, new Error('none')].map(isFenced), [true, false, false, false])
  t.equal(unreachable(fenced, ['a:1']), fenced)
})

t.test('a failure of TLS or of credentials points at its option, any other one at the brokers', async (t) => {
  const wrong = (option?: 'sasl' | 'ssl') => new WireError('wrong', 'connection', undefined, option)
  for (const [option, code] of [['sasl', 'FASTSTREAM_ERR_SASL'], ['ssl', 'FASTSTREAM_ERR_SSL']] as const) {
    const cause = wrong(option)
    t.match(securityError(cause, ['a:1', 'b:1']), { code, message: /a:1, b:1.*wrong/, cause })
  }
  t.equal(securityError(wrong(), ['a:1']), undefined)
  t.match(unreachable(wrong(), ['a:1', 'b:1']), { code: 'FASTSTREAM_ERR_CONNECT', message: /a:1, b:1.*wrong/ })
  t.same([new WireError('no', 'tls'), wrong('ssl'), new Error('tls')].map(isTlsMistake), [true, false, false])
})
