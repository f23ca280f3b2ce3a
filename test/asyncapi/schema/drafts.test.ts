import t from 'tap'
import { Type as Type034 } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import { convert, plain } from '../../support/schema-definition.js'

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
    ['an unknown type', { type: 'file', title: 'A file' }, { title: 'A file' }],
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

t.test('what is no JSON Schema says nothing', async (t) => {
  class ZodObject { readonly type = 'object' }
  for (const schema of [new ZodObject(), { '~standard': {}, type: 'object' }, () => true, 'Order', null]) {
    t.equal(convert(schema), undefined)
  }
  t.same(convert(true), { $ref: 'Payload', schemas: { Payload: true } })
  t.same(plain(Object.assign(Object.create(null), { type: 'string' })), { type: 'string' })
})
