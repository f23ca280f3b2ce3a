import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import { RejectMessage } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'
import { build as buildApp } from '../../support/plugin-app.js'

const REPLIES = 'send replies.fastify-faststream'
const schema = { reply: Type.Object({ amount: Type.Number() }) }

async function build (t: Test, answer: () => unknown) {
  const collected = collectSpans(t)
  const app = await buildApp(t, { groupId: 'shop', otel: true })
  const quotes = app.broker.publisher('quotes', { schema })
  app.broker.subscriber('quotes', { schema, retry: { retries: 0 } }, answer as () => { amount: number })
  const tests = await testBroker(app, { allowFailures: true })
  return { ...collected, quotes, tests }
}

t.test('the reply is in the trace of its request, and links to it', async (t) => {
  const { quotes, tests, spans } = await build(t, () => ({ amount: 3 }))
  t.same(await quotes.request({ sku: 'abc' }), { amount: 3 })
  await tests.settled()
  const found = spans()
  t.match(found.find(({ name }) => name === REPLIES), {
    kind: 'PRODUCER', trace: 0, parent: 'process quotes', links: ['send quotes']
  })
  const [reply] = tests.published('replies.fastify-faststream')
  const [, , id] = reply!.headers.traceparent!.split('-')
  t.equal(id, found.find(({ name }) => name === REPLIES)!.id, 'it carries the context of its own publish')
})

t.test('an error that answers a request is published after its last attempt: it links to the request', async (t) => {
  const { quotes, tests, spans } = await build(t, () => { throw new RejectMessage() })
  await t.rejects(quotes.request({ sku: 'abc' }), { code: 'FASTSTREAM_ERR_REQUEST_REFUSED' })
  await tests.settled()
  t.match(spans().find(({ name }) => name === REPLIES), { parent: undefined, links: ['send quotes'] })
})
