/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { benchmark, createMocks, createTester, testBroker } from '../lib/testing/index.js'
import { expectExact } from './expect.test-d.js'

interface Order { id: string, total: number }

const value = Type.Object({ id: Type.String(), total: Type.Number() })
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
const orders = app.broker.publisher('orders', { schema: { value } })
const onOrder = app.broker.subscriber('orders', { schema: { value } }, (order) => { app.log.info(order.id) })
const consumed = app.broker.consumes({ schema: { value }, topic: 'orders' }, (order) => { app.log.info(order.id) })
function saveOrder (order: Order, { attempt }: { attempt: number }): void { app.log.info({ attempt }, order.id) }

const broker = await testBroker([app, Fastify()], { allowFailures: true })

// Spies are typed by the subscriber, or by the handler
const { calls, called, replace } = broker.handler(onOrder)
for (const { value } of calls) expectExact<Order>()(value, true)
const placed = await called({ times: 2, with: { value: { id: /^A-/ }, outcome: 'returned' }, timeout: 1000 })
for (const { value } of placed) {
  broker.assertHandled(onOrder, { value: { total: value.total } })
}
replace((order) => order.total)
// @ts-expect-error there is no such member of an order
replace((order) => order.totals)
// @ts-expect-error the total is a number
await called({ with: { value: { total: '1' } } })
broker.assertHandled(saveOrder, { value: { total: (total) => total > 1 } })
broker.assertHandled(consumed, { value: { id: '1' } })
// @ts-expect-error the total is a number
broker.assertHandled(saveOrder, { value: { total: 'nine' } })
// @ts-expect-error there is no such outcome
broker.assertHandled(onOrder, { outcome: 'lost' })

// Assertions are typed by the publisher
broker.assertPublished(orders, { value: { total: Number }, key: '1', headers: { tenant: /a/ }, partition: 0, times: 1 })
broker.assertPublished(orders, { value: null })
broker.assertPublished('orders', { value: { anything: 1 } })
// @ts-expect-error the total is a number
broker.assertPublished(orders, { value: { total: '1' } })
// @ts-expect-error a key is text
broker.assertPublished(orders, { key: 1 })
// @ts-expect-error there is no such part of a message
broker.assertPublished(orders, { body: {} })
broker.assertNothingPublished(orders)
export const found: bigint = await broker.eventually(() => broker.assertPublished(orders).offset, { timeout: 10 })
// @ts-expect-error it is a boolean
await testBroker(app, { allowFailures: 'yes' })

// A session has what the call resolved to
const session = await broker.track(async () => ({ statusCode: 202 }), { timeout: 1000 })
expectExact<number>()(session.response.statusCode, true)
for (const { value } of session.handled(saveOrder)) expectExact<Order>()(value, true)
for (const { value } of session.handled('orders')) expectExact<unknown>()(value, true)
session.published(orders)
// @ts-expect-error a session has no such view
session.retried()

// The clock, faults and coverage
await broker.clock.advance('10 s')
// @ts-expect-error a duration is a number or text
await broker.clock.advance(new Date())
broker.fault({ on: 'publish', topic: 'orders', times: 2, error: new Error('down') }).end()
// @ts-expect-error there is no such step
broker.fault({ on: 'sleep', delay: 1 })
broker.assertCoverage(80)

// A tester, mocks and a benchmark
const tester = await createTester(app, { clock: 'manual' })
await tester.mirror(onOrder)({ id: '1', total: 9 }, { key: '1' })
// @ts-expect-error the total is a number
await tester.mirror(onOrder)({ id: '1', total: '9' })
expectExact<Order>()((await tester.mirror(orders)()).value, true)
createMocks(app).assertHandled(onOrder, { value: { id: '1' } })
const counted = benchmark({ interval: 1, window: 5, log: app.log })(saveOrder)
expectExact<number | undefined>()(counted.average, true)
app.broker.subscriber('orders', { schema: { value } }, counted)
// @ts-expect-error the interval is a number of seconds, or text
benchmark({ interval: true })
