import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/router-service/app.js'

t.test('router-service: the orders of each region stay in its topics', async (t) => {
  const app = await build({}, { groupId: 'regions' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  for (const region of ['eu', 'us']) {
    const res = await app.inject({ method: 'POST', url: `/${region}/orders`, payload: { id: region, total: 9 } })
    t.equal(res.statusCode, 202)
    t.same(res.json(), { id: region, topic: `${region}.orders.placed` })
  }
  await broker.settled()
  for (const region of ['eu', 'us']) {
    t.match(broker.published(`${region}.orders.packed`), [
      { key: region, value: { orderId: region, from: `${region}.orders.placed` } }
    ])
  }
  t.same(broker.errors, [])
  t.same(app.broker.health().subscribers.map(({ name, topics }) => `${name} ${topics.join()}`), [
    'packOrder eu.orders.placed', 'shipParcel eu.orders.packed', 'packOrder us.orders.placed', 'shipParcel us.orders.packed'
  ])
})

t.test('router-service: it runs twice in one process, with the one router', async (t) => {
  const apps = [await build({}, { groupId: 'regions' }), await build({}, { groupId: 'regions' })]
  for (const app of apps) {
    t.teardown(() => app.close())
    const broker = await testBroker(app)
    await app.inject({ method: 'POST', url: '/eu/orders', payload: { id: '1', total: 9 } })
    await broker.settled()
    t.equal(broker.published('eu.orders.packed').length, 1)
  }
})
