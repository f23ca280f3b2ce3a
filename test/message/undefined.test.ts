import t, { type Test } from 'tap'
import Fastify, { type FastifyRequest } from 'fastify'
import { faststreamPlugin, response, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { memoryLog } from '../support/json-log.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'error', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'g', ...options })
  return { app, lines }
}

t.test('a key or a header that comes out undefined is an error that names function and topic', async (t) => {
  const { app } = await build(t)
  const order = { customerId: 'c' } as { customerId: string, custmerId: string }
  const failing = (): never => Promise.reject(new Error('not awaited')) as never
  const wrong: Array<[publish: { key?: () => never, headers?: () => never }, message: RegExp]> = [
    [
      { key: () => order.custmerId as never },
      /the function 'key' of publisher\('t0'\) returned undefined: return the key, or null/
    ],
    [{ key: failing }, /the function 'key' of publisher\('t1'\) returned a promise, which is not awaited/],
    [
      { headers: () => undefined as never },
      /the function 'headers' of publisher\('t2'\) returned undefined: return an object, which is \{\} where there are none/
    ],
    [
      { headers: () => ({ id: 'a', customer: order.custmerId }) as never },
      /the function 'headers' of publisher\('t3'\) returned undefined as header 'customer': return the value, or leave the name out/
    ],
    [{ headers: failing }, /the function 'headers' of publisher\('t4'\) returned a promise/]
  ]
  const publishers = wrong.map(([options], i) => app.broker.publisher(`t${i}`, options))
  app.broker.subscriber('in', { publish: publishers[0] as NonNullable<typeof publishers[0]> }, () => order)
  const broker = await testBroker(app)
  for (const [i, [, message]] of wrong.entries()) {
    const expected = { code: 'FASTSTREAM_ERR_ENCODE', message }
    await t.rejects(publishers[i]?.publish(order) as Promise<unknown>, expected)
    await t.rejects(app.broker.publish(`t${i}`, order), expected)
    t.same(broker.published(`t${i}`), [])
  }
  await app.broker.publish('in', 1)
  await broker.settled()
  t.match(
    broker.errors,
    [{ stage: 'publish', error: { code: 'FASTSTREAM_ERR_ENCODE', message: /'key'/ } }],
    'also of a result of a handler'
  )
})

t.test('null is no key, an option that is undefined is not given, and one that is given wins', async (t) => {
  const { app } = await build(t)
  const keyless = app.broker.publisher('keyless', { key: () => null, headers: () => ({}) })
  const keyed = app.broker.publisher('keyed', { key: () => 'k', headers: () => ({ a: '1' }) })
  const broken = app.broker.publisher('broken', { key: () => undefined as never })
  const broker = await testBroker(app)
  await keyless.publish(1)
  await keyed.publish(1, { key: undefined, headers: { b: undefined } } as object)
  await broken.publish(1, { key: 'given' })
  await broken.publish(null)
  t.match(broker.published('keyless'), [{ key: null }])
  t.match(broker.published('keyed'), [{ key: 'k', headers: { a: '1', b: undefined } }])
  t.same(broker.published('broken').map(({ key }) => key).sort(), ['given', null])
})

t.test('a correlation id that is no string is an error, not a new one for each message', async (t) => {
  const results: Record<string, unknown> = { none: undefined, number: 7, text: 'mine' }
  const correlationId = (request: FastifyRequest<{ Params: { what: string } }>) => results[request.params.what]
  const { app } = await build(t, { correlationId: correlationId as never })
  app.broker.publisher('out')
  app.get('/:what', async (request) => await request.broker.publish('out', 1))
  const broker = await testBroker(app)
  t.match((await app.inject('/none')).json(), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'correlationId' must return a string, and returned undefined: where a request has none, return randomUUID()"
  })
  t.match((await app.inject('/number')).json(), { message: /returned a value of type number/ })
  t.equal((await app.inject('/text')).statusCode, 200)
  t.match(broker.published('out'), [{ headers: { correlation_id: 'mine' } }])
  t.equal(broker.published('out').length, 1)
})

t.test('a retryOn that does not say yes or no is logged, and taken as a yes', async (t) => {
  const { app, lines } = await build(t, { retry: { retries: 1, delay: 0, retryOn: (() => {}) as never } })
  app.broker.subscriber('in', () => { throw new Error('no') })
  const broker = await testBroker(app)
  await broker.publish('in', 1)
  await broker.settled()
  t.same(broker.errors.map(({ stage }) => stage), ['handler', 'retries-exhausted'])
  t.match(lines.find(({ msg }) => msg.startsWith('retryOn failed')), {
    err: { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'retry.retryOn' must return true or false/ }
  })
})

t.test('a function for the dead-letter topic that names none fails the start', async (t) => {
  const { app } = await build(t)
  app.broker.subscriber('in', { deadLetter: { topic: (() => {}) as never } }, () => {})
  await t.rejects(async () => await app.ready(), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
})

t.test('what response() made is not a value to publish', async (t) => {
  const { app } = await build(t)
  const out = app.broker.publisher('out')
  await testBroker(app)
  await t.rejects(out.publish(response(1)), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /response\(\) is for the result of a handler/
  })
})
