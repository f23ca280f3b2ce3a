import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import Fastify, { type FastifyInstance, type FastifySchemaCompiler } from 'fastify'
import t, { type Test } from 'tap'
import { ajvCompiler, type AjvOptions } from '../../lib/schema/ajv.js'
import { decodeKey } from '../../lib/codec/text.js'
import { decodeHeaders } from '../../lib/message/headers.js'
import { compileIncoming, type Validate } from '../../lib/schema/incoming.js'
import { compileOutgoing, type Check } from '../../lib/schema/outgoing.js'
import type { Part } from '../../lib/codec/violations.js'

type Compiler = FastifySchemaCompiler<unknown>

const typebox = TypeBoxValidatorCompiler as Compiler

interface Setup {
  readonly part?: Part
  readonly ajv?: AjvOptions
  readonly custom?: Compiler
  readonly shared?: object
}

function fixture (t: Test, shared?: object): FastifyInstance {
  const app = Fastify()
  t.teardown(() => app.close())
  if (shared !== undefined) app.addSchema(shared)
  return app
}

function incoming (t: Test, schema: unknown, { part = 'value', ajv, custom, shared }: Setup = {}): Validate {
  return compileIncoming(custom ?? ajvCompiler(fixture(t, shared), ajv), schema, { topic: 'orders', part })
}

function outgoing (t: Test, schema: unknown, { part = 'value', ajv, custom, shared }: Setup = {}): Check {
  const scope = fixture(t, shared)
  const compiler = custom ?? ajvCompiler(scope, ajv)
  return compileOutgoing({ scope, ajv, compiler }, schema, { topic: 'orders', part })
}

const Order = Type.Object(
  { id: Type.String(), total: Type.Number({ minimum: 0 }), note: Type.Optional(Type.String({ default: '-' })) },
  { additionalProperties: false }
)

t.test('on the way in', async (t) => {
  t.test('an error tells where and why, in places and names but not in values', async (t) => {
    const validate = incoming(t, Order, { ajv: { customOptions: { allErrors: true, verbose: true } } })
    t.throws(() => validate({ id: ['secret', 1], total: -1 }), {
      code: 'FASTSTREAM_ERR_VALIDATION',
      statusCode: 400,
      message: 'value/id must be string, value/total must be >= 0',
      validationContext: 'value',
      validation: [
        { instancePath: '/id', keyword: 'type', message: 'must be string', params: { type: 'string' } },
        { instancePath: '/total', keyword: 'minimum', message: 'must be >= 0', params: { comparison: '>=', limit: 0 } }
      ]
    })
    try {
      validate({ id: ['secret', 1], total: -1 })
      t.fail('it was accepted')
    } catch (error) {
      t.notMatch(JSON.stringify(error), /secret/)
    }
  })

  t.test('an unknown tag is not quoted', async (t) => {
    const schema = {
      type: 'object',
      required: ['kind'],
      discriminator: { propertyName: 'kind' },
      oneOf: [{ properties: { kind: { const: 'a' } } }]
    }
    const validate = incoming(t, schema, { ajv: { customOptions: { discriminator: true } } })
    try {
      validate({ kind: 'secret' })
      t.fail('it was accepted')
    } catch (error) {
      t.match(error, { validation: [{ keyword: 'discriminator', params: { tag: 'kind' } }] })
      t.notMatch(JSON.stringify(error), /secret/)
    }
  })

  t.test('a long list of errors is cut', async (t) => {
    const validate = incoming(t, Type.Array(Type.Integer()), { ajv: { customOptions: { allErrors: true } } })
    try {
      validate(Array(1000).fill('x'))
      t.fail('it was accepted')
    } catch (error) {
      t.equal((error as { validation: unknown[] }).validation.length, 50)
    }
  })

  t.test('a key is coerced from text, and no key is not the empty one', async (t) => {
    t.equal(incoming(t, Type.Integer(), { part: 'key' })(decodeKey(Buffer.from('42'))), 42)
    t.throws(() => incoming(t, Type.Integer(), { part: 'key' })('x'), {
      message: 'key must be integer', validationContext: 'key'
    })
    t.equal(incoming(t, Type.String(), { part: 'key' })(''), '')
    t.throws(() => incoming(t, Type.String(), { part: 'key' })(null), {
      message: 'key must not be null', validation: [{ instancePath: '', keyword: 'type' }]
    })
    t.equal(incoming(t, Type.Union([Type.Null(), Type.Integer()]), { part: 'key' })(null), null)
  })

  t.test('a tombstone is null or refused, never coerced; a JSON null is coerced as in Fastify', async (t) => {
    const validate = incoming(t, Type.String())
    t.equal(validate(null), '')
    t.throws(() => validate(undefined), { message: 'value must not be null' })
    t.throws(() => incoming(t, Order)(undefined), { message: 'value must be object' })
    t.equal(incoming(t, { type: 'object', nullable: true })(undefined), null)
    t.equal(incoming(t, {}, { custom: () => () => true })(undefined), null)
  })

  t.test('headers are coerced from text, and names keep their case', async (t) => {
    const validate = incoming(
      t,
      Type.Object({ Attempt: Type.Integer(), vip: Type.Boolean() }, { additionalProperties: false }),
      { part: 'headers' }
    )
    const headers = decodeHeaders([
      ['Attempt', Buffer.from('2')], ['vip', Buffer.from('true')], ['__proto__', Buffer.from('x')]
    ])
    t.strictSame({ ...validate(headers) as object }, { Attempt: 2, vip: true })
    t.throws(() => validate(decodeHeaders([['attempt', Buffer.from('2')]])), {
      message: "headers must have required property 'Attempt'"
    })
  })

  t.test('a compiler set by hand learns which part it compiles for', async (t) => {
    const seen: unknown[] = []
    const custom: Compiler = (definition) => { seen.push(definition); return () => true }
    for (const part of ['value', 'key', 'headers'] as const) incoming(t, Order, { part, custom })
    t.match(seen, [{ httpPart: 'body', url: 'orders' }, { httpPart: 'params' }, { httpPart: 'headers' }])
    t.equal(incoming(t, Type.Integer(), { part: 'key', custom: typebox })('42'), 42)
  })

  t.test('a verdict without reasons is a verdict', async (t) => {
    t.throws(() => incoming(t, {}, { custom: () => () => false })(1), {
      code: 'FASTSTREAM_ERR_VALIDATION', message: 'value is not valid', validation: []
    })
    t.throws(() => incoming(t, {}, { custom: () => () => ({ error: [{} as never] }) })(1), {
      message: 'value is not valid', validation: [{ instancePath: '' }]
    })
  })

  t.test('an error that a compiler made by hand gives is the cause', async (t) => {
    const cause = new Error('too late')
    t.throws(() => incoming(t, {}, { custom: () => () => ({ error: cause }) })(1), {
      code: 'FASTSTREAM_ERR_VALIDATION', message: 'too late', cause, validation: []
    })
  })

  t.test('a validator that throws is no verdict', async (t) => {
    const bug = new TypeError('a bug')
    t.throws(() => incoming(t, {}, { custom: () => () => { throw bug } })(1), bug)
  })

  t.test('an asynchronous validator is refused', async (t) => {
    const message = /asynchronous/
    t.throws(
      () => incoming(t, {}, { custom: (() => async () => true) as never }),
      { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message }
    )
    t.throws(() => incoming(t, { $async: true, type: 'object' }), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message })
    t.throws(
      () => incoming(t, {}, { custom: (() => () => Promise.reject(new Error('unheard'))) as never })(1),
      { code: 'FASTSTREAM_ERR_VALIDATION', message }
    )
  })

  t.test('a schema that cannot be compiled is named', async (t) => {
    t.throws(() => incoming(t, { $ref: 'nowhere#' }, { part: 'key' }), {
      code: 'FASTSTREAM_ERR_SCHEMA_BUILD',
      message: /^the key schema of 'orders' cannot be compiled: can't resolve reference nowhere#/,
      cause: Error
    })
    t.throws(() => incoming(t, { type: 'strnig' }), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
    t.throws(() => incoming(t, null), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
    const thrown = 'no such thing'
    t.throws(() => incoming(t, {}, { custom: () => { throw thrown } }), {
      code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /no such thing$/
    })
    t.throws(() => incoming(t, {}, { custom: (() => undefined) as never }), {
      code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /did not return a function/
    })
  })

  t.test('ajv options that Fastify refuses are refused', async (t) => {
    for (const customOptions of [null, 'strict']) {
      t.throws(() => incoming(t, {}, { ajv: { customOptions } as never }), {
        code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /ajv\.customOptions/
      })
    }
    t.throws(() => incoming(t, {}, { ajv: { plugins: () => {} } as never }), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /ajv\.plugins/
    })
    t.equal(incoming(t, Type.Integer(), { ajv: {} })('1'), 1)
  })
})

t.test('on the way out', async (t) => {
  t.test('nothing is coerced, filled in or removed, and all errors are told', async (t) => {
    const check = outgoing(t, Order)
    t.throws(() => check({ id: 7, total: '9', more: true }), {
      code: 'FASTSTREAM_ERR_INVALID_MESSAGE',
      statusCode: 500,
      message: "the message for 'orders' does not match its publisher's schema and was not sent: value must NOT have additional properties, value/id must be string, value/total must be number",
      validationContext: 'value',
      validation: [
        { instancePath: '', keyword: 'additionalProperties', params: { additionalProperty: 'more' } },
        { instancePath: '/id', keyword: 'type', message: 'must be string' },
        { instancePath: '/total', keyword: 'type', message: 'must be number' }
      ]
    })
    t.throws(() => outgoing(t, Type.Integer())('1'), { message: /value must be integer$/ })
    t.throws(() => outgoing(t, Type.Array(Type.String()))('a'), { message: /value must be array$/ })
    t.throws(() => outgoing(t, Type.String())(null), { message: /value must be string$/ })
  })

  t.test('a value is never changed', async (t) => {
    // A keyword that changes what it checks, as ajv-keywords has one.
    const upper = {
      keyword: 'upper',
      modifying: true,
      compile: () => (id: string, at?: { parentData: Record<string, string> }) => {
        (at as { parentData: Record<string, string> }).parentData.id = id.toUpperCase()
        return true
      }
    }
    const order = Object.freeze({ id: 'a', total: 1 })
    outgoing(t, Order)(order)
    const value = { id: 'a' }
    outgoing(
      t,
      { type: 'object', properties: { id: { type: 'string', upper: true } } },
      { ajv: { customOptions: { keywords: [upper] } } }
    )(value)
    outgoing(t, Type.Object({}), { custom: () => (data) => { delete data.id; return true } })(value)
    outgoing(t, Type.Object({ id: Type.Array(Type.String()) }), { part: 'headers' })(value)
    t.strictSame(value, { id: 'a' })
  })

  t.test('what is checked is what will be on the wire', async (t) => {
    class Money {
      readonly cents = 950
      get amount (): number { return this.cents / 100 }
      toJSON (): object { return { amount: this.amount } }
    }
    const at = Type.Object({ at: Type.String({ format: 'date-time' }) })
    outgoing(t, at)({ at: new Date(0) })
    outgoing(t, at)({ at: { toJSON: () => '1970-01-01T00:00:00Z' } })
    t.throws(() => outgoing(t, at)({ at: new Date(NaN) }), {
      code: 'FASTSTREAM_ERR_ENCODE', message: /value\/at is an invalid Date/
    })
    outgoing(t, Type.Object({ amount: Type.Number() }, { additionalProperties: false }))(new Money())
    t.throws(
      () => outgoing(t, Type.Object({ cents: Type.Number() }))(new Money()), { message: /required property 'cents'/ }
    )
    outgoing(t, Order)({ id: 'a', total: 1, note: undefined, more: undefined })
    outgoing(t, Order)(Object.assign(Object.create(null), { id: 'a', total: 1 }))
    t.throws(() => outgoing(t, Order)({ id: undefined, total: 1 }), { message: /required property 'id'/ })
    const notNull = outgoing(t, { type: 'array', items: { not: { type: 'null' } } })
    notNull([0, 'a', {}])
    t.throws(() => notNull(Object.assign([0], { toJSON: () => [null] })), { message: /value\/0 must NOT be valid$/ })
    outgoing(t, Type.Array(Type.Boolean()))([true, false])
  })

  t.test('what JSON has no form for is refused, whatever the schema asks for', async (t) => {
    const open = outgoing(t, {})
    const values: Array<[value: unknown, place: string]> = [
      [{ m: new Map() }, '/m'], [[NaN], '/0'], [Array(1), '/0'], [{ a: [Promise.resolve()] }, '/a/0']
    ]
    for (const [value, instancePath] of values) {
      t.throws(() => open(value), {
        code: 'FASTSTREAM_ERR_ENCODE', validation: [{ instancePath }], validationContext: 'value'
      })
      t.throws(
        () => outgoing(t, {}, { custom: () => () => true })(value),
        { code: 'FASTSTREAM_ERR_ENCODE', validation: [{ instancePath }] },
        'with a compiler set by hand'
      )
    }
    t.throws(() => outgoing(t, Order)({ id: 'a', total: Infinity }), {
      code: 'FASTSTREAM_ERR_ENCODE', validation: [{ instancePath: '/total' }]
    })
  })

  t.test('what cannot be written is not sent either', async (t) => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    for (const value of [undefined, cycle, { id: 1n }, Symbol('s')]) {
      t.throws(() => outgoing(t, {})(value), { code: 'FASTSTREAM_ERR_ENCODE' })
    }
    const deep = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))
    outgoing(t, {})(deep(64))
    t.throws(
      () => outgoing(t, {})(deep(65)),
      { code: 'FASTSTREAM_ERR_ENCODE', message: /deeper than 64 levels$/ },
      'a subscriber would not read it'
    )
  })

  t.test("references, formats and the scope's options are known as on the way in", async (t) => {
    const shared = { $id: 'id', type: 'string', format: 'uuid' }
    const check = outgoing(t, Type.Object({ id: Type.Unsafe({ $ref: 'id#' }) }), { shared })
    check({ id: '123e4567-e89b-12d3-a456-426614174000' })
    t.throws(() => check({ id: 'x' }), { message: /value\/id must match format "uuid"$/ })
    outgoing(t, Type.String({ format: 'code' }), { ajv: { customOptions: { formats: { code: /^[A-Z]+$/ } } } })('ABC')
    t.throws(() => outgoing(t, { $ref: 'nowhere#' }), {
      code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /^the value schema of 'orders'/
    })
  })

  t.test('keys and headers are checked as they will be read: as text', async (t) => {
    const key = outgoing(t, Type.Integer(), { part: 'key' })
    key('42')
    t.throws(() => key('x'), { message: /key must be integer$/, validationContext: 'key' })
    for (const none of [null, undefined]) t.throws(() => key(none), { message: /key must not be null$/ })
    outgoing(t, Type.Null(), { part: 'key' })(null)

    const headers = outgoing(
      t, Type.Object({ attempt: Type.Integer() }, { additionalProperties: false }), { part: 'headers' }
    )
    const sent = { attempt: '2', correlation_id: 'x', nothing: undefined }
    headers(sent)
    t.strictSame(sent, { attempt: '2', correlation_id: 'x', nothing: undefined })
    headers(decodeHeaders([['attempt', Buffer.from('2')]]))
    t.throws(() => headers({ attempt: 'x' }), { message: /headers\/attempt must be integer$/ })
  })

  t.test('a compiler set by hand decides when only it knows its schemas', async (t) => {
    class Even { readonly what = 'even' }
    const custom: Compiler = ({ schema }) => (data) => schema instanceof Even && data % 2 === 0
      ? {
          value: 'ignored'
        }
      : {
          error: new Error('must be even')
        }
    outgoing(t, new Even(), { custom })(2)
    t.throws(() => outgoing(t, new Even(), { custom })(1), {
      code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /: must be even$/, cause: Error
    })
    t.throws(() => outgoing(t, new Even()), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
    const check = outgoing(t, Type.Object({ n: Type.Integer() }), { custom: typebox })
    check({ n: 1 })
    t.throws(() => check({ n: '1' }), { message: /value\/n Expected integer$/ })
  })

  t.test('a compiler of the app may coerce what is received, not what is published with its keyword', async (t) => {
    const ajv = new Ajv({ coerceTypes: true, keywords: ['mine'] })
    const custom: Compiler = ({ schema }) => ajv.compile(schema as object)
    t.throws(() => outgoing(t, Type.Integer(), { custom })('1'), { message: /value must be integer$/ })
    t.throws(() => outgoing(t, { type: 'integer', mine: true }, { custom })('1'), { message: /value must be number$/ })
    t.doesNotThrow(() => outgoing(t, { type: 'integer', mine: true }, { custom })(1))
    t.throws(() => outgoing(t, { type: 'integer', mine: true }, { custom })('x'), { message: /value must be integer$/ })
  })
})
