import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type AsyncapiPublish } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { useEnvironment } from '../support/environment.js'
import { memoryLog } from '../support/json-log.js'
import { ManualClock } from '../support/manual-clock.js'

async function build (t: Test, authorize: AsyncapiPublish['authorize']) {
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', asyncapi: { publish: { authorize } } })
  app.broker.publisher('orders')
  const publish = () => app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders', payload: { value: 1 } })
  return { app, lines, publish }
}

const SECRET = 'no user 7 in postgres://auth.internal'

t.test('the text of what authorize throws is in the log, and not in the answer', async (t) => {
  const cases: Array<[thrown: unknown, status: number]> = [
    [Object.assign(new Error(SECRET), { statusCode: 401 }), 401],
    [Object.assign(new Error(SECRET), { statusCode: 302 }), 500],
    [Object.assign(new Error(SECRET), { statusCode: 500 }), 500],
    [new Error(SECRET), 500],
    [SECRET, 500],
    [undefined, 500]
  ]
  for (const [thrown, status] of cases) {
    const { app, lines, publish } = await build(t, async () => { throw thrown })
    const broker = await testBroker(app)
    const { statusCode, body } = await publish()
    t.equal(statusCode, status)
    t.match(JSON.parse(body), {
      code: 'FASTSTREAM_ERR_PUBLISH_AUTHORIZE', message: "operation 'sendOrders' was not published: 'authorize' failed"
    })
    t.notMatch(body, 'postgres')
    if (thrown instanceof Error) t.match(JSON.stringify(lines), SECRET)
    t.same(broker.published('orders'), [])
  }
})

t.test('an authorize that never answers is bounded, and its late answer allows nothing', async (t) => {
  const clock = new ManualClock()
  let answer!: (allowed: boolean) => void
  let asked!: () => void
  const isAsked = new Promise<void>((resolve) => { asked = resolve })
  const { app, publish } = await build(t, () => {
    asked()
    return new Promise((resolve) => { answer = resolve })
  })
  const broker = await testBroker(app)
  useEnvironment(app, { clock })
  const published = publish()
  // `inject` sends the request when it is awaited.
  const replied = Promise.resolve(published)
  await isAsked
  await clock.advance(9999)
  await clock.advance(1)
  const reply = await replied
  t.equal(reply.statusCode, 503)
  t.match(reply.json(), {
    code: 'FASTSTREAM_ERR_PUBLISH_AUTHORIZE',
    message: "operation 'sendOrders' was not published: 'authorize' did not answer within 10 s"
  })
  answer(true)
  await broker.settled()
  t.same(broker.published('orders'), [])
})
