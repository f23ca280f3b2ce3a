/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify, { type FastifyPluginAsync } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { dependency, type LayerOptions, type ScopeOptions } from '../index.js'
import { expectEqual } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String() })
const tenant = dependency(() => 'a')
const limit = dependency(() => 1)

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { topicPrefix: 'staging.', tags: ['shop'] })
// @ts-expect-error a prefix is text
await app.register(faststreamPlugin, { topicPrefix: 1 })

// Options of a scope, and the types of their dependencies
app.broker.options({ topicPrefix: 'eu.', tags: ['eu'], ackPolicy: 'MANUAL', retry: { retries: 1 }, deadLetter: false })
// @ts-expect-error an option that is not known
app.broker.options({ prefix: 'eu.' })
// @ts-expect-error no such policy
app.broker.options({ ackPolicy: 'MAYBE' })
// @ts-expect-error no dependency
app.broker.options({ deps: { tenant: 'a' } })
// @ts-expect-error a subscriber names its topics
app.broker.subscriber('orders', { topicPrefix: 'eu.' }, () => {})
// @ts-expect-error a publisher names its topic
app.broker.publisher('orders', { topicPrefix: 'eu.' })

const broker = app.broker.options({ deps: { tenant } }).options({ deps: { limit } })
broker.subscriber('orders', { schema: { value: OrderSchema } }, (order, { deps }) => {
  expectEqual<typeof order, { id: string }>(true)
  expectEqual<typeof deps.tenant, string>(true)
  expectEqual<typeof deps.limit, number>(true)
  // @ts-expect-error not declared
  return deps.nope
})
app.broker.subscriber('orders', (_, { deps }) => {
  // @ts-expect-error the types are those of what options() returned
  return deps.tenant
})

// A prefix for a plugin, whatever its type
const typed: FastifyPluginAsyncTypebox<{ limit: number }> = async () => {}
const untyped: FastifyPluginAsync = async () => {}
app.register(typed, { limit: 1, topicPrefix: 'eu.', prefix: '/eu' })
app.register(untyped, { topicPrefix: 'eu.' })
app.register(async () => {}, { topicPrefix: 'eu.' })
// @ts-expect-error a prefix is text
app.register(typed, { limit: 1, topicPrefix: 7 })

const layer: LayerOptions = { groupId: 'shop', topicPrefix: undefined, tags: undefined }
const scope: ScopeOptions = { ...layer, deps: undefined }
app.broker.options(scope)
