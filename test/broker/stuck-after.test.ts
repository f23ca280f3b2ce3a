import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

for (const [longer, times] of Object.entries({
  stuckAfter: { stuckAfter: 2000, handlerTimeout: 1000 },
  handlerTimeout: { stuckAfter: 1000, handlerTimeout: 2000 }
})) {
  t.test(`a partition whose message waits is healthy for exactly ${longer}, the longer time`, async (t) => {
    const app = await build(t, { ...times, startup: 'background' })
    const clock = new ManualClock()
    const cluster = createMemoryCluster(clock)
    useEnvironment(app, { clock, createTransport: async () => createMemoryTransport({ cluster }) })
    const handled = new Inbox<unknown>()
    app.broker.subscriber('orders', (value, { nack }) => {
      handled.add(value)
      nack({ delay: 60_000 })
    })
    await app.ready()
    while (app.broker.health().state !== 'connected') await turn()
    await app.broker.publish('orders', 1)
    await handled.count(1)
    const stalledFor = (): readonly number[] => {
      return app.broker.health().subscribers[0]!.partitions.map((partition) => partition.stalledFor)
    }
    await clock.advance(2000 - Math.max(...stalledFor()))
    t.same([Math.max(...stalledFor()), app.broker.health().healthy], [2000, true])
    await clock.advance(1)
    t.same([Math.max(...stalledFor()), app.broker.health().healthy], [2001, false])
  })
}
