import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { eventually } from '../conformance/eventually.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

t.test('a task runs while messages flow; the close aborts it and waits for it, and it may still publish', async (t) => {
  const app = await build(t)
  const began = gate()
  app.broker.publisher('ticks')
  app.broker.background('clock', async (signal) => {
    began.open()
    await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
    await app.broker.publish('ticks', String(signal.reason))
  })
  t.match(app.broker.health().background, [{ name: 'clock', state: 'waiting' }])
  const broker = await testBroker(app)
  await began.opened
  t.same(app.broker.health().background, [{ name: 'clock', state: 'running', lastError: undefined }])
  t.equal(app.broker.health().healthy, true)
  await app.close()
  t.match(broker.published('ticks'), [{ value: 'AbortError: the app closes' }])
  t.match(app.broker.health().background, [{ state: 'ended' }])
})

t.test('a task that fails is logged and is seen in health, and another one goes on', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { level: 'warn', stream } })
  app.broker.background('fails', () => { throw Object.assign(new Error('no luck'), { code: 'E_LUCK' }) })
  app.broker.background('rejects', async () => { throw null }) // eslint-disable-line no-throw-literal
  app.broker.background('runs', (signal) => wait(1_000_000, undefined, { signal }))
  app.broker.background('ends', () => 'done')
  await testBroker(app)
  await eventually(async () => app.broker.health().background[3]?.state === 'ended')
  t.match(app.broker.health(), {
    healthy: false,
    background: [
      { name: 'fails', state: 'failed', lastError: { code: 'E_LUCK', message: 'no luck' } },
      { name: 'rejects', state: 'failed' },
      { name: 'runs', state: 'running' },
      { name: 'ends', state: 'ended', lastError: undefined }
    ]
  })
  await app.close()
  t.match(app.broker.health().background, [{}, {}, { state: 'ended' }, {}], 'an AbortError is no failure')
  t.match(lines.map(({ msg, task }) => [msg, task]), [
    ['a background task failed: it is not run again', 'fails'],
    ['a background task failed: it is not run again', 'rejects']
  ])
})

t.test('a task that throws the reason of the abort has not failed; one that throws something else has', async (t) => {
  const app = await build(t)
  const until = (signal: AbortSignal) => new Promise((resolve) => {
    signal.addEventListener('abort', resolve, { once: true })
  })
  app.broker.background('reason', async (signal) => { await until(signal); signal.throwIfAborted() })
  app.broker.background('other', async (signal) => { await until(signal); throw new Error('not flushed') })
  app.broker.background('early', async () => { throw new DOMException('not by the close', 'AbortError') })
  await testBroker(app)
  await app.close()
  t.match(app.broker.health().background, [
    { state: 'ended' }, { state: 'failed', lastError: { message: 'not flushed' } }, { state: 'failed' }
  ])
})

t.test('a task that does not end is left running after drainTimeout', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, { drainTimeout: 50 }, { logger: { level: 'warn', stream } })
  const { opened, open } = gate()
  t.teardown(open)
  app.broker.background('deaf', () => opened)
  app.broker.background('ends', () => {})
  await testBroker(app)
  await app.close()
  t.same(lines.map(({ tasks, timeout, msg }) => ({ tasks, timeout, msg })), [{
    tasks: ['deaf'], timeout: 50, msg: 'background tasks did not end in time, and are left running'
  }])
})
