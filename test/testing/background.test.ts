import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

async function build (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  app.broker.publisher('ticks')
  let ticks = 0
  app.broker.background('clock', async (signal) => {
    await app.broker.publish('ticks', ++ticks)
    await new Promise((resolve) => { signal.addEventListener('abort', resolve, { once: true }) })
    signal.throwIfAborted()
  })
  app.broker.background('luck', async () => { throw new Error('no luck') })
  return app
}

const states = (app: Awaited<ReturnType<typeof build>>) => app.broker.health().background.map(({ state }) => state)

t.test('background tasks start and stop when the test says so, also again', async (t) => {
  const app = await build(t)
  const broker = await testBroker(app, { background: 'manual' })
  t.same(states(app), ['waiting', 'waiting'])
  t.equal(app.broker.isStarted, true)
  await broker.background('clock').stop()
  for (const times of [1, 2]) {
    broker.background('clock').start()
    t.same(states(app), ['running', 'waiting'])
    await broker.eventually(() => broker.assertPublished('ticks', { value: times }))
    await broker.background('clock').stop()
    t.same(states(app), ['ended', 'waiting'])
  }
  broker.background('luck').start()
  await t.rejects(broker.background('luck').stop(), { message: 'no luck' })
  t.equal(app.broker.health().healthy, false)
})

t.test('a session has what a task publishes that was started in it', async (t) => {
  const broker = await testBroker(await build(t), { background: 'manual' })
  const clock = broker.background('clock')
  const session = await broker.track(async () => {
    clock.start()
    await broker.eventually(() => broker.assertPublished('ticks'))
    await clock.stop()
  })
  t.match(session.published('ticks'), [{ value: 1 }])
})

t.test('without the option they start with the messages, and the close ends them', async (t) => {
  const app = await build(t)
  const broker = await testBroker(app)
  const clock = broker.background('clock')
  await broker.eventually(() => broker.assertPublished('ticks', { times: 1 }))
  t.throws(() => { clock.start() }, {
    code: 'FASTSTREAM_ERR_TEST_BROKER', message: "the background task 'clock' runs already"
  })
  await clock.stop()
  clock.start()
  await broker.eventually(() => broker.assertPublished('ticks', { times: 1, value: 2 }))
  await broker.close()
  t.same(states(app), ['ended', 'failed'])
  t.throws(() => { clock.start() }, { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /its app is closed$/ })
})

t.test('the tasks of a name are those of all apps, and another name is refused', async (t) => {
  const apps = [await build(t), await build(t)] as const
  const broker = await testBroker(apps, { background: 'manual' })
  broker.background('clock').start()
  await broker.eventually(() => broker.assertPublished('ticks', { value: 1, times: 2 }))
  await broker.background('clock').stop()
  t.throws(() => broker.background('watch'), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /a background task of the apps: clock, luck, clock, luck$/
  })
  const other = Fastify()
  t.teardown(() => other.close())
  await other.register(faststreamPlugin, {})
  await t.rejects(testBroker(other, { background: 'never' as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  const without = await testBroker(other)
  t.throws(() => without.background('watch'), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /of the apps: none$/ })
})
