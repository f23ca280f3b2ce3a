import { AsyncResource } from 'node:async_hooks'
import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

/** How many storages Node.js gives on to each promise of this process. From Node.js 24 on that costs nothing. */
function storages (): number {
  return Object.getOwnPropertySymbols(new AsyncResource('TEST')).length
}

t.test('apps that are closed slow down no other app of their process', async (t) => {
  const before = storages()
  for (let i = 0; i < 3; i++) {
    const app = await build(t, { groupId: 'shop', explain: true })
    app.broker.subscriber('orders', async function take (_, { broker }) { await broker.publish('invoices', 1) })
    const broker = await testBroker(app)
    await broker.track(() => app.broker.publish('orders', 1, { partition: 0 }))
    t.equal(app.broker.explain('orders', 0, 0n)?.published.length, 1)
    await app.close()
  }
  t.equal(storages(), before)
})
