import t from 'tap'
import { Type as Type034 } from '@sinclair/typebox'
import { Type } from 'typebox'
import * as z from 'zod'
import * as mini from 'zod/mini'
import * as z3 from 'zod/v3'
import { jsonSchemaOf } from '../../../lib/asyncapi/schema/json-schema.js'
import { definitionOf, convert, plain, to } from '../../support/schema-definition.js'

t.test('TypeBox', async (t) => {
  t.test('0.34: recursion, modules, composites, and types that JSON does not have', async (t) => {
    const module = Type034.Module({
      User: Type034.Object({ at: Type034.Ref('Address') }),
      Address: Type034.Object({ of: Type034.Optional(Type034.Ref('User')) })
    })
    t.same(convert(module.Import('User')), {
      $ref: 'User',
      schemas: {
        User: { type: 'object', required: ['at'], properties: { at: to('Address') } },
        Address: { type: 'object', properties: { of: to('User') } }
      }
    })
    t.same(
      convert(Type034.Recursive((This) => Type034.Object({ next: Type034.Optional(This) }), { $id: 'Node' })),
      { $ref: 'Node', schemas: { Node: { type: 'object', properties: { next: to('Node') } } } }
    )
    t.same(plain(Type034.Composite([Type034.Object({ a: Type034.String() }), Type034.Object({ b: Type034.Date() })])), {
      type: 'object',
      required: ['a', 'b'],
      properties: {
        a: { type: 'string' }, b: { type: 'string', format: 'date-time' }
      }
    })
    t.same(plain(Type034.Object({
      n: Type034.BigInt({ minimum: 1n }),
      b: Type034.Uint8Array(),
      u: Type034.Undefined(),
      v: Type034.Void(),
      s: Type034.Symbol(),
      r: Type034.RegExp(/^a+$/),
      i: Type034.RegExp(/a/i)
    })), {
      type: 'object',
      required: ['n', 'b', 'u', 'v', 's', 'r', 'i'],
      properties: {
        n: { minimum: 1, type: 'integer', format: 'int64' },
        b: { type: 'string', format: 'binary' },
        u: { not: {} },
        v: { not: {} },
        s: {},
        r: { type: 'string', pattern: '^a+$' },
        i: { type: 'string' }
      }
    })
    t.same(plain(Type034.Record(Type034.String(), Type034.Number())), {
      type: 'object', additionalProperties: { type: 'number' }
    })
    t.same(plain(Type034.Tuple([Type034.String(), Type034.Number()])), {
      type: 'array', items: [{ type: 'string' }, { type: 'number' }], additionalItems: false, minItems: 2, maxItems: 2
    })
  })

  t.test('1.x: modules, cycles, unions and intersections', async (t) => {
    const { User } = Type.Module({
      User: Type.Object({ at: Type.Ref('Address') }), Address: Type.Object({ of: Type.Optional(Type.Ref('User')) })
    })
    t.same(convert(User), {
      $ref: 'User',
      schemas: {
        User: { type: 'object', required: ['at'], properties: { at: to('Address') } },
        Address: { type: 'object', properties: { of: to('User') } }
      }
    })
    t.same(
      convert(Type.Cyclic({ Node: Type.Object({ next: Type.Optional(Type.Ref('Node')) }) }, 'Node')),
      { $ref: 'Node', schemas: { Node: { type: 'object', properties: { next: to('Node') } } } }
    )
    t.same(
      plain(Type.Union([Type.Literal('web'), Type.Literal('shop')], { title: 'Channel' })),
      { title: 'Channel', type: 'string', enum: ['web', 'shop'] }
    )
    t.same(plain(Type.Union([Type.Literal('a'), Type.Literal(1)])), { enum: ['a', 1] })
    t.same(plain(Type.Union([Type.String(), Type.Null()])), { anyOf: [{ type: 'string' }, { type: 'null' }] })
    t.same(plain(Type.Intersect(
      [Type.Object({ a: Type.String() }), Type.Object({ b: Type.String() })], { unevaluatedProperties: false }
    )), {
      allOf: [
        { type: 'object', required: ['a'], properties: { a: { type: 'string' } } },
        { type: 'object', required: ['b'], properties: { b: { type: 'string' } } }
      ]
    })
    t.same(plain(Type.Record(Type.String(), Type.Number())), {
      type: 'object', additionalProperties: { type: 'number' }
    })
    t.same(plain(Type.BigInt()), { type: 'integer', format: 'int64' })
  })
})

t.test('schemas of other libraries', async (t) => {
  t.test('Zod 4: the form on the wire, with names, dates and recursion', async (t) => {
    const Line = z.object({ sku: z.string() }).meta({ id: 'Line' })
    const Order = z.object({
      id: z.string(),
      at: z.coerce.date(),
      total: z.bigint(),
      lines: z.array(Line),
      n: z.string().transform(Number),
      size: z.int().max(9),
      count: z.int().default(3)
    }).meta({ id: 'Order', title: 'An order' })
    t.same(convert(Order), {
      $ref: 'Order',
      schemas: {
        Line: { type: 'object', required: ['sku'], properties: { sku: { type: 'string' } } },
        Order: {
          title: 'An order',
          type: 'object',
          required: ['id', 'at', 'total', 'lines', 'n', 'size'],
          properties: {
            id: { type: 'string' },
            at: { type: 'string', format: 'date-time' },
            total: {},
            lines: { type: 'array', items: to('Line') },
            n: { type: 'string' },
            size: { type: 'integer', maximum: 9 },
            count: { type: 'integer', default: 3 }
          }
        }
      }
    })
    t.equal(definitionOf(Order)?.named, true)
    const Tree = z.object({ get children () { return z.array(Tree) } })
    t.same(convert(Tree), {
      $ref: 'Payload',
      schemas: {
        Payload: {
          type: 'object', required: ['children'], properties: { children: { type: 'array', items: to('Payload') } }
        }
      }
    })
    t.same(convert(z.object({ a: Tree, b: Tree }))?.schemas, {
      Payload: { type: 'object', required: ['a', 'b'], properties: { a: to('Schema'), b: to('Schema') } },
      Schema: {
        type: 'object', required: ['children'], properties: { children: { type: 'array', items: to('Schema') } }
      }
    }, 'a name that Zod counts is no name')
  })

  t.test('zod/mini, whose schemas have no method, by the package of the app', async (t) => {
    const expected = {
      type: 'object',
      required: ['id', 'at'],
      properties: { id: { type: 'string' }, at: { type: 'string', format: 'date-time' } }
    }
    const schema = mini.object({ id: mini.string(), at: mini.date() })
    t.same(plain(schema), expected)
    const [, started] = process.argv
    t.teardown(() => { process.argv[1] = started as string })
    for (const elsewhere of ['/usr/lib/tool/index.js', '[eval]']) {
      process.argv[1] = elsewhere
      t.same(plain(schema), expected, 'found from the working directory')
    }
  })

  t.test('Standard JSON Schema, and methods by their usual names', async (t) => {
    const schema = { $id: 'Order', type: 'object' }
    const wanted: unknown[] = []
    const write = (options: unknown): object => { wanted.push(options); return schema }
    const standard = { '~standard': { version: 1, vendor: 'other', jsonSchema: { input: write } } }
    for (const given of [
      standard, Object.assign(() => {}, standard), { toJSONSchema: write }, { toJsonSchema: write }
    ]) {
      t.equal(convert(given)?.$ref, 'Order')
    }
    t.match(wanted, Array.from({ length: 4 }, () => ({ target: 'draft-07' })))
  })

  t.test('what cannot be converted has a reason', async (t) => {
    const fails = { toJSONSchema () { throw new TypeError('no form for a map') } }
    const throwsText = { toJSONSchema () { throw 'no form' } } // eslint-disable-line no-throw-literal
    const reasons = [
      new (class Joi {})(),
      z3.object({}),
      7,
      null,
      { '~standard': {}, type: 'object' },
      fails,
      throwsText,
      { toJSONSchema: () => 7 }
    ].map((given) => jsonSchemaOf(given))
    const none = { reason: 'it has no JSON Schema form' }
    t.same(reasons, [
      none,
      none,
      none,
      none,
      none,
      { reason: 'no form for a map' },
      { reason: 'no form' },
      { reason: 'its conversion returned no JSON Schema' }
    ])
  })

  t.test("the app's own conversion comes first, and may leave a schema to the plugin", async (t) => {
    const schema = z.object({ id: z.string() })
    t.same(
      jsonSchemaOf(schema, (given) => { t.equal(given, schema); return { type: 'null' } }), { schema: { type: 'null' } }
    )
    t.same(jsonSchemaOf(schema, () => true), { schema: true })
    t.match(jsonSchemaOf(schema, () => undefined), { schema: { type: 'object', required: ['id'] } })
    t.throws(() => jsonSchemaOf(schema, (async () => ({})) as unknown as () => object), {
      message: 'its conversion returned no JSON Schema'
    })
  })
})
