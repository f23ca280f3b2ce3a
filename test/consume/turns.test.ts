import t from 'tap'
import { build } from '../support/plugin-app.js'

t.test('between messages that hold the event loop it has turns, in which requests are served', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  let handled = 0
  app.broker.subscriber('orders', () => {
    const began = performance.now()
    while (performance.now() < began + 2);
    handled++
  })
  await app.ready()
  await app.broker.publishBatch('orders', Array.from({ length: 60 }, () => ({ value: 1 })))
  let most = 0
  while (handled < 60) {
    const before = handled
    await new Promise(setImmediate)
    most = Math.max(most, handled - before)
  }
  t.ok(most < 5, `at most ${most} messages in one turn`)
})
