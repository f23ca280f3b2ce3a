import { Type } from '@sinclair/typebox'
import Fastify, { type FastifySchemaCompiler } from 'fastify'
import t, { type Test } from 'tap'
import { ajvCompiler } from '../../lib/schema/ajv.js'
import { compileIncoming, type Validate } from '../../lib/schema/incoming.js'

type Compiler = FastifySchemaCompiler<unknown>

const about = { topic: 'orders', part: 'value' } as const
const REFUSED = 'FASTSTREAM_ERR_VALIDATION'

/** A check by a validator that answers so. */
const answering = (answer: unknown): Validate => compileIncoming(() => () => answer as never, {}, about)

function incoming (t: Test, schema: unknown): Validate {
  const app = Fastify()
  t.teardown(() => app.close())
  return compileIncoming(ajvCompiler(app), schema, about)
}

t.test('a compiler set by hand is called as for a route', async (t) => {
  const seen: unknown[] = []
  const schema = Type.Object({})
  const compiler: Compiler = (definition) => { seen.push(definition); return () => true }
  for (const part of ['value', 'key', 'headers'] as const) compileIncoming(compiler, schema, { topic: 'orders', part })
  const definition = { schema, method: 'POST', url: 'orders' }
  t.strictSame(seen, [
    { ...definition, httpPart: 'body' }, { ...definition, httpPart: 'params' }, { ...definition, httpPart: 'headers' }
  ])
})

t.test('a schema that is none is refused with the code of the catalogue', async (t) => {
  for (const schema of ['text', undefined, null, 1]) {
    t.throws(() => incoming(t, schema), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', cause: Error }, String(schema))
  }
})

t.test('a compiler set by hand gets its schema, whatever that is', async (t) => {
  for (const schema of ['text', undefined, null, 1]) {
    let seen: unknown = 'none'
    compileIncoming(({ schema }) => { seen = schema; return () => true }, schema, about)
    t.equal(seen, schema, String(schema))
  }
})

t.test('a fluent schema is unfolded, and another object with valueOf() is not', async (t) => {
  const unfolded = { type: 'integer' }
  t.equal(incoming(t, { isFluentSchema: true, valueOf: () => unfolded })('1'), 1)
  for (const isFluentSchema of [false, 1, undefined]) {
    let seen: unknown
    const schema = { isFluentSchema, valueOf: () => unfolded }
    compileIncoming(({ schema }) => { seen = schema; return () => true }, schema, about)
    t.equal(seen, schema, String(isFluentSchema))
  }
})

t.test('what a validator answers decides as in Fastify', async (t) => {
  for (const answer of [true, undefined, null, 'x', 1, {}, { error: undefined }, { error: null }, { then: 1 }]) {
    t.equal(answering(answer)(7), 7, JSON.stringify(answer))
  }
  t.equal(answering({ value: 8 })(7), 8)
  t.equal(answering({ error: undefined, value: undefined })(7), undefined)
  t.throws(() => answering(false)(7), { code: REFUSED })
  t.throws(() => answering({ error: new Error('odd'), value: 7 })(7), { code: REFUSED, message: 'odd' })
})

t.test('a promise that a validator returns is refused, and its rejection ends no process', async (t) => {
  for (const promise of [Promise.resolve(true), Promise.reject(new Error('unheard')), { then () {} }]) {
    t.throws(() => answering(promise)(7), { code: REFUSED, message: /the validator is asynchronous/ })
  }
  await new Promise((resolve) => setImmediate(resolve))
})

t.test('a validator set by hand gets null for a tombstone', async (t) => {
  const seen: unknown[] = []
  const validate = compileIncoming(() => (data) => { seen.push(data); return true }, {}, about)
  t.equal(validate(undefined), null)
  t.equal(validate(null), null)
  t.equal(validate(0), 0)
  t.same(seen, [null, null, 0])
})

t.test('a tombstone is told what is wrong with it, as any value', async (t) => {
  const refused = { instancePath: '', keyword: 'type', params: {}, message: 'must not be null' }
  for (const schema of [Type.String(), Type.Integer(), Type.Boolean()]) {
    t.throws(() => incoming(t, schema)(undefined), {
      code: REFUSED, message: 'value must not be null', validation: [refused]
    })
  }
  t.equal(incoming(t, Type.Union([Type.Null(), Type.String()]))(undefined), null)
})

t.test('bytes are told apart by a validator that reads them whole, or their first 64', async (t) => {
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, n) => n))
  const isBuffer = compileIncoming(() => (data) => Buffer.isBuffer(data), {}, about)
  t.equal(isBuffer(bytes), bytes)
  const looks = (read: (data: Buffer) => unknown) => compileIncoming(() => (data) => read(data) === true, {}, about)
  const members: Array<[title: string, read: (data: Buffer) => unknown]> = [
    ['length', ({ length }) => length === 100],
    ['byteLength', ({ byteLength }) => byteLength === 100],
    ['byteOffset', ({ byteOffset }) => byteOffset === bytes.byteOffset],
    ['buffer', ({ buffer }) => buffer === bytes.buffer],
    ['the first', (data) => data[0] === 0],
    ['the 64th', (data) => data[63] === 63],
    ['toString', (data) => typeof data.toString === 'function'],
    ['own names', (data) => Object.keys(data)[0] === '0']
  ]
  for (const [title, read] of members) {
    t.throws(() => looks(read)(bytes), { code: REFUSED, message: /must not be bytes/ }, title)
  }
})
