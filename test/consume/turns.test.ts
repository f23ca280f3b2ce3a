import t from 'tap'
import { build } from '../support/plugin-app.js'

t.test('between messages that hold the event loop it has turns, in which requests are served', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const handled: unknown[] = []
  app.broker.subscriber('orders', (value) => {
    const began = performance.now()
    while (performance.now() < began + 2);
    handled.push(value)
  })
  await app.ready()
  await app.broker.publishBatch('orders', Array.from({ length: 60 }, () => ({ value: 1 })))
  let most = 0
  while (handled.length < 60) {
    const before = handled.length
    await new Promise(setImmediate)
    most = Math.max(most, handled.length - before)
  }
  t.ok(most < 5, `at most ${most} messages in one turn`)
})
