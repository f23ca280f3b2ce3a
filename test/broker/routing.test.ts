import t, { type Test } from 'tap'
import type { DeadLetter, FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build as buildApp } from '../support/plugin-app.js'
import { Inbox } from '../support/inbox.js'

/* Subscribers that share a topic: what their queue takes of which of them. */

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = await buildApp(t, { groupId: 'shop', ...options })
  const dead = new Inbox<DeadLetter>()
  app.broker.subscriber('events.dlq', { groupId: 'dead' }, (_, { deadLetter }) => { dead.add(deadLetter!) })
  return { app, dead }
}

t.test('a filter cannot read a value that the codec of any of them may have to decode', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber('events', { filter: ({ value }) => value === 1 }, () => {})
  app.broker.subscriber('events', { codec: 'text' }, () => {})
  const broker = await testBroker(app)
  await broker.publish('events', 1)
  await broker.settled()
  t.match(dead.items, [{ error: { code: 'FASTSTREAM_ERR_DECODE', message: /it has a codec/ } }])
})

t.test('a message that none takes names all of them: cases by their topics, filters by their handlers', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber(['events', 'more'], { filter: () => false }, function audit () {})
  app.broker.subscriber(['events', 'more'], {
    by: ({ headers }) => headers.type, cases: { a: { handler () {} }, b: { handler () {} } }
  })
  const broker = await testBroker(app)
  await broker.publish('events', 1)
  await broker.settled()
  t.match(dead.items, [{ subscriber: 'audit, events,more', error: { code: 'FASTSTREAM_ERR_UNMATCHED' } }])
})

t.test('subscribers of the same topics share their messages, in whatever order they name them', async (t) => {
  const { app } = await build(t)
  const seen: string[] = []
  app.broker.subscriber(['events', 'more'], { filter: ({ value }) => value === 1 }, (n) => { seen.push(`first ${n}`) })
  app.broker.subscriber(['more', 'events'], (n) => { seen.push(`rest ${n}`) })
  const broker = await testBroker(app)
  for (const n of [1, 2]) await broker.publish('events', n, { partition: 0 })
  await broker.settled()
  t.same(seen, ['first 1', 'rest 2'])
})
