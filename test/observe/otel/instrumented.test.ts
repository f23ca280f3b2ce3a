import t from 'tap'
import { runInstrumented } from '../../support/instrumented.js'

/* test/kafka/instrumented.test.ts has the same on a real cluster. */

t.test('beside the instrumentation of kafkajs and the ESM hook, publishes and attempts have one span', async (t) => {
  const { statusCode, patched, spans, parents } = await runInstrumented(t)
  t.equal(statusCode, 202)
  t.equal(patched, true, "the app's own kafkajs is patched")
  t.same(spans.toSorted(), ['fastify-faststream: process orders', 'fastify-faststream: send orders'])
  t.same(Object.fromEntries(parents), { 'process orders': 'send orders', 'send orders': undefined })
})
