import t, { type Test } from 'tap'
import { brokersOf } from '../../../lib/broker/app-brokers.js'
import type { Clock } from '../../../lib/clock.js'
import { Coupling } from '../../../lib/observe/pressure/coupling.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { useEnvironment } from '../../support/environment.js'
import { hear } from '../../support/hear.js'
import { Inbox } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { build } from '../../support/plugin-app.js'

/** A clock whose only timer fires when the test says so, as late as it says. */
function lateClock () {
  let time = 0
  let timer: { readonly at: number, readonly callback: () => void } | undefined
  const clock: Clock = {
    now: () => time,
    elapsed: () => time,
    schedule (ms, callback) {
      timer = { at: time + ms, callback }
      return () => { timer = undefined }
    }
  }
  function fire (late: number): void {
    const due = timer!
    time = due.at + late
    due.callback()
  }
  return { clock, fire, isScheduled: () => timer !== undefined }
}

async function coupled (t: Test, pressure = {}) {
  // The app's own coupling looks at the real event loop: the bounds are given without it.
  const app = await build(t, { groupId: 'shop' })
  const broker = brokersOf(app).byName.get('default')!
  broker.settings = { ...broker.settings, pressure: { ...broker.settings.pressure, ...pressure } }
  const handled = new Inbox<unknown>()
  app.broker.subscriber('orders', handled.add)
  const late = lateClock()
  await app.ready()
  const coupling = new Coupling(broker)
  coupling.start(late.clock)
  const rate = (): string => app.broker.pressure().subscribers
  return { app, broker, coupling, handled, rate, ...late }
}

/** Publishes a message, and resolves once it waits in the process. */
async function receive (t: Test, { app }: Pick<Awaited<ReturnType<typeof coupled>>, 'app'>): Promise<void> {
  const received = hear(t, 'faststream.message.received')
  await app.broker.publish('orders', 1)
  while (!received.some(({ count }) => count > 0)) await turn()
  await turn()
}

t.test('a late event loop slows the subscribers, later ones pause them, and one in time lets them go on', async (t) => {
  const { fire, rate } = await coupled(t)
  const rates = [101, 101, 101, 100, 50, 49, 0, 0].map((late) => {
    fire(late)
    return rate()
  })
  t.same(rates, ['slowed', 'paused', 'paused', 'paused', 'paused', 'slowed', 'running', 'running'])
})

t.test('a slowed subscriber starts messages in every second interval, and stays in its group', async (t) => {
  const slowed = await coupled(t)
  const { app, fire, handled } = slowed
  const rebalanced = hear(t, 'faststream.group.rebalanced')
  fire(101)
  await receive(t, slowed)
  t.equal(handled.items.length, 0)
  t.match(app.broker.health(), { healthy: true, subscribers: [{ state: 'reading', lag: 1 }] })
  fire(75)
  await handled.count(1)
  fire(75)
  await receive(t, slowed)
  t.equal(handled.items.length, 1)
  fire(0)
  await handled.count(2)
  t.same(rebalanced, [])
})

t.test('a paused subscriber starts messages in one of ten intervals', async (t) => {
  const paused = await coupled(t)
  const { fire, handled } = paused
  fire(101)
  await receive(t, paused)
  for (let i = 2; i < 10; i++) {
    fire(101)
    await turn()
    t.equal(handled.items.length, 0, `interval ${i}`)
  }
  fire(101)
  await handled.count(1)
})

t.test('with eventLoopDelay 0 nothing slows the subscribers', async (t) => {
  const { fire, rate } = await coupled(t, { eventLoopDelay: 0 })
  fire(10_000)
  t.equal(rate(), 'running')
})

t.test('a change of the rate is told', async (t) => {
  const { fire } = await coupled(t)
  const changes = hear(t, 'faststream.pressure.changed')
  for (const late of [0, 101, 75, 0]) fire(late)
  t.same(changes.map(({ subscribers, high }) => [subscribers, high]), [['slowed', false], ['running', false]])
})

t.test('nothing is looked at once it is stopped', async (t) => {
  const { coupling, isScheduled } = await coupled(t)
  t.ok(isScheduled())
  coupling.stop()
  t.notOk(isScheduled())
})

t.test('handlers that hold the event loop are slowed, and every message is handled', async (t) => {
  const app = await build(t, { groupId: 'shop', concurrency: 1, pressure: { eventLoopDelay: 20 } })
  const handled = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => {
    const end = performance.now() + 150
    while (performance.now() < end);
    handled.add(value)
  })
  const [changes, rebalanced] = [hear(t, 'faststream.pressure.changed'), hear(t, 'faststream.group.rebalanced')]
  await app.ready()
  await Promise.all(Array.from({ length: 8 }, (_, i) => app.broker.publish('orders', i, { partition: 0 })))
  t.same(await handled.count(8), [0, 1, 2, 3, 4, 5, 6, 7])
  while (!changes.some(({ subscribers }) => subscribers === 'slowed')) await turn()
  t.same(rebalanced.map(({ reason }) => reason), ['joined'])
})

t.test('while the cluster is not reached yet there is nothing to hold', async (t) => {
  const app = await build(t, { startup: 'background' })
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return { ...transport, connect: () => new Promise(() => {}) }
    }
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const { clock, fire } = lateClock()
  new Coupling(brokersOf(app).byName.get('default')!).start(clock)
  fire(101)
  t.match(app.broker.health(), { state: 'connecting' })
  t.equal(app.broker.pressure().subscribers, 'slowed')
})
