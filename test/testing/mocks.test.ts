import t from 'tap'
import { createMocks } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'

t.test('mocks see the handlers of an app on whatever cluster it uses', async (t) => {
  const { app, onOrder, makeInvoice } = await buildShop(t)
  const mocks = createMocks(app)
  await app.ready()
  await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  const [call] = await mocks.handler(onOrder).called({ with: { value: { id: '1' } } })
  t.match(call, { outcome: 'returned', result: { orderId: '1', amount: 9 } })
  t.equal(mocks.assertHandled(makeInvoice), call)
  t.equal(await mocks.eventually(() => 7), 7)
  t.throws(() => createMocks(app), { code: 'FASTSTREAM_ERR_TEST_BROKER' })
})
