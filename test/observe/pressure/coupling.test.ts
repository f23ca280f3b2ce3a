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

/** Time for which each message holds the event loop, ms. */
const HELD = 20

async function coupled (t: Test, pressure = {}, held = HELD) {
  // The app's own coupling looks at the real event loop: the bounds are given without it.
  const app = await build(t, { groupId: 'shop' })
  const broker = brokersOf(app).byName.get('default')!
  broker.settings = { ...broker.settings, pressure: { ...broker.settings.pressure, ...pressure } }
  let ended = -Infinity
  /** Time since the message before has ended, ms. */
  const rests = new Inbox<number>()
  app.broker.subscriber('orders', () => {
    const began = performance.now()
    rests.add(began - ended)
    while ((ended = performance.now()) < began + held);
  })
  const late = lateClock()
  await app.ready()
  const coupling = new Coupling(broker)
  coupling.start(late.clock)
  const rate = (): string => app.broker.pressure().subscribers
  return { app, broker, coupling, rests, rate, ...late }
}

async function publish ({ app }: Pick<Awaited<ReturnType<typeof coupled>>, 'app'>, count: number): Promise<void> {
  await app.broker.publishBatch('orders', Array.from({ length: count }, () => ({ value: 1, partition: 0 })))
}

t.test('a late event loop slows the subscribers, later ones pause them, and one in time lets them go on', async (t) => {
  const { fire, rate } = await coupled(t)
  const rates = [101, 101, 101, 100, 50, 49, 0, 0].map((late) => {
    fire(late)
    return rate()
  })
  t.same(rates, ['slowed', 'paused', 'paused', 'paused', 'paused', 'slowed', 'running', 'running'])
})

t.test('a slowed subscriber rests for as long as its messages took, and stays in its group', async (t) => {
  const slowed = await coupled(t)
  const { app, fire, rests } = slowed
  const rebalanced = hear(t, 'faststream.group.rebalanced')
  fire(101)
  await publish(slowed, 3)
  const [, ...others] = await rests.count(3)
  // A timer of Node.js may fire a part of a millisecond early.
  t.ok(others.every((ms) => ms > HELD - 2), `rests of ${others.join()} ms`)
  t.match(app.broker.health(), { healthy: true, subscribers: [{ state: 'reading' }] })
  t.same(rebalanced, [])
})

t.test('a paused subscriber rests nine times as long', async (t) => {
  const paused = await coupled(t)
  const { fire, rests } = paused
  fire(101)
  fire(101)
  await publish(paused, 2)
  const [, rest] = await rests.count(2)
  t.ok(rest! > 9 * HELD - 2, `a rest of ${rest} ms`)
})

t.test('a subscriber that may run again ends its rest at once', async (t) => {
  const paused = await coupled(t, {}, 5 * HELD)
  const { fire, rests } = paused
  fire(101)
  fire(101)
  await publish(paused, 2)
  await rests.count(1)
  // The rest has begun.
  await turn()
  fire(0)
  fire(0)
  const [, rest] = await rests.count(2)
  t.ok(rest! < 9 * 5 * HELD - 2, `a rest of ${rest} ms`)
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
