import t from 'tap'
import { Type as Type034 } from '@sinclair/typebox'
import { Type } from 'typebox'
import * as z from 'zod'
import * as mini from 'zod/mini'
import * as z3 from 'zod/v3'
import { Ajv } from 'ajv'
import { Components } from '../../lib/asyncapi/schema/components.js'
import { define } from '../../lib/asyncapi/schema/definition.js'
import { jsonSchemaOf } from '../../lib/asyncapi/schema/json-schema.js'
import { References } from '../../lib/asyncapi/schema/references.js'

function definitionOf (given: unknown, shared: Record<string, unknown> = {}, name = 'Payload') {
  const found = jsonSchemaOf(given)
  return 'schema' in found ? define(found.schema, References.ofScope(shared), name) : undefined
}

/** What a document makes of one schema: where it is, and `components.schemas`. */
function convert (schema: unknown, shared: Record<string, unknown> = {}) {
  const components = new Components()
  const definition = definitionOf(schema, shared)
  if (definition === undefined) return undefined
  const { $ref } = components.refer(definition)
  return { $ref: $ref.replace('#/components/schemas/', ''), schemas: components.schemas }
}

/** The same for a schema without references. */
function plain (schema: object): unknown {
  return convert(schema)?.schemas.Payload
}

const to = (name: string) => ({ $ref: `#/components/schemas/${name}` })

t.test('names', async (t) => {
  t.test('a schema is called by its $id, of a URI by the last segment, else as it is asked to be', async (t) => {
    t.equal(convert({ $id: 'Order', type: 'object' })?.$ref, 'Order')
    t.equal(convert({ $id: 'https://example.com/schemas/order.json#', type: 'object' })?.$ref, 'order')
    t.equal(convert({ $id: 'urn:example:my order!', type: 'object' })?.$ref, 'my_order')
    t.equal(convert({ $id: '---', type: 'object' })?.$ref, 'unnamed')
    t.equal(convert({ type: 'object' })?.$ref, 'Payload')
  })

  t.test('the counter of TypeBox is no name, since it depends on what was made before', async (t) => {
    const node = Type034.Recursive((This) => Type034.Object({ children: Type034.Array(This) }))
    t.match(node.$id, /^T\d+$/)
    t.same(convert(node), {
      $ref: 'Payload',
      schemas: {
        Payload: {
          type: 'object', required: ['children'], properties: { children: { type: 'array', items: to('Payload') } }
        }
      }
    })
  })

  t.test('what is the same shares a name, whatever the order of its members; what differs never does', async (t) => {
    const components = new Components()
    const refer = (schema: object, shared = {}) => components.refer(
      definitionOf(schema, shared)!
    ).$ref.split('/').at(-1)
    t.equal(refer({ $id: 'Item', type: 'object', properties: { a: {}, b: {} } }), 'Item')
    t.equal(refer({ $id: 'Item', properties: { b: {}, a: {} }, type: 'object' }), 'Item')
    t.equal(refer({ $id: 'Item', type: 'string' }), 'Item_2')
    t.equal(refer({ $id: 'Item', type: 'string' }), 'Item_2')
    // They are written alike, and mean different things.
    t.equal(refer({ $id: 'Order', items: { $ref: 'Part#' } }, { Part: { $id: 'Part', type: 'string' } }), 'Order')
    t.equal(refer({ $id: 'Order', items: { $ref: 'Part#' } }, { Part: { $id: 'Part', type: 'number' } }), 'Order_2')
    t.same(components.schemas, {
      Item: { type: 'object', properties: { a: {}, b: {} } },
      Item_2: { type: 'string' },
      Order: { items: to('Part') },
      Order_2: { items: to('Part_2') },
      Part: { type: 'string' },
      Part_2: { type: 'number' }
    })
  })

  t.test('what is small and has no name stands where it is used', async (t) => {
    const components = new Components()
    const inline = (schema: unknown, shared = {}) => components.inline(definitionOf(schema, shared, 'Key')!)
    t.same(inline({ type: 'string' }), { type: 'string' })
    t.same(inline({ $id: 'Key', type: 'string' }), to('Key'))
    t.same(inline({ $ref: 'Id#' }, { Id: { $id: 'Id', type: 'string' } }), to('Id'))
    t.same(inline({ type: 'array', items: { $ref: '#' } }), to('Key_2'))
  })
})

t.test('references', async (t) => {
  t.test('to shared schemas of the scope, and from there on', async (t) => {
    const shared = {
      Order: { $id: 'Order', properties: { lines: { items: { $ref: 'Line#' } } } },
      Line: {
        $id: 'Line', properties: { unit: { $ref: '#/definitions/unit' } }, definitions: { unit: { type: 'string' } }
      }
    }
    t.same(convert({ $ref: 'Order#' }, shared), {
      $ref: 'Order',
      schemas: {
        Order: { properties: { lines: { items: to('Line') } } },
        Line: { properties: { unit: to('unit') } },
        unit: { type: 'string' }
      }
    })
  })

  t.test('of all kinds: pointers with escapes, anchors, URIs, $id in the middle, the root', async (t) => {
    const schema = {
      $id: 'https://example.com/a/root.json',
      $schema: 'http://json-schema.org/draft-07/schema#',
      $comment: 'not for readers',
      definitions: {
        'a/b~c d': { type: 'string' },
        old: { $id: '#old', type: 'number' },
        new: { $anchor: 'new', type: 'boolean' },
        middle: { $id: 'middle.json', properties: { self: { $ref: '#' }, root: { $ref: 'root.json' } } }
      },
      properties: {
        pointer: { $ref: '#/definitions/a~1b~0c%20d' },
        old: { $ref: '#old' },
        new: { $ref: 'root.json#new' },
        middle: { $ref: 'middle.json' },
        within: { $ref: 'middle.json#/properties/root' },
        absolute: { $ref: 'https://example.com/a/middle.json' },
        root: { $ref: '#' },
        list: { items: [{ type: 'string' }] },
        through: { $ref: '#/definitions/middle/properties/self' },
        first: { $ref: '#/properties/list/items/0' },
        anything: { $ref: '#/properties/yes' },
        yes: true
      }
    }
    t.same(convert(schema), {
      $ref: 'root',
      schemas: {
        root: {
          properties: {
            pointer: to('b_c_d'),
            old: to('old'),
            new: to('new'),
            middle: to('middle'),
            within: to('root_2'),
            absolute: to('middle'),
            root: to('root'),
            list: { items: [{ type: 'string' }] },
            through: to('self'),
            first: to('0'),
            anything: true,
            yes: true
          }
        },
        root_2: to('root'),
        self: to('middle'),
        b_c_d: { type: 'string' },
        old: { type: 'number' },
        new: { type: 'boolean' },
        middle: { properties: { self: to('middle'), root: to('root') } },
        0: { type: 'string' }
      }
    })
  })

  t.test('recursion ends, also over several schemas', async (t) => {
    const shared = {
      A: { $id: 'A', properties: { b: { $ref: 'B#' } } },
      B: { $id: 'B', properties: { a: { $ref: 'A#' }, b: { $ref: '#' } } }
    }
    t.same(convert({ $ref: 'A#' }, shared), {
      $ref: 'A', schemas: { A: { properties: { b: to('B') } }, B: { properties: { a: to('A'), b: to('B') } } }
    })
  })

  t.test('what stands beside one is kept, which AsyncAPI would ignore', async (t) => {
    const shared = { Id: { $id: 'Id', type: 'string' } }
    t.same(convert({ $ref: 'Id#', minLength: 1 }, shared)?.schemas.Payload, { minLength: 1, allOf: [to('Id')] })
    t.same(
      convert({ $ref: 'Id#', allOf: [{ minLength: 1 }] }, shared)?.schemas.Payload,
      { allOf: [to('Id'), { minLength: 1 }] }
    )
  })

  t.test('that lead nowhere are named', async (t) => {
    for (const $ref of ['Nowhere#', '#/definitions/nowhere', '#/type/nowhere', '#nowhere']) {
      t.throws(() => convert({ type: 'object', properties: { a: { $ref } } }), {
        message: `can't resolve reference ${$ref}`
      })
    }
  })

  t.test('data is no schema, and the name of a property is no keyword', async (t) => {
    const schema = {
      type: 'object',
      const: { a: { $ref: 'Nowhere#' } },
      default: { a: { nullable: true, type: 'string' } },
      enum: [{ $id: 'Order' }],
      examples: [{ prefixItems: [] }],
      unknown: { $ref: 'Nowhere#' },
      properties: {
        $ref: { type: 'string' },
        $id: { type: 'string' },
        properties: { type: 'string' },
        ['__proto__']: { nullable: true, type: 'string' }
      },
      dependencies: { a: ['b'] }
    }
    const converted = plain(schema) as { properties: object }
    t.same(Object.keys(converted.properties), ['$ref', '$id', 'properties', '__proto__'])
    t.same({ ...converted, properties: undefined }, { ...schema, properties: undefined })
    t.match(JSON.stringify(converted), /"__proto__":\{"type":\["string","null"\]\}/)
  })
})

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

t.test('other drafts and OpenAPI become draft-07', async (t) => {
  const cases: Array<[what: string, from: object, to: object]> = [
    ['a tuple', { prefixItems: [{ type: 'string' }] }, { items: [{ type: 'string' }] }],
    [
      'a tuple with a rest',
      { prefixItems: [{ type: 'string' }], items: { type: 'number' }, unevaluatedItems: false },
      { items: [{ type: 'string' }], additionalItems: { type: 'number' } }
    ],
    [
      'dependencies',
      { dependentRequired: { a: ['b'] }, dependentSchemas: { c: { nullable: true, type: 'string' } } },
      { dependencies: { a: ['b'], c: { type: ['string', 'null'] } } }
    ],
    ['nullable', { type: ['string', 'null'], nullable: true }, { type: ['string', 'null'] }],
    ['what is not nullable', { type: 'string', nullable: false }, { type: 'string' }],
    ['nullable without a type says nothing', { nullable: true }, {}],
    [
      'exclusive limits',
      { minimum: 1, exclusiveMinimum: true, maximum: 9, exclusiveMaximum: false },
      { exclusiveMinimum: 1, maximum: 9 }
    ],
    ['an exclusive limit without one', { exclusiveMinimum: true, exclusiveMaximum: 3 }, { exclusiveMaximum: 3 }],
    [
      "the limits of JavaScript's integers",
      { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
      { type: 'integer' }
    ],
    ['limits', { type: 'integer', minimum: 1, maximum: 2 }, { type: 'integer', minimum: 1, maximum: 2 }],
    ['an example', { example: 1 }, { examples: [1] }],
    ['a discriminator', { discriminator: { propertyName: 'kind' } }, { discriminator: 'kind' }],
    ["AsyncAPI's own discriminator", { discriminator: 'kind' }, { discriminator: 'kind' }],
    [
      'a union of constants with more to say is left',
      { anyOf: [{ const: 1, title: 'One' }] },
      { anyOf: [{ const: 1, title: 'One' }] }
    ],
    ['an empty union', { anyOf: [] }, { anyOf: [] }],
    ['a union beside an enum', { anyOf: [{ const: 1 }], enum: [1, 2] }, { anyOf: [{ const: 1 }], enum: [1, 2] }],
    [
      'a record with properties',
      { properties: {}, patternProperties: { '^.*$': {} } },
      { properties: {}, patternProperties: { '^.*$': {} } }
    ],
    ['a record by pattern', { patternProperties: { '^x': {} } }, { patternProperties: { '^x': {} } }],
    ['two patterns', { patternProperties: { '^.*$': {}, '^x': {} } }, { patternProperties: { '^.*$': {}, '^x': {} } }],
    ['a type that nobody knows', { type: 'file', title: 'A file' }, { title: 'A file' }],
    ['types that are known in part', { type: ['string', 'Date'] }, { type: 'string' }]
  ]
  for (const [what, from, to] of cases) t.same(plain(from), to, what)
  const ajv = new Ajv({ strict: false })
  for (const [what, , to] of cases.filter(([what]) => what !== 'an empty union')) t.ok(ajv.validateSchema(to), what)
})

t.test('a schema means the same before and after', async (t) => {
  const Node = Type034.Recursive(
    (This) => Type034.Object(
      {
        id: Type034.Union([Type034.Literal('a'), Type034.Literal(1)]),
        pair: Type034.Tuple([Type034.String(), Type034.Number()]),
        sizes: Type034.Record(Type034.String(), Type034.Integer()),
        next: Type034.Optional(This)
      },
      { additionalProperties: false }
    ),
    { $id: 'Node' }
  )
  const before = new Ajv({ strict: false }).compile(Node)
  const { $ref, schemas } = convert(Node)!
  const after = new Ajv({ strict: false }).compile({ $ref: `#/components/schemas/${$ref}`, components: { schemas } })
  const good = { id: 'a', pair: ['x', 1], sizes: { s: 1 } }
  for (const value of [
    good,
    { ...good, next: good },
    { ...good, next: { ...good, id: 2 } },
    { ...good, sizes: { s: 'x' } },
    { ...good, pair: ['x', 1, 2] },
    { ...good, more: 1 },
    { id: 1 }
  ]) {
    t.equal(after(value), before(value), JSON.stringify(value))
  }
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

t.test('a schema that only refers to one of its definitions has the name of that', async (t) => {
  const generated = definitionOf({ $ref: '#/definitions/Order', definitions: { Order: { type: 'object' } } })
  t.match(generated, { name: 'Order', named: true })
  t.match(
    definitionOf({ $ref: '#/definitions/__schema0', definitions: { __schema0: {} } }), { name: 'Schema', named: false }
  )
})

t.test('what is no JSON Schema says nothing', async (t) => {
  class ZodObject { readonly type = 'object' }
  for (const schema of [new ZodObject(), { '~standard': {}, type: 'object' }, () => true, 'Order', null]) {
    t.equal(convert(schema), undefined)
  }
  t.same(convert(true), { $ref: 'Payload', schemas: { Payload: true } })
  t.same(plain(Object.assign(Object.create(null), { type: 'string' })), { type: 'string' })
})
