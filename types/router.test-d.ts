/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify, { type FastifyInstance } from 'fastify'
import { type Static, Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts'
import faststreamPlugin, {
  dependency, KafkaRouter, route, type AnyKafkaRouter, type KafkaRoute, type Publisher, type Subscriber
} from '../index.js'
import { expectEqual, expectType } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
type Order = Static<typeof OrderSchema>
const schema = { value: OrderSchema }
const tenant = dependency(() => 'a')
const limit = dependency(() => 1)

// The type provider of the router types its handlers, whichever way it is given
const written = new KafkaRouter<TypeBoxTypeProvider>({ prefix: 'eu.' })
written.subscriber('orders', { schema }, function (order, { key }) {
  expectEqual<typeof order, Order>(true)
  expectEqual<typeof key, Buffer | null>(true)
  expectEqual<typeof this, FastifyInstance>(true)
})
const router = new KafkaRouter({ prefix: 'eu.', deps: { tenant } }).withTypeProvider<TypeBoxTypeProvider>()
router.subscriber('orders', { schema, deps: { limit } }, (order, { deps }) => {
  expectEqual<typeof order, Order>(true)
  expectEqual<typeof deps.tenant, string>(true)
  expectEqual<typeof deps.limit, number>(true)
  // @ts-expect-error not declared
  return deps.nope
})
const plain = new KafkaRouter({ deps: { tenant } })
plain.subscriber('orders', { schema: { value: { type: 'object' } } }, (value, { deps }) => {
  expectEqual<typeof value, unknown>(true)
  expectEqual<typeof deps.tenant, string>(true)
})
plain.withTypeProvider<JsonSchemaToTsProvider>().subscriber(
  'numbers',
  { schema: { value: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } } },
  ({ n }, { deps }) => { expectEqual<typeof n, number>(true); expectType<string>(deps.tenant) }
)

// Publishers and results
const orders = router.publisher('orders', { schema, key: (order) => order.id })
expectType<Publisher<Order>>(orders)
router.subscriber('in', { publish: orders }, () => ({ id: '1', total: 1 }))
// @ts-expect-error what is returned is checked against the publisher's schema
router.subscriber('in', { publish: orders }, () => ({ id: 1 }))
// @ts-expect-error the key must be text or bytes
router.publisher('orders', { schema, key: (order) => order.total })

// Functions that are written elsewhere
function take (order: Order) { return order.total }
function count (order: { n: number }) { return order.n }
expectType<Subscriber>(router.route('orders', take, { schema, retry: { retries: 1 } }))
router.route('orders', (order) => { expectEqual<typeof order, unknown>(true) })
router.route('orders', (order) => { expectEqual<typeof order, Order>(true) }, { schema })
// @ts-expect-error its parameter is not what the schema gives
router.route('orders', count, { schema })
// @ts-expect-error without a schema the value may be anything
router.route('orders', take)
const typed = route.withTypeProvider<TypeBoxTypeProvider>()
const handlers: KafkaRoute[] = [typed('orders', take, { schema }), route('any', (value) => value)]
// @ts-expect-error its parameter is not what the schema gives
typed('orders', count, { schema })
// @ts-expect-error what is returned is checked against the publisher's schema
typed('orders', take, { schema, publish: orders })

// Routers in routers, in apps and in constructors
const routers: AnyKafkaRouter[] = [router, plain, written]
const all = new KafkaRouter({ handlers, routers, tags: ['all'], includeInSchema: false })
all.includeRouter(router, { prefix: 'more.', deps: { limit } })
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin)
app.broker.includeRouter(all, { prefix: 'eu.', ackPolicy: 'MANUAL', tags: ['eu'] })
app.get('/', async (request) => await request.broker.publish(orders, { id: '1', total: 1 }))
// @ts-expect-error no router
app.broker.includeRouter({ prefix: 'eu.' })
// @ts-expect-error an option that is not known
app.broker.includeRouter(all, { topicPrefix: 'eu.' })
// @ts-expect-error an option that is not known
app.broker.includeRouter(all, { handlers: [] })
// @ts-expect-error an option that is not known
export const unknown = new KafkaRouter({ groupID: 'shop' })
// @ts-expect-error a handler is made by route()
export const bare = new KafkaRouter({ handlers: [take] })
