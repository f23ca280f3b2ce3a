import { mock } from 'node:test'
import { createRequire } from 'node:module'
import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

/* Fake timers that stand still: what the core waits for must not wait for them, and `Date` is theirs. */

interface Fake { uninstall (): void }
interface FakeTimers { install (options: { now: number }): Fake }

// The timers of sinon, and those that vitest and jest are made of. Without types of its own.
const sinon = createRequire(import.meta.url)('@sinonjs/fake-timers') as FakeTimers

const NOW = Date.UTC(2030, 0, 1)

const LIBRARIES: Record<string, () => () => void> = {
  '@sinonjs/fake-timers, with all that it fakes by default but the queue of microtasks': () => {
    const clock = sinon.install({ now: NOW, toNotFake: ['nextTick', 'queueMicrotask'] } as { now: number })
    return () => { clock.uninstall() }
  },
  "node:test's mock.timers": () => {
    mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate', 'Date'], now: NOW })
    return () => { mock.timers.reset() }
  }
}

for (const [title, install] of Object.entries(LIBRARIES)) {
  t.test(title, async (t) => {
    const app = Fastify()
    await app.register(faststreamPlugin, { retry: { retries: 1, delay: 10 }, drainTimeout: 200 })
    const times: unknown[] = []
    app.broker.subscriber('orders', (_, { timestamp, attempt }) => {
      times.push(timestamp)
      if (attempt === 1) throw new Error('again')
    })
    app.broker.subscriber('stuck', { handlerTimeout: 100, retry: { retries: 0 } }, () => new Promise(() => {}))
    const restore = install()
    try {
      const broker = await testBroker(app)
      await app.broker.publish('orders', { id: 1 })
      await broker.settled()
      t.same(times, [new Date(NOW), new Date(NOW)], 'tried again, with the faked time of the publish')
      t.same(broker.published('orders').map(({ timestamp }) => timestamp), [new Date(NOW)])
      await app.broker.publish('stuck', 1)
      await t.rejects(broker.settled({ timeout: 50 }), { code: 'FASTSTREAM_ERR_NOT_SETTLED' })
    } finally {
      restore()
      await app.close()
    }
  })
}
