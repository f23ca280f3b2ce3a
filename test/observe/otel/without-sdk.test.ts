import { trace } from '@opentelemetry/api'
import t from 'tap'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'
import { build } from '../../support/plugin-app.js'

t.test('without an SDK no span is made, and an SDK that is registered later gets the spans from then on', async (t) => {
  const app = await build(t, { groupId: 'shop', otel: true })
  const handled: unknown[] = []
  app.broker.subscriber('orders', (value) => { handled.push(value, trace.getActiveSpan() !== undefined) })
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  t.same(tests.published('orders').map(({ headers }) => 'traceparent' in headers), [false])
  const { spans } = collectSpans(t)
  await app.broker.publish('orders', 2)
  await tests.settled()
  t.same(handled, [1, false, 2, true])
  t.same(spans().map(({ name }) => name).sort(), ['process orders', 'send orders'])
  t.same(tests.published('orders').map(({ headers }) => 'traceparent' in headers), [false, true])
})
