import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import Fastify, { type FastifySchemaCompiler } from 'fastify'
import t, { type Test } from 'tap'
import { ajvCompiler, type AjvOptions } from '../../lib/schema/ajv.js'
import { compileOutgoing, type Check } from '../../lib/schema/outgoing.js'
import { compilersOf, requestCompilers } from '../../lib/schema/scope-compilers.js'
import type { Part } from '../../lib/codec/violations.js'

type Compiler = FastifySchemaCompiler<unknown>

interface Setup {
  readonly part?: Part
  readonly ajv?: AjvOptions
  readonly custom?: Compiler
  readonly hasCodec?: boolean
}

function outgoing (t: Test, schema: unknown, { part = 'value', ajv, custom, hasCodec }: Setup = {}): Check {
  const scope = Fastify()
  t.teardown(() => scope.close())
  const means = { scope, ajv, compiler: custom ?? ajvCompiler(scope, ajv), ...(hasCodec !== undefined && { hasCodec }) }
  return compileOutgoing(means, schema, { topic: 'orders', part })
}

const coercing = (): Compiler => {
  const ajv = new Ajv({ coerceTypes: true, keywords: ['mine'] })
  return ({ schema }) => ajv.compile(schema as object)
}

t.test('no default stands for what is missing, in a value and in headers', async (t) => {
  const schema = Type.Object({ tenant: Type.String({ default: 'a' }) })
  for (const part of ['value', 'headers'] as const) {
    t.throws(() => outgoing(t, schema, { part })({}), { message: /required property 'tenant'$/ }, part)
  }
})

t.test('a small value is told all its errors, a large one the first', async (t) => {
  const errorsOf = (check: Check, value: unknown): number => {
    try {
      check(value)
    } catch (error) {
      return (error as { validation: unknown[] }).validation.length
    }
    return 0
  }
  for (const part of ['value', 'headers'] as const) {
    const check = outgoing(t, Type.Object({ a: Type.Integer(), b: Type.Integer() }), { part })
    t.equal(errorsOf(check, { a: 'x', b: 'x' }), 2, part)
    t.equal(errorsOf(check, { a: 'x', b: 'x' }), 2, 'the second time, too')
    t.equal(errorsOf(check, { a: 'x', b: 'x', more: 'x'.repeat(5000) }), 1, part)
  }
})

t.test('a text that two types accept is not what the compiler of the app makes of it', async (t) => {
  const id = { anyOf: [{ type: 'integer' }, { type: 'string' }] }
  const check = outgoing(t, { type: 'object', properties: { id } }, { custom: coercing() })
  const order = { id: '1' }
  check(order)
  t.same(order, { id: '1' })
})

t.test('keys and headers are text, which the compiler of the app may coerce', async (t) => {
  const whole = { type: 'integer', mine: true }
  outgoing(t, whole, { part: 'key', custom: coercing() })('1')
  outgoing(t, { type: 'object', properties: { n: whole } }, { part: 'headers', custom: coercing() })({ n: '1' })
  t.throws(() => outgoing(t, whole, { part: 'key', custom: coercing() })('x'), { message: /key must be integer$/ })
})

t.test('a key of null or undefined is no key, a value of undefined is none', async (t) => {
  const nullable = { type: ['string', 'null'] }
  for (const none of [null, undefined]) outgoing(t, nullable, { part: 'key' })(none)
  t.throws(() => outgoing(t, nullable)(undefined), { code: 'FASTSTREAM_ERR_ENCODE' })
  t.throws(() => outgoing(t, Type.Integer(), { part: 'key' })(null), { message: /key must not be null$/ })
})

t.test('a value that a codec writes is checked as it is, also where JSON has no form for it', async (t) => {
  const value = { id: 'a', at: new Map([['a', 1]]), run: () => 1 }
  outgoing(t, Type.Object({ id: Type.String() }), { hasCodec: true })(value)
  t.throws(() => outgoing(t, Type.Object({ id: Type.Integer() }), { hasCodec: true })(value), {
    code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /value\/id must be integer$/
  })
})

t.test('a value that a codec writes is copied where the check may change it, or refused', async (t) => {
  const removing: Compiler = () => (data) => { delete data.id; return true }
  const value = { id: 'a', at: new Map([['a', 1]]) }
  outgoing(t, {}, { hasCodec: true, custom: removing })(value)
  t.equal(value.id, 'a')
  let seen: unknown
  outgoing(t, {}, { hasCodec: true, custom: () => (data) => { seen = data.at; return true } })(value)
  t.same(seen, value.at, 'a copy keeps what JSON does not')
  t.throws(() => outgoing(t, {}, { hasCodec: true, custom: removing })({ run: () => 1 }), {
    code: 'FASTSTREAM_ERR_ENCODE',
    message: /^the value of the message for 'orders' .* it cannot be copied/,
    cause: Error
  })
  t.throws(() => outgoing(t, {}, { hasCodec: true, ajv: {} })({ run: () => 1 }), { code: 'FASTSTREAM_ERR_ENCODE' })
})

t.test('where Fastify made the compiler, the strict one decides alone, if it knows the schema', async (t) => {
  const app = Fastify({ ajv: { customOptions: { keywords: ['mine'] } } })
  t.teardown(() => app.close())
  requestCompilers(app)
  await app.ready()
  const compiler = compilersOf(app).validator
  const of = (schema: object): Check => {
    return compileOutgoing({ scope: app, ajv: undefined, compiler }, schema, { topic: 'orders', part: 'value' })
  }
  t.throws(() => of({ type: 'integer' })('1'), { message: /value must be integer$/ })
  t.throws(() => of({ type: 'integer', mine: true })('1'), { message: /value must be number$/ })
  of({ type: 'integer', mine: true })(1)
  t.throws(() => of({ $ref: 'nowhere#' }), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
})
