import { trace } from '@opentelemetry/api'
import t from 'tap'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'
import { build } from '../../support/plugin-app.js'

t.test('without an SDK when the first message comes no span is made, also later', async (t) => {
  const app = await build(t, { groupId: 'shop', otel: true })
  const handled: unknown[] = []
  app.broker.subscriber('orders', (value) => { handled.push(value, trace.getActiveSpan()) })
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  const { spans } = collectSpans(t)
  await app.broker.publish('orders', 2)
  await tests.settled()
  t.same(handled, [1, undefined, 2, undefined])
  t.same(spans(), [])
  for (const { headers } of tests.published('orders')) t.notOk('traceparent' in headers)
})
