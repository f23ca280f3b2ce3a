import t, { type Test } from 'tap'
import type { Middleware } from '../../index.js'
import { holdSends } from '../support/held-sends.js'
import { gate, Inbox } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

/* Whether a message begins while the result of the one before it in its partition is being stored. */

/** An app on a cluster that stores invoices only once it is let go. */
async function holding (t: Test, middlewares: readonly Middleware[] = []) {
  const app = await build(t, { groupId: 'shop', middlewares })
  const stored = gate()
  t.teardown(stored.open)
  const sending = gate()
  holdSends(app, async (records) => {
    if (!records.some(({ topic }) => topic === 'invoices')) return
    sending.open()
    await stored.opened
  })
  const handled = new Inbox<unknown>()
  const publish = app.broker.publisher('invoices')
  const handler = (value: unknown): unknown => { handled.add(value); return value }
  /** The messages that have begun while the first result is being stored. */
  async function begun (): Promise<readonly unknown[]> {
    await app.ready()
    await app.broker.publishBatch('orders', [1, 2].map((value) => ({ value, partition: 0 })))
    await sending.opened
    await turn()
    const begun = [...handled.items]
    stored.open()
    t.same(await handled.count(2), [1, 2])
    return begun
  }
  return { app, publish, handler, begun }
}

t.test('the next message begins while a result is being stored', async (t) => {
  const { app, publish, handler, begun } = await holding(t)
  app.broker.subscriber('orders', { publish }, handler)
  t.same(await begun(), [1, 2])
})

t.test('a message waits for the result before it where a reply, code around it, or a choice follows', async (t) => {
  const replying = await holding(t)
  const { publish } = replying
  replying.app.broker.subscriber('orders', { publish, schema: { reply: {} } }, replying.handler)
  t.same(await replying.begun(), [1], 'a reply')

  const around = await holding(t, [{ afterProcessed () {} }])
  around.app.broker.subscriber('orders', { publish: around.publish }, around.handler)
  t.same(await around.begun(), [1], 'a middleware around each attempt')

  const asking = await holding(t)
  asking.app.broker.setErrorHandler(() => {})
  asking.app.broker.subscriber('orders', { publish: asking.publish }, asking.handler)
  t.same(await asking.begun(), [1], 'an error handler')

  const filtered = await holding(t)
  filtered.app.broker.subscriber('orders', { publish: filtered.publish, filter: () => true }, filtered.handler)
  t.same(await filtered.begun(), [1], 'a filter')

  const { app, handler, ...choosing } = await holding(t)
  app.broker.subscriber('orders', { by: () => 'a', cases: { a: { publish: choosing.publish, handler } } })
  t.same(await choosing.begun(), [1], 'cases')
})
