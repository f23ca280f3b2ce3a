import { TypeBoxValidatorCompiler } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { Ajv } from 'ajv'
import Fastify, { type FastifySchemaCompiler } from 'fastify'
import t, { type Test } from 'tap'
import * as z from 'zod'
import { ajvCompiler } from '../../lib/schema/ajv.js'
import { compileIncoming, type Validate } from '../../lib/schema/incoming.js'
import { compileOutgoing, type Check } from '../../lib/schema/outgoing.js'

type Compiler = FastifySchemaCompiler<unknown>

const about = { topic: 'orders', part: 'value' } as const
const bytes = Buffer.from('{"id":"a"}')
const REFUSED = {
  validation: [{ instancePath: '', keyword: 'type', message: /must not be bytes.*Type\.Uint8Array\(\)/ }]
}

const typebox = TypeBoxValidatorCompiler as Compiler
const zod: Compiler = ({ schema }) => (value) => {
  const { success, data, error } = (schema as z.ZodType).safeParse(value)
  return success ? { value: data } : { error: new Error(error.message) }
}

function incoming (t: Test, schema: unknown, custom?: Compiler): Validate {
  const app = Fastify()
  t.teardown(() => app.close())
  return compileIncoming(custom ?? ajvCompiler(app), schema, about)
}

function outgoing (t: Test, schema: unknown, custom?: Compiler): Check {
  const app = Fastify()
  t.teardown(() => app.close())
  return compileOutgoing({ scope: app, ajv: undefined, compiler: custom ?? ajvCompiler(app) }, schema, about)
}

/** Schemas that bytes would match, because they ask for no type or take bytes for an object. */
const OPEN: ReadonlyArray<readonly [name: string, schema: unknown, compiler?: Compiler]> = [
  ['no type', { required: ['id'], properties: { id: { type: 'string' } } }],
  ['nothing', {}],
  ['true', true],
  ['not an object', { not: { type: 'object' } }],
  ['an object without members', Type.Object({})],
  ['members that bytes have', Type.Object({ length: Type.Number(), byteLength: Type.Number() })],
  [
    'no type, with an Ajv set by hand',
    { required: ['id'] },
    ({ schema }) => new Ajv({ strict: false }).compile(schema as object)
  ],
  ['TypeBox: unknown', Type.Unknown(), typebox],
  ['TypeBox: an object whose members may be absent', Type.Object({ id: Type.Optional(Type.String()) }), typebox],
  [
    'TypeBox: members that bytes have',
    Type.Object({
      length: Type.Number(),
      byteLength: Type.Number(),
      byteOffset: Type.Number(),
      buffer: Type.Unknown(),
      offset: Type.Number(),
      parent: Type.Unknown()
    }),
    typebox
  ],
  ['Zod: unknown', z.unknown(), zod],
  ['Zod: an object whose members may be absent', z.object({ id: z.string().optional() }), zod],
  ['Zod: members that bytes have', z.object({ length: z.number(), 0: z.number() }), zod],
  ['a validator that accepts everything', {}, () => () => true],
  ['a validator that returns a value', {}, () => () => ({ value: 1 })]
]

for (const [name, schema, compiler] of OPEN) {
  t.test(`bytes do not match a schema that does not ask for them: ${name}`, async (t) => {
    t.throws(() => incoming(t, schema, compiler)(bytes), { code: 'FASTSTREAM_ERR_VALIDATION', ...REFUSED })
    t.throws(() => incoming(t, schema, compiler)(Buffer.alloc(0)), { code: 'FASTSTREAM_ERR_VALIDATION' }, 'empty ones')
    t.throws(() => outgoing(t, schema, compiler)(bytes), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', ...REFUSED })
    t.throws(
      () => outgoing(t, schema, compiler)(new DataView(new ArrayBuffer(1))), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' }
    )
  })
}

t.test('bytes match a schema that asks for them', async (t) => {
  const asking: ReadonlyArray<readonly [schema: unknown, compiler?: Compiler]> = [
    [Type.Uint8Array()],
    [Type.Uint8Array({ minByteLength: 10, maxByteLength: 10 })],
    [Type.Uint8Array(), typebox],
    [Type.Union([Type.Uint8Array(), Type.Object({ id: Type.String() })]), typebox],
    [z.instanceof(Uint8Array), zod],
    [z.union([z.instanceof(Buffer), z.object({ id: z.string() })]), zod]
  ]
  for (const [schema, compiler] of asking) {
    t.equal(incoming(t, schema, compiler)(bytes), bytes)
    outgoing(t, schema, compiler)(bytes)
    t.throws(() => incoming(t, schema, compiler)({}), { code: 'FASTSTREAM_ERR_VALIDATION' })
    t.throws(() => outgoing(t, schema, compiler)({}), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  }
  for (const view of [new ArrayBuffer(1), new DataView(new ArrayBuffer(1)), new Uint16Array(1)]) {
    outgoing(t, Type.Uint8Array())(view)
  }
  t.equal(String(bytes), '{"id":"a"}', 'no validator changed them')
})

t.test('the default compiler knows the limits of Type.Uint8Array()', async (t) => {
  const validate = incoming(t, Type.Uint8Array({ minByteLength: 2, maxByteLength: 3 }))
  t.equal(String(validate(bytes.subarray(0, 2))), '{"')
  t.throws(() => validate(bytes.subarray(0, 1)), {
    message: 'value must have at least 2 bytes', validation: [{ keyword: 'minByteLength' }]
  })
  t.throws(() => validate(bytes), {
    message: 'value must have at most 3 bytes', validation: [{ keyword: 'maxByteLength' }]
  })
  t.throws(() => validate('{"id":"a"}'), { message: 'value must be bytes', validation: [{ keyword: 'type' }] })
  t.throws(() => validate(undefined), { message: 'value must be bytes' }, 'a tombstone')
})
