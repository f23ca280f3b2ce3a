/* Checked by `tsc`, never run: type providers of apps, scopes and plugins. */
import Fastify, { type FastifyPluginAsync, type FastifyTypeProvider } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts'
import '../index.js'
import { expectEqual, expectType } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const app = Fastify()

// Scopes: as with routes, an inline scope names its type provider, a typed plugin has it.
await app.register(async (plain) => {
  plain.broker.subscriber('plain', { schema: { value: OrderSchema } }, (value) => {
    expectEqual<typeof value, unknown>(true)
  })
  const scope = plain.withTypeProvider<TypeBoxTypeProvider>()
  scope.broker.subscriber('scoped', { schema: { value: OrderSchema } }, (order) => { expectType<number>(order.total) })
})
const typed: FastifyPluginAsyncTypebox = async (scope) => {
  scope.broker.subscriber('typed', { schema: { value: OrderSchema } }, (order) => { expectType<number>(order.total) })
}
const untyped: FastifyPluginAsync = async (scope) => { scope.broker.subscriber('untyped', () => {}) }
await app.register(typed)
await app.register(untyped)

// Other type providers
const literal = Fastify().withTypeProvider<JsonSchemaToTsProvider>()
literal.broker.subscriber(
  'x',
  { schema: { value: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } } },
  ({ n }) => { expectEqual<typeof n, number>(true) }
)
const numbers = literal.broker.publisher('y', {
  schema: {
    value: { type: 'object', required: ['n'], properties: { n: { type: 'number' } }, additionalProperties: false }
  }
})
await numbers.publish({ n: 1 })
// @ts-expect-error wrong type
await numbers.publish({ n: 'x' })

const none = Fastify()
none.broker.subscriber('x', { schema: { value: { type: 'object' } } }, (value) => {
  expectEqual<typeof value, unknown>(true)
})
await none.broker.publisher('q').publish({ any: 1 })

interface NumberProvider extends FastifyTypeProvider { readonly validator: number, readonly serializer: string }
const custom = Fastify().withTypeProvider<NumberProvider>()
custom.broker.subscriber('x', { schema: { value: {} } }, (value) => { expectEqual<typeof value, number>(true) })
await custom.broker.publisher('x', { schema: { value: {} } }).publish('text')
