import t from 'tap'
import type { EncodedMessage } from '../../index.js'
import { codecOf } from '../../lib/codec/named.js'

const message = {} as EncodedMessage

t.test('each name has a codec, and a codec is its own', async (t) => {
  const own = { decode: String, encode: String }
  t.equal(codecOf(own), own)
  t.equal(codecOf(undefined), undefined)
  t.same(['json', 'text', 'bytes'].map((name) => codecOf(name as 'json')?.contentType), [
    'application/json', 'text/plain', 'application/octet-stream'
  ])
})

t.test('what a named codec writes it reads, and the part is named when it cannot', async (t) => {
  for (const [name, value] of [['json', { a: [1] }], ['text', 'ü'], ['bytes', Buffer.from([0, 255])]] as const) {
    const codec = codecOf(name)
    const encoded = codec?.encode(value, 'orders', 'value') as string
    t.same(codec?.decode(Buffer.from(encoded), message, 'value'), value, name)
  }
  const broken = Buffer.from([0x22, 0xc3, 0x28, 0x22])
  for (const name of ['json', 'text'] as const) {
    t.throws(() => codecOf(name)?.decode(broken, message, 'key'), {
      code: 'FASTSTREAM_ERR_DECODE', message: 'the key cannot be decoded: it is not valid UTF-8'
    })
  }
  t.throws(() => codecOf('json')?.encode(new Map(), 'orders', 'value'), { code: 'FASTSTREAM_ERR_ENCODE' })
  t.throws(() => codecOf('json')?.encode(1n, 'orders', 'key'), { message: /^the key of the message for 'orders'/ })
})

t.test('a named codec refuses what it does not take, and says what that is', async (t) => {
  for (const [name, value, message] of [
    ['json', Buffer.from('a'), /it is bytes, and codec 'json' takes values$/],
    ['json', new ArrayBuffer(1), /it is bytes/],
    ['text', 1, /codec 'text' takes a string, and it is of type number$/],
    ['bytes', 'text', /codec 'bytes' takes bytes, and it is of type string$/]
  ] as const) {
    t.throws(() => codecOf(name)?.encode(value, 'orders', 'key'), {
      code: 'FASTSTREAM_ERR_ENCODE', message: new RegExp(`^the key of the message for 'orders' .*${message.source}`)
    })
  }
  t.same(codecOf('bytes')?.encode(new Uint8Array([1, 2]).subarray(1), 'orders', 'value'), Buffer.from([2]))
})
