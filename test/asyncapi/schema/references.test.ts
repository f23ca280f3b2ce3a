import t from 'tap'
import { Type as Type034 } from '@sinclair/typebox'
import { Components } from '../../../lib/asyncapi/schema/components.js'
import { definitionOf, convert, plain, to } from '../../support/schema-definition.js'

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

t.test('a schema that only refers to one of its definitions has the name of that', async (t) => {
  const generated = definitionOf({ $ref: '#/definitions/Order', definitions: { Order: { type: 'object' } } })
  t.match(generated, { name: 'Order', named: true })
  t.match(
    definitionOf({ $ref: '#/definitions/__schema0', definitions: { __schema0: {} } }), { name: 'Schema', named: false }
  )
})
