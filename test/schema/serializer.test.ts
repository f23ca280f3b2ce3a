import t from 'tap'
import { compileSerializer } from '../../lib/schema/serializer.js'

const schema = { type: 'object' }

t.test('a serializer is compiled as that of a reply, and gives the text and what a reader finds', async (t) => {
  const seen: unknown[] = []
  const serialize = compileSerializer((definition) => {
    seen.push(definition)
    return (value) => JSON.stringify([value])
  }, schema, 'orders')
  t.strictSame(seen, [{ schema, method: 'POST', url: 'orders', httpStatus: '200' }])
  t.strictSame(serialize({ a: 1 }), { json: '[{"a":1}]', image: [{ a: 1 }] })
})

t.test('a serializer that cannot be compiled is refused with its cause', async (t) => {
  const cause = new Error('unknown kind')
  t.throws(() => compileSerializer(() => { throw cause }, schema, 'orders'), {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: "the value schema of 'orders' cannot be compiled: unknown kind", cause
  })
  t.throws(() => compileSerializer((() => 'text') as never, schema, 'orders'), {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /^the value schema of 'orders' .* must return a function$/
  })
})

t.test('a serializer that throws, or returns what is no JSON, fails the publish and is not quoted', async (t) => {
  const of = (serialize: (value: unknown) => unknown) => compileSerializer(() => serialize as never, schema, 'orders')
  const cause = new Error('no tenant')
  t.throws(() => of(() => { throw cause })(1), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /^the value of the message for 'orders' .*: no tenant$/, cause
  })
  for (const returned of [1, undefined, Buffer.from('{}')]) {
    t.throws(() => of(() => returned)(1), {
      code: 'FASTSTREAM_ERR_ENCODE', message: /^the value .* the serializer of its scope did not return a string$/
    })
  }
  t.throws(() => of(() => '{"secret"')(1), {
    code: 'FASTSTREAM_ERR_ENCODE',
    message: /^the value .* the serializer of its scope did not return JSON$/,
    cause: undefined
  })
})
