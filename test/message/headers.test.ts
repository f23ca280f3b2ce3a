import t from 'tap'
import { runInNewContext } from 'node:vm'
import type { OutgoingHeaders } from '../../index.js'
import {
  CONTENT_TYPE, CORRELATION_ID, decodeHeaders, encodeHeaders as encodeMerged, headerText, headerTexts, isPlainObject,
  lastHeader, mergeHeaders, REPLY_ERROR, REPLY_PARTITION, REPLY_TO
} from '../../lib/message/headers.js'
import { record } from '../support/record.js'

const encodeHeaders = (...sources: ReadonlyArray<OutgoingHeaders | undefined>) => encodeMerged(mergeHeaders(...sources))

t.test('headers are encoded in order, later sources replace names of earlier ones', async (t) => {
  const bytes = Buffer.from([255])
  t.same(
    encodeHeaders({ a: '1', b: ['2', null] }, undefined, { a: bytes, c: undefined as never }),
    [['a', bytes], ['b', Buffer.from('2')], ['b', null]]
  )
  t.throws(() => encodeHeaders({ a: ['1', 2 as never] }), {
    message: "header 'a' must be a string, a Buffer, null or a list of those, and is of type number"
  })
})

t.test('headers come in a plain object, whatever made it', async (t) => {
  const bare: Record<string, string> = Object.assign(Object.create(null), { a: '1' })
  t.same(encodeHeaders(bare, runInNewContext("({ b: '2' })")), [['a', Buffer.from('1')], ['b', Buffer.from('2')]])
  for (const odd of [null, 'a', [['a', '1']], new Map([['a', '1']]), new Headers({ a: '1' })]) {
    t.throws(() => encodeHeaders(odd as never), { message: 'headers must be a plain object' })
  }
})

t.test('the last header of a name counts', async (t) => {
  const headers = [['a', Buffer.from('1')], ['a', Buffer.from('2')], ['b', null]] as const
  t.equal(lastHeader(headers, 'a'), '2')
  t.equal(lastHeader(headers, 'b'), undefined)
  t.equal(lastHeader(headers, 'c'), undefined)
})

t.test('a record that knows a shorter way is asked', async (t) => {
  t.equal(headerText(record(0, 'v', { headers: [['a', Buffer.from('1')]] }), 'a'), '1')
  t.equal(headerText({ ...record(0), headerText: (name) => `short ${name}` }, 'a'), 'short a')
})

t.test('a check sees the texts that a reader of the bytes finds', async (t) => {
  const odd: OutgoingHeaders = {
    text: 'é',
    half: '\ud800',
    bytes: Buffer.from('ü'),
    other: Buffer.from([255]),
    nothing: null,
    empty: [],
    list: ['0', '1', Buffer.from('2')],
    last: ['1', null]
  }
  const merged = mergeHeaders(odd, JSON.parse('{"__proto__":"x"}'))
  t.same(headerTexts(merged), decodeHeaders(encodeMerged(merged)))
  t.same(Object.entries(headerTexts(merged)), [
    ['text', 'é'], ['half', '\ufffd'], ['bytes', 'ü'], ['list', '2'], ['__proto__', 'x']
  ])
})

t.test('the headers of a message have the names of FastStream, and those of replies ours', async (t) => {
  t.same([CONTENT_TYPE, CORRELATION_ID, REPLY_TO, REPLY_PARTITION, REPLY_ERROR], [
    'content-type', 'correlation_id', 'reply_to', 'reply_partition', 'reply_error'
  ])
})

t.test('more headers than Node accepts in a request are not decoded', async (t) => {
  const headers = (length: number) => Array.from({ length }, (_, i) => [`h${i}`, Buffer.from('1')] as const)
  t.equal(Object.keys(decodeHeaders(headers(2000))).length, 2000)
  t.throws(() => decodeHeaders(headers(2001)), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the headers cannot be decoded: there are more than 2000'
  })
})

t.test('a plain object has no class', async (t) => {
  for (const plain of [{}, Object.create(null), runInNewContext('({})')]) t.equal(isPlainObject(plain), true)
  for (const other of [undefined, null, 'a', 1, () => 1, [], new Map(), new Error('a')]) {
    t.equal(isPlainObject(other), false)
  }
})
