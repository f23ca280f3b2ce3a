import t from 'tap'
import type { Codec, Decoder, Parser } from '../../index.js'
import { resolveInherited } from '../../lib/options/inherited.js'
import { build } from '../support/plugin-app.js'

const codec: Codec = { decode: String, encode: String }

t.test('a codec alone is that of the value, and each part inherits by itself', async (t) => {
  t.same(resolveInherited([]).codec, { value: undefined, key: undefined })
  t.same(resolveInherited([{ codec: 'text' }]).codec, { value: 'text', key: undefined })
  t.same(resolveInherited([{ codec: { key: 'json' } }, { codec: 'bytes' }]).codec, { value: 'bytes', key: 'json' })
  const resolved = resolveInherited([{ codec: 'json' }, { codec: { key: codec } }, { codec: { value: undefined } }])
  t.same(resolved.codec, { value: 'json', key: codec })
  t.equal(resolved.codec.key, codec)
  t.ok(Object.isFrozen(resolved.codec))
})

t.test('decoders and parsers are kept from the outermost level to the nearest', async (t) => {
  const [outer, inner]: Decoder[] = [(message) => message.topic, (_, original) => original()]
  const parser: Parser = () => ({})
  const settings = resolveInherited([{ decoder: outer, parser }, { decoder: inner }])
  t.same(settings.decoder, [outer, inner])
  t.same(settings.parser, [parser])
})

const wrong: Array<[option: string, written: object, message: RegExp]> = [
  ['codec', { codec: 'avro' }, /must be 'json', 'text', 'bytes', a codec, or \{ value, key \}/],
  ['codec', { codec: null }, /must be 'json'/],
  ['codec', { codec: 1 }, /must be 'json'/],
  ['codec', { codec: ['json'] }, /must be 'json'/],
  ['codec.value', { codec: { value: 'xml' } }, /must be 'json'/],
  ['codec.headers', { codec: { headers: 'json' } }, /is not known: there are value, key/],
  ['codec.encode', { codec: { decode: String } }, /a codec has decode\(bytes, message, part\) and encode/],
  ['codec.decode', { codec: { encode: String } }, /a codec has decode\(bytes, message, part\) and encode/],
  ['codec.value.decode', { codec: { value: { encode: String } } }, /must be a function/],
  ['codec.key.decode', { codec: { key: { encode: String } } }, /must be a function/],
  ['decoder', { decoder: {} }, /must be a function of the message/],
  ['parser', { parser: 'x' }, /must be a function of the record/]
]

for (const [option, written, message] of wrong) {
  t.test(`${JSON.stringify(written)} is refused at every level`, async (t) => {
    const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'${option}' .*`) }
    await t.rejects(build(t, written), error)
    await t.rejects(build(t, written), { message })
    const app = await build(t)
    const schema = { key: {} }
    t.throws(() => app.broker.subscriber('orders', { schema, ...written }, () => {}), error)
    if ('codec' in written) t.throws(() => app.broker.publisher('orders', { schema, ...written as object }), error)
  })
}

t.test('a codec of keys needs a schema of keys where it is written, and may be inherited without one', async (t) => {
  const app = await build(t, { codec: { key: 'json' } })
  const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'codec.key' needs schema.key/ }
  t.throws(() => app.broker.subscriber('orders', { codec: { key: 'json' } }, () => {}), error)
  t.throws(() => app.broker.publisher('orders', { codec: { key: 'json' } }), error)
  app.broker.subscriber('orders', { codec: { key: 'text' }, schema: { key: {} } }, () => {})
  app.broker.subscriber('others', { codec: 'json' }, () => {})
  app.broker.publisher('others', { codec })
  app.broker.subscriber('values', { codec: { value: 'json' } }, () => {})
  app.broker.subscriber('members', { codec: { ...codec, key: 'of the registry' } as Codec }, () => {})
})

t.test('publishers have no decoder and no parser', async (t) => {
  const app = await build(t)
  for (const written of [{ decoder: () => 1 }, { parser: () => ({}) }]) {
    t.throws(() => app.broker.publisher('orders', written as object), { message: /is not known/ })
  }
})
