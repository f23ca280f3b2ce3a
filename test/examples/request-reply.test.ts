import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/request-reply/app.js'

t.test('request-reply: a route answers with what a subscriber has replied, or with 502', async (t) => {
  const app = await build({}, { groupId: 'prices', clientId: 'prices' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const tea = await app.inject('/prices/tea')
  t.equal(tea.statusCode, 200)
  t.same(tea.json(), { amount: 4.5, currency: 'EUR' })
  const none = await app.inject('/prices/none')
  t.equal(none.statusCode, 502)
  t.match(none.json(), { code: 'FASTSTREAM_ERR_REQUEST_REFUSED', message: /UNKNOWN_ARTICLE/ })
  await broker.settled()
  t.match(broker.published('prices'), [{ key: 'tea', headers: { reply_to: 'replies.prices' } }, { key: 'none' }])
  t.equal(broker.errors.length, 1, 'it is not retried')
})
