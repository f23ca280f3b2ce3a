import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import Fastify, { type FastifyInstance, type FastifySchemaCompiler, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import { decodeValue } from '../../lib/codec/content-type.js'
import { compileIncoming } from '../../lib/schema/incoming.js'
import { compilersOf, requestCompilers } from '../../lib/schema/scope-compilers.js'

/* One schema, one verdict: every payload below goes to a route and to a subscriber of the same scope. */

interface Setup {
  readonly schema: unknown
  readonly ajv?: FastifyServerOptions['ajv']
  /** What the scope holds beside the route. */
  readonly declare?: (scope: FastifyInstance) => void
}
interface Verdict { readonly value?: unknown, readonly error?: string }
/** The JSON on the wire, and what becomes of it: the resulting value, or the reason why there is none. */
type Payload = readonly [json: string, expected: Verdict]

async function verdicts (t: Test, { schema, ajv, declare = () => {} }: Setup): Promise<{
  http: (json: string) => Promise<Verdict>, kafka: (json: string) => Verdict
}> {
  const app = Fastify({ ...(ajv !== undefined && { ajv }) })
  t.teardown(() => app.close())
  let scope: FastifyInstance = app
  await app.register(async (child) => {
    scope = child
    declare(child)
    child.post('/', { schema: { body: schema } }, async (request) => ({ value: request.body }))
    requestCompilers(child)
  })
  await app.ready()
  const validate = compileIncoming(compilersOf(scope).validator, schema, { topic: 'orders', part: 'value' })

  return {
    async http (json) {
      const response = await app.inject({
        method: 'POST', url: '/', payload: json, headers: { 'content-type': 'application/json' }
      })
      const body: { value?: unknown, code?: string, message?: string } = response.json()
      if (response.statusCode === 200) return { value: body.value }
      if (body.code === 'FST_ERR_VALIDATION') return { error: String(body.message).replaceAll('body', 'value') }
      return { error: String(body.code) }
    },
    kafka (json) {
      try {
        return { value: JSON.parse(JSON.stringify(validate(decodeValue(Buffer.from(json), undefined)))) }
      } catch (error) {
        const { code, message } = error as { code: string, message: string }
        return { error: code === 'FASTSTREAM_ERR_VALIDATION' ? message : code }
      }
    }
  }
}

async function agree (t: Test, setup: Setup, payloads: readonly Payload[]): Promise<void> {
  const { http, kafka } = await verdicts(t, setup)
  for (const [json, expected] of payloads) {
    t.strictSame(await http(json), expected, `over HTTP: ${json}`)
    t.strictSame(kafka(json), expected, `over Kafka: ${json}`)
  }
}

const ok = (json: string, value: unknown = JSON.parse(json)): Payload => [json, { value }]
const bad = (json: string, error: string): Payload => [json, { error }]

t.test('numbers, booleans and strings are coerced alike', async (t) => {
  const schema = Type.Object({ n: Type.Number({ minimum: 0 }), i: Type.Integer(), b: Type.Boolean(), s: Type.String() })
  await agree(t, { schema }, [
    ok('{"n":1.5,"i":2,"b":true,"s":"x"}'),
    ok('{"n":"1.5","i":"2","b":"false","s":7}', { n: 1.5, i: 2, b: false, s: '7' }),
    ok('{"n":null,"i":true,"b":1,"s":null}', { n: 0, i: 1, b: true, s: '' }),
    ok('{"n":"-0","i":"1e2","b":0,"s":false}', { n: 0, i: 100, b: false, s: 'false' }),
    bad('{"n":-1,"i":1,"b":true,"s":""}', 'value/n must be >= 0'),
    bad('{"n":1,"i":"1.5","b":true,"s":""}', 'value/i must be integer'),
    bad('{"n":1,"i":1,"b":"yes","s":""}', 'value/b must be boolean'),
    bad('{"n":1,"i":1,"b":true}', "value must have required property 's'"),
    bad('[]', 'value must be object'),
    bad('"text"', 'value must be object')
  ])
})

t.test('defaults are filled in and unknown members removed alike', async (t) => {
  const schema = Type.Object({
    currency: Type.String({ default: 'EUR' }),
    notes: Type.Optional(Type.Array(Type.String(), { default: [] })),
    address: Type.Optional(Type.Object({ city: Type.String({ default: '?' }) }))
  }, { additionalProperties: false })
  await agree(t, { schema }, [
    ok('{}', { currency: 'EUR', notes: [] }),
    ok('{"extra":1,"currency":"USD"}', { currency: 'USD', notes: [] }),
    ok('{"address":{"kept":1}}', { currency: 'EUR', notes: [], address: { kept: 1, city: '?' } })
  ])
})

t.test('unions, literals and enums are decided alike', async (t) => {
  const schema = Type.Object({
    id: Type.Union([Type.Integer(), Type.String({ minLength: 2 })]),
    kind: Type.Literal('order'),
    state: Type.Enum({ open: 'open', done: 'done' }),
    by: Type.Union([Type.Object({ user: Type.String() }), Type.Object({ job: Type.Integer() })])
  })
  const rest = '"kind":"order","state":"open"'
  await agree(t, { schema }, [
    ok(`{"id":"7",${rest},"by":{"job":"3"}}`, { id: 7, kind: 'order', state: 'open', by: { job: 3 } }),
    ok(`{"id":"ab",${rest},"by":{"user":1}}`, { id: 'ab', kind: 'order', state: 'open', by: { user: '1' } }),
    bad(
      `{"id":"a",${rest},"by":{"job":3}}`,
      'value/id must be integer, value/id must NOT have fewer than 2 characters, value/id must match a schema in anyOf'
    ),
    bad('{"id":1,"kind":"other","state":"open","by":{"job":3}}', 'value/kind must be equal to constant'),
    bad(
      '{"id":1,"kind":"order","state":"lost","by":{"job":3}}',
      'value/state must be equal to constant, value/state must be equal to constant, value/state must match a schema in anyOf'
    )
  ])
})

t.test('nested arrays, arrays of scalars and scalars of arrays are coerced alike', async (t) => {
  const schema = Type.Object({
    rows: Type.Array(Type.Array(Type.Integer())), tags: Type.Array(Type.String()), one: Type.Integer()
  })
  await agree(t, { schema }, [
    ok('{"rows":[["1",2],[]],"tags":"a","one":["5"]}', { rows: [[1, 2], []], tags: ['a'], one: 5 }),
    ok('{"rows":[],"tags":[],"one":1}'),
    bad('{"rows":[[1],["x"]],"tags":[],"one":1}', 'value/rows/1/0 must be integer'),
    bad('{"rows":[],"tags":[],"one":[1,2]}', 'value/one must be integer')
  ])
})

t.test('formats and nullable members are decided alike', async (t) => {
  const schema = {
    type: 'object',
    properties: {
      at: { type: 'string', format: 'date-time' },
      mail: { type: 'string', format: 'email' },
      until: { type: 'string', nullable: true },
      seats: { type: ['integer', 'null'] }
    }
  }
  await agree(t, { schema }, [
    ok('{"at":"2024-05-05T10:00:00Z","mail":"a@example.com","until":null,"seats":null}'),
    ok('{"seats":"4"}', { seats: 4 }),
    bad('{"at":"yesterday"}', 'value/at must match format "date-time"'),
    bad('{"mail":"no address"}', 'value/mail must match format "email"')
  ])
})

t.test('the root itself is coerced alike', async (t) => {
  await t.test(
    'an integer',
    (t) => agree(t, { schema: Type.Integer() }, [
      ok('"42"', 42), ok('7'), ok('null', 0), bad('"x"', 'value must be integer')
    ])
  )
  await t.test(
    'a string',
    (t) => agree(t, { schema: Type.String() }, [ok('42', '42'), ok('null', ''), bad('{}', 'value must be string')])
  )
  await t.test(
    'a list',
    (t) => agree(t, { schema: Type.Array(Type.Integer()) }, [
      ok('"1"', [1]), ok('[1,"2"]', [1, 2]), bad('{}', 'value must be array')
    ])
  )
  await t.test('a schema that is true or false', async (t) => {
    await agree(t, { schema: true }, [ok('{"any":[1]}')])
    await agree(t, { schema: false }, [bad('1', 'value boolean schema is false')])
  })
})

t.test('references to shared schemas are resolved alike, also to one that only the scope knows', async (t) => {
  const schema = Type.Object(
    { price: Type.Unsafe({ $ref: 'money#' }), tax: Type.Unsafe({ $ref: 'money#/properties/amount' }) }, { $id: 'Order' }
  )
  const declare = (scope: FastifyInstance): void => {
    scope.addSchema({
      $id: 'money',
      type: 'object',
      required: ['amount'],
      properties: { amount: { type: 'number' }, currency: { type: 'string', default: 'EUR' } }
    })
  }
  await agree(t, { schema, declare }, [
    ok('{"price":{"amount":"9"},"tax":"1.9"}', { price: { amount: 9, currency: 'EUR' }, tax: 1.9 }),
    bad('{"price":{},"tax":1}', "value/price must have required property 'amount'")
  ])
})

t.test('a schema of the scope that has the same $id as the one given decides alike', async (t) => {
  const declare = (scope: FastifyInstance): void => {
    scope.addSchema({ $id: 'Order', type: 'object', required: ['id'] })
  }
  await agree(t, { schema: Type.Object({}, { $id: 'Order' }), declare }, [
    bad('{}', "value must have required property 'id'"), ok('{"id":1}')
  ])
})

t.test('a recursive schema is decided alike', async (t) => {
  const schema = Type.Recursive(
    (This) => Type.Object({ n: Type.Integer(), next: Type.Optional(This) }), { $id: 'Node' }
  )
  // Ajv as Fastify sets it up finds an $id only among the schemas that were added.
  await agree(t, { schema, declare: (scope) => { scope.addSchema(schema) } }, [
    ok('{"n":"1","next":{"n":"2"}}', { n: 1, next: { n: 2 } }),
    bad('{"n":1,"next":{"n":"x"}}', 'value/next/n must be integer')
  ])
})

t.test('the option `ajv` has the effect that it has in Fastify', async (t) => {
  const schema = Type.Object(
    {
      n: Type.Integer(),
      even: Type.Optional(Type.Unsafe({ type: 'integer', isEven: true })),
      code: Type.Optional(Type.String({ format: 'code' })),
      never: Type.Optional(Type.String({ format: 'never' }))
    },
    { additionalProperties: false }
  )
  const ajv: FastifyServerOptions['ajv'] = {
    customOptions: { coerceTypes: false, removeAdditional: false, allErrors: true },
    plugins: [
      function evenPlugin (ajv) {
        return ajv.addKeyword({ keyword: 'isEven', validate: (_: true, n: number) => n % 2 === 0 })
      },
      [function codePlugin (ajv, pattern) { return ajv.addFormat('code', pattern as RegExp) }, /^[A-Z]{3}$/]
    ],
    onCreate (ajv) { ajv.addFormat('never', () => false) }
  }
  await agree(t, { schema, ajv }, [
    ok('{"n":1,"even":2,"code":"ABC"}'),
    bad('{"n":"1","x":1}', 'value must NOT have additional properties, value/n must be integer'),
    bad('{"n":1,"never":"x"}', 'value/never must match format "never"'),
    bad(
      '{"n":1,"even":3,"code":"abc"}',
      'value/even must pass "isEven" keyword validation, value/code must match format "code"'
    )
  ])
})

t.test('two sets of options that differ only in their plugins are told apart', async (t) => {
  const schema = { type: 'string', format: 'code' }
  const options = (pattern: RegExp): FastifyServerOptions['ajv'] => ({
    plugins: [function codePlugin (ajv) { return ajv.addFormat('code', pattern) }]
  })
  await agree(t, { schema, ajv: options(/^a$/) }, [ok('"a"'), bad('"b"', 'value must match format "code"')])
  await agree(t, { schema, ajv: options(/^b$/) }, [ok('"b"'), bad('"a"', 'value must match format "code"')])
})

t.test('a compiler that was set by hand decides alike', async (t) => {
  await t.test("TypeBox's own", async (t) => {
    const schema = Type.Object({ n: Type.Integer(), s: Type.Optional(Type.String({ minLength: 2 })) })
    await agree(t, { schema, declare: (scope) => { scope.setValidatorCompiler(TypeBoxValidatorCompiler) } }, [
      ok('{"n":1,"extra":true}'),
      bad('{"n":"1"}', 'value/n Expected integer'),
      bad('{"n":1,"s":"a"}', 'value/s Expected string length greater or equal to 2')
    ])
  })
  const by = (validator: ReturnType<FastifySchemaCompiler<unknown>>): Setup => ({
    schema: { type: 'object' },
    declare: (scope) => { scope.setValidatorCompiler(() => validator) }
  })
  await t.test('that answers true, false or nothing', async (t) => {
    await agree(t, by(() => true), [ok('{"n":1}')])
    await agree(t, by((() => undefined) as never), [ok('{"n":1}')])
    await agree(
      t,
      by(Object.assign(() => false, {
        errors: [{ instancePath: '/n', keyword: 'own', schemaPath: '', params: {}, message: 'is wrong' }]
      })),
      [bad('{"n":1}', 'value/n is wrong')]
    )
  })
  await t.test('that answers with a value or an error', async (t) => {
    await agree(t, by((data) => ({ value: { ...data, seen: true } })), [ok('{"n":1}', { n: 1, seen: true })])
    await agree(t, by(() => ({ value: 0 })), [ok('{"n":1}', 0)])
    await agree(t, by(() => ({})), [ok('{"n":1}')])
    await agree(t, by(() => ({ error: undefined, value: 0 })), [ok('{"n":1}', 0)])
    await agree(t, by(() => ({ error: new Error('not today') })), [bad('{"n":1}', 'not today')])
  })
})

t.test('a fluent schema is understood alike', async (t) => {
  const fluent = { isFluentSchema: true, valueOf: () => ({ type: 'integer' }) }
  await agree(t, { schema: fluent }, [ok('"1"', 1), bad('{}', 'value must be integer')])
})

t.test('JSON that Fastify refuses to read is refused', async (t) => {
  const { http, kafka } = await verdicts(t, { schema: true })
  for (const json of [
    '{',
    '{"a":}',
    '',
    'undefined',
    '{"__proto__":{"x":1}}',
    '[{"constructor":{"prototype":{}}}]',
    '{"\\u005f\\u005Fproto_\\u005f":1}',
    '{"const\\u0072ucto\\u0072":{"prototype":1}}'
  ]) {
    t.match(await http(json), { error: /^FST_ERR_CTP_(INVALID|EMPTY)_JSON_BODY$/ }, json)
    t.strictSame(kafka(json), { error: 'FASTSTREAM_ERR_DECODE' }, json)
  }
  for (const json of [
    '{"constructor":1}', '{"a":"__proto__"}', '\ufeff{"bom":true}', '"constructor"', '{"\\u0061":"\\u00e9"}'
  ]) {
    const verdict = await http(json)
    t.hasProp(verdict, 'value', json)
    t.strictSame(kafka(json), verdict, json)
  }
})
