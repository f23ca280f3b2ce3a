/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { type Static, Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { KafkaRouter, route, type Message, type TopicNames, type TopicParams } from '../index.js'
import { expectEqual } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String() })
type Order = Static<typeof OrderSchema>
const schema = { value: OrderSchema }
type Any = Readonly<Record<string, string | undefined>>

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()

// Placeholders are members of the params, with and without options
app.broker.subscriber('orders.{region}.{shop_1}', { schema }, (order, { params }) => {
  expectEqual<typeof order, Order>(true)
  expectEqual<typeof params.region, string>(true)
  expectEqual<typeof params.shop_1, string>(true)
  // @ts-expect-error no placeholder has this name
  params.country // eslint-disable-line @typescript-eslint/no-unused-expressions
})
app.broker.subscriber('orders.{region}', (_, { params: { region } }) => { expectEqual<typeof region, string>(true) })

// A topic that is named has no params
app.broker.subscriber('orders', (_, { params }) => {
  // @ts-expect-error there is no placeholder
  params.region // eslint-disable-line @typescript-eslint/no-unused-expressions
})

// The groups of a RegExp are not known to the compiler: each may be undefined
app.broker.subscriber(/^orders\.(?<region>\w+)/, (_, { params }) => {
  expectEqual<typeof params.region, string | undefined>(true)
})

// Of a list the params are those of one of its topics
app.broker.subscriber(['orders.{region}', 'returns.{region}'], { schema }, (_, { params: { region } }) => {
  expectEqual<typeof region, string>(true)
})
app.broker.subscriber(['orders.{region}', 'payments'], { schema }, (_, { params }) => {
  if ('region' in params) expectEqual<typeof params.region, string>(true)
  // @ts-expect-error a message of payments has none
  params.region // eslint-disable-line @typescript-eslint/no-unused-expressions
})

// Topics that are only known at run time
declare const topic: string
declare const topics: TopicNames
app.broker.subscriber(topic, (_, { params }) => { expectEqual<typeof params, Any>(true) })
app.broker.subscriber(topics, { schema }, (_, { params }) => {
  expectEqual<typeof params.region, string | undefined>(true)
})
expectEqual<TopicParams<'orders.{region}'>, { readonly region: string }>(true)
expectEqual<TopicParams<string>, Any>(true)

// A handler that is written for any message takes each of them
function note ({ params }: Message): void { app.log.info(params, 'seen') }
app.broker.subscriber('orders.{region}', (_, message) => { note(message) })
app.broker.subscriber('orders', { schema }, (_, message) => { note(message) })

// Cases, routers and routes
app.broker.subscriber('orders.{region}', {
  by: ({ headers }) => headers.type,
  cases: {
    placed: { schema, handler: (_, { params }) => { expectEqual<typeof params.region, string>(true) } }
  },
  otherwise: (_, { params }) => { expectEqual<typeof params.region, string>(true) }
})
const router = new KafkaRouter().withTypeProvider<TypeBoxTypeProvider>()
router.subscriber('orders.{region}', { schema }, (_, { params }) => { expectEqual<typeof params.region, string>(true) })
router.route('orders.{region}', (_, { params }) => { expectEqual<typeof params.region, string>(true) }, { schema })
route('orders.{region}', (_, { params }) => { expectEqual<typeof params.region, string>(true) })

// @ts-expect-error a topic is text or a RegExp
app.broker.subscriber(1, () => {})
