import { Type } from '@sinclair/typebox'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { ajvCompiler, type AjvOptions } from '../../lib/schema/ajv.js'
import { compileIncoming } from '../../lib/schema/incoming.js'

const about = { topic: 'orders', part: 'value' } as const

function fixture (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  return app
}

t.test('the same options and schemas share one Ajv, other ones do not', async (t) => {
  const app = fixture(t)
  const ajv: AjvOptions = { customOptions: { allErrors: true } }
  t.equal(ajvCompiler(app, ajv), ajvCompiler(app, ajv))
  t.equal(ajvCompiler(app), ajvCompiler(app))
  t.not(ajvCompiler(app, ajv), ajvCompiler(app, { ...ajv }), 'plugins may differ')
  t.not(ajvCompiler(app, ajv), ajvCompiler(app, ajv, { allErrors: false }))
  const other = fixture(t)
  other.addSchema({ $id: 'id', type: 'string' })
  t.not(ajvCompiler(app, ajv), ajvCompiler(other, ajv))
})

t.test('plugins are applied, and what is overridden wins over the options of the app', async (t) => {
  const calls: unknown[] = []
  const plugin = (ajv: { addKeyword: (name: string) => void }, options?: unknown) => {
    ajv.addKeyword('mine')
    calls.push(options)
    return ajv
  }
  const ajv = { customOptions: { coerceTypes: true }, plugins: [[plugin, { a: 1 }]] } as unknown as AjvOptions
  const app = fixture(t)
  const schema = { type: 'integer', mine: true }
  t.equal(compileIncoming(ajvCompiler(app, ajv), schema, about)('1'), 1)
  t.same(calls, [{ a: 1 }])
  const strict = compileIncoming(ajvCompiler(app, ajv, { coerceTypes: false }), schema, about)
  t.throws(() => strict('1'), { message: 'value must be integer' })
})

t.test('without options the compiler coerces, fills in and removes as that of Fastify', async (t) => {
  const Order = Type.Object({ n: Type.Integer(), note: Type.String({ default: '-' }) }, { additionalProperties: false })
  const validate = compileIncoming(ajvCompiler(fixture(t)), Order, about)
  t.same(validate({ n: '1', more: 1 }), { n: 1, note: '-' })
})
