import t from 'tap'
import { KafkaRouter, route } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const handler = (): void => {}

/** Calls a function with one argument too many, as plain JavaScript may do, and returns what its error says. */
async function refusal (fn: (...args: never[]) => unknown, ...args: unknown[]): Promise<string> {
  try {
    await (fn as (...args: unknown[]) => unknown)(...args, 'surplus')
    return 'nothing was refused'
  } catch (error) {
    const { code, message } = error as Error & { code: string }
    return code === 'FASTSTREAM_ERR_INVALID_ARGUMENTS' ? message : `${code}: ${message}`
  }
}

const says = (call: string): string => `wrong arguments for ${call}: it takes no more than these`

t.test('a call with an argument too many is refused by its name: brokers, routers and what they return', async (t) => {
  const app = await build(t)
  const { broker } = app
  const router = new KafkaRouter()
  const subscriber = broker.subscriber('orders', handler)
  const publisher = broker.publisher('orders')
  const calls: Array<[call: string, fn: (...args: never[]) => unknown, ...args: unknown[]]> = [
    ['ping(options)', broker.ping, {}],
    ['setKafkaBroker(name)', broker.setKafkaBroker, 'name'],
    ['onStarted(run)', broker.onStarted, handler],
    ['onStopping(run)', broker.onStopping, handler],
    ['background(name, run)', broker.background, 'task', handler],
    ['explain(topic, partition, offset)', broker.explain, 'orders', 0, 0n],
    ['includeRouter(router, overrides)', broker.includeRouter, router, {}],
    ['consumes(options, handler)', broker.consumes, { topic: 'orders' }, handler],
    ['producing(options, function)', broker.producing, { topic: 'orders' }, handler],
    ['publishBatch(publisher, messages)', broker.publishBatch, 'orders', []],
    ['request(publisher, value, options)', broker.request, 'orders', 1, {}],
    ['request(value, options)', publisher.request, 1, {}],
    ['pause()', subscriber.pause],
    ['resume()', subscriber.resume],
    ['start()', subscriber.start],
    ['stop()', subscriber.stop],
    ["seek('start' | 'end' | { timestamp } | { topic, partition, offset })", subscriber.seek, 'start'],
    ['getOne(options)', (subscriber as unknown as { getOne: () => unknown }).getOne, {}],
    ['new KafkaRouter(options)', (...args: never[]) => new KafkaRouter(...args as []), {}],
    ['route(topics, handler, options)', route, 'orders', handler, {}],
    ['route(topics, handler, options)', router.route, 'orders', handler, {}],
    ['publisher(topic, options)', router.publisher, 'orders', {}],
    ['subscriber(topics, options, handler)', router.subscriber, 'orders', {}, handler],
    ['includeRouter(router, overrides)', router.includeRouter, new KafkaRouter(), {}],
    ['addMiddleware(middleware)', router.addMiddleware, { onReceive: handler }],
    ['insertMiddleware(middleware)', router.insertMiddleware, { onReceive: handler }]
  ]
  for (const [call, fn, ...args] of calls) t.equal(await refusal(fn, ...args), says(call), call)
})

t.test('brokers of requests take no more arguments than the broker of the app', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  app.get('/', async ({ broker }) => [
    await refusal(broker.publish, 'orders', 1, {}),
    await refusal(broker.publishBatch, 'orders', []),
    await refusal(broker.request, 'orders', 1, {})
  ])
  await testBroker(app)
  t.same((await app.inject('/')).json(), [
    says('publish(publisher, value, options)'), says('publishBatch(publisher, messages)'),
    says('request(publisher, value, options)')
  ])
})
