import t from 'tap'
import { RateLimit } from '../../../lib/asyncapi/publish/rate.js'
import { build, order } from '../../support/publish-app.js'

t.test('a loop that publishes is stopped', async (t) => {
  const { broker, publish } = await build(t)
  const answers = await Promise.all(Array.from(
    { length: 60 }, async () => await publish('sendOrders', { value: order })
  ))
  const refused = answers.filter(({ statusCode }) => statusCode === 429)
  t.ok(refused.length > 0)
  for (const answer of refused) {
    t.match(answer, { headers: { 'retry-after': '1' }, body: /"code":"FASTSTREAM_ERR_PUBLISH_RATE"/ })
  }
  t.equal(broker.published('orders').length, 60 - refused.length)
})

t.test('twenty at once, then ten per second', async (t) => {
  let now = 0
  const rate = new RateLimit({ now: () => -now, elapsed: () => now, schedule: () => () => {} })
  const taken = () => { let count = 0; while (rate.take()) count++; return count }
  t.equal(taken(), 20)
  now = 99
  t.equal(taken(), 0)
  now = 100
  t.equal(taken(), 1)
  now = 1350
  t.equal(taken(), 12)
  now = 1400
  t.equal(taken(), 1, 'halves are kept')
  now = 1450
  t.equal(taken(), 0)
  now = 1500
  t.equal(taken(), 1, 'the time of day does not count')
  now = 1e9
  t.equal(taken(), 20)
})

t.test('a request that is refused does not count against the rate limit', async (t) => {
  const { publish } = await build(t, {
    asyncapi: { publish: { authorize: ({ headers }) => headers.authorization === 'yes' } }
  })
  for (const answer of await Promise.all(Array.from(
    { length: 60 }, async () => await publish('sendOrders', { value: order })
  ))) {
    t.equal(answer.statusCode, 403)
  }
  t.equal((await publish('sendOrders', { value: order }, { authorization: 'yes' })).statusCode, 200)
})
