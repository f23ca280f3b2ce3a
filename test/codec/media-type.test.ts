import t from 'tap'
import { decodeValue } from '../../lib/codec/content-type.js'
import { isJsonType, parseMediaType } from '../../lib/codec/media-type.js'

const cases: Array<[text: string, essence: string, charset: string | undefined]> = [
  ['application/json', 'application/json', undefined],
  [' Text/PLAIN ', 'text/plain', undefined],
  ['text/plain;charset=UTF-8', 'text/plain', 'utf-8'],
  ['text/plain ; Charset="ISO-8859-1"', 'text/plain', 'iso-8859-1'],
  ['text/plain;format=flowed;\tcharset=latin1', 'text/plain', 'latin1'],
  ['text/plain; a="; charset=utf-16"; charset=latin1', 'text/plain', 'latin1'],
  ['text/plain; a="\\"; charset=utf-16"; charset="l\\atin1"', 'text/plain', 'latin1'],
  ['text/plain;;; charset=latin1', 'text/plain', 'latin1'],
  ['text/plain; charset=latin1; charset=utf-8', 'text/plain', 'latin1'],
  ['text/plain; charset = latin1', 'text/plain', undefined],
  ['text/plain; charset="latin1', 'text/plain', undefined],
  ['text/plain;', 'text/plain', undefined],
  ['; charset=utf-8', '', 'utf-8'],
  ['', '', undefined],
  [`text/plain; a="${'x'.repeat(1024)}"; charset=latin1`, 'text/plain', undefined],
  [`text/plain; a=${'x'.repeat(994)}; charset=latin1`, 'text/plain', 'latin1'],
  [`text/plain; a=${'x'.repeat(995)}; charset=latin1`, 'text/plain', undefined],
  ['text/plain; x-charset=utf-8; charset=""', 'text/plain', ''],
  ['text/plain; charset=l\\a', 'text/plain', 'l'],
  ['text/plain x; charset=latin1', 'text/plain x', 'latin1']
]

for (const [text, essence, charset] of cases) {
  t.test(`'${text.slice(0, 60)}' is ${essence} in ${charset ?? 'no charset of its own'}`, async (t) => {
    t.same(parseMediaType(text), { essence, charset })
  })
}

t.test('a content type that never ends is read in no time', async (t) => {
  const hostile = [
    ';'.repeat(500_000), `a/b;${'c="\\'.repeat(100_000)}`, `a/b;${' '.repeat(1_000_000)}`, '; a='.repeat(250)
  ]
  const start = performance.now()
  for (const text of hostile) t.equal(parseMediaType(text).charset, undefined)
  t.ok(performance.now() - start < 500)
})

t.test('JSON is known by its subtype', async (t) => {
  for (const type of ['application/json', 'text/json', 'application/vnd.api+json']) t.ok(isJsonType(type), type)
  for (const type of ['application/jsonp', 'text/plain', 'json', '+jsonx', '']) t.notOk(isJsonType(type), type)
})

t.test('text is read in the charset that its sender names', async (t) => {
  const decode = (bytes: number[], type: string): unknown => decodeValue(Buffer.from(bytes), type)
  for (const charset of ['utf-8', 'UTF8', '"utf-8"', 'us-ascii']) {
    t.equal(decode([0xc3, 0xbc], `text/plain; charset=${charset}`), 'ü', charset)
    t.equal(decode([0xef, 0xbb, 0xbf, 0x61], `text/plain; charset=${charset}`), '\ufeffa', 'a byte order mark is text')
  }
  t.equal(decode([0xfc], 'text/plain; charset=iso-8859-1'), 'ü')
  t.equal(decode([0xfc, 0x00], 'text/csv; charset="UTF-16LE"'), 'ü')
  t.equal(decode([0x82, 0xa0], 'text/plain; charset=shift_jis'), 'あ')
  const refused = (bytes: number[], type: string, reason: RegExp) => {
    t.throws(() => decode(bytes, type), { code: 'FASTSTREAM_ERR_DECODE', message: reason })
  }
  refused([0xfc], 'text/plain; charset=utf-8', /it is not valid UTF-8/)
  refused([0x82], 'text/plain; charset=shift_jis', /it is not valid shift_jis/)
  refused([0x41], 'text/plain; charset=klingon', /its charset 'klingon' is not known/)
})

t.test('JSON is UTF-8, whatever its content type says', async (t) => {
  t.same(decodeValue(Buffer.from('{"a":"ü"}'), 'application/json; charset=iso-8859-1'), { a: 'ü' })
  t.same(decodeValue(Buffer.from('[1]'), 'Text/JSON;charset=x'), [1])
  t.same(decodeValue(Buffer.from('[1]'), 'application/vnd.api+json;profile="a;b"'), [1])
})
