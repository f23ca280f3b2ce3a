import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { dependency, StopConsume, type FaststreamOptions } from '../../index.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

/** `drainTimeout` is far above what a close may take, so a close that ends has not waited for it. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { stream }, pluginTimeout: 120_000 })
  await app.register(faststreamPlugin, {
    groupId: 'shop', topicConfig: { partitions: 1 }, drainTimeout: 100_000, ...options
  })
  const hints = () => lines.filter(
    ({ err }) => (err as { code?: string } | undefined)?.code === 'FASTSTREAM_ERR_CLOSE_IN_HANDLER'
  )
  const closed = new Promise<void>((resolve) => { app.addHook('onClose', async () => { resolve() }) })
  return { app, lines, hints, closed }
}

async function helper (app: FastifyInstance): Promise<void> {
  await turn()
  await app.close()
}

const resource = dependency('closing', async (_, { app }) => { await helper(app) })
const needy = dependency('needy', { resource }, async () => {})
const cleanedUp = dependency(async function * closing (_, { app }) {
  yield 1
  await helper(app)
})
const cleanedUpAtOnce = dependency(async function * closing (_, { app }) {
  yield 1
  await app.close()
})

const CASES: Record<string, (app: FastifyInstance) => void> = {
  'a handler': (app) => { app.broker.subscriber('orders', async () => { await app.close() }) },
  'a handler of batches': (app) => {
    app.broker.subscriber('orders', { batch: true }, async () => { await app.close() })
  },
  'a handler that waited before': (app) => { app.broker.subscriber('orders', async () => { await helper(app) }) },
  'a handler that returns the promise of a callback': (app) => {
    app.broker.subscriber('orders', () => new Promise<void>((resolve) => { app.close(resolve) }))
  },
  'a handler that waits for several things': (app) => {
    app.broker.subscriber('orders', async () => { await Promise.all([helper(app), turn()]) })
  },
  'a handler that failed': (app) => {
    app.broker.subscriber('orders', async () => {
      try {
        await Promise.reject(new Error('the database is gone'))
      } catch {
        await app.close().then(() => {}).finally(() => {})
      }
    })
  },
  'a handler by await using': (app) => {
    app.broker.subscriber('orders', async () => { await app[Symbol.asyncDispose]() })
  },
  'a handler in a later attempt': (app) => {
    app.broker.subscriber('orders', { retry: { delay: 0, retryOn: () => true } }, async (_, { attempt }) => {
      if (attempt < 3) throw new Error('not yet')
      await helper(app)
    })
  },
  'a scope': (app) => {
    app.register(async (scope) => { scope.broker.subscriber('orders', async () => { await scope.close() }) })
  },
  'a dependency': (app) => { app.broker.subscriber('orders', { deps: { needy } }, () => {}) },
  'a dependency on demand': (app) => {
    app.broker.subscriber('orders', async (_, { resolve }) => { await resolve(resource) })
  },
  'a clean-up': (app) => { app.broker.subscriber('orders', { deps: { cleanedUp } }, () => {}) },
  'a clean-up that waits for nothing else': (app) => {
    app.broker.subscriber('orders', { deps: { cleanedUpAtOnce } }, () => {})
  },
  'a clean-up after a failure': (app) => {
    const failed = dependency(async function * closing (_, { app }) {
      try {
        yield 1
      } finally {
        await helper(app)
      }
    })
    app.broker.subscriber('orders', { deps: { failed } }, () => { throw new Error('no') })
  }
}

for (const [name, declare] of Object.entries(CASES)) {
  t.test(`${name} that calls app.close() is not waited for, and the log names StopConsume`, async (t) => {
    const { app, hints, closed } = await build(t)
    declare(app)
    await app.ready()
    await app.broker.publish('orders', {})
    await closed
    await app.close()
    t.match(hints(), [{ level: 50, topic: 'orders', partition: 0, offset: '0', err: { message: /StopConsume/ } }])
    t.equal(hints().length, 1)
  })
}

t.test('every handler that awaits the close is given up, and the others end', async (t) => {
  const { app, hints, closed } = await build(t)
  const allRun = gate()
  const called = gate()
  const signals: AbortSignal[] = []
  let ended = false
  app.broker.subscriber('orders', { ordering: 'none' }, async (value, { signal }) => {
    if (value === 'slow') {
      await called.opened
      await turn()
      ended = !signal.aborted
      return
    }
    if (signals.push(signal) === 3) allRun.open()
    // What has not begun when the app closes is never handled.
    await allRun.opened
    const closing = app.close()
    called.open()
    await closing
  })
  await app.ready()
  for (const value of ['slow', 'a', 'b', 'c']) app.broker.publish('orders', value)
  await closed
  t.equal(ended, true)
  t.equal(hints().length, 3)
  t.ok(signals.every(({ aborted }) => aborted))
})

t.test('a handler that does not await the close may end, and its message is settled', async (t) => {
  const { app, hints, lines, closed } = await build(t)
  app.broker.subscriber('orders', async () => {
    app.close()
    await turn()
  })
  app.broker.subscriber('invoices', { publish: app.broker.publisher('orders') }, () => {
    app.close()
    return undefined
  })
  await app.ready()
  await app.broker.publish('orders', {})
  await closed
  t.same(hints(), [])
  t.same(lines.filter(({ level }) => level > 30).filter(({ msg }) => !msg.includes('in-memory')), [])
})

t.test('a handler may close another app, which is waited for', async (t) => {
  const [one, other] = [await build(t), await build(t)]
  const done = gate()
  other.app.broker.subscriber('orders', async () => {})
  one.app.broker.subscriber('orders', async () => {
    await other.app.close()
    done.open()
  })
  await Promise.all([one.app.ready(), other.app.ready()])
  await one.app.broker.publish('orders', {})
  await done.opened
  await one.app.close()
  t.same([...one.hints(), ...other.hints()], [])
})

t.test('what the hint names works: StopConsume, and the app closes by itself', async (t) => {
  const { app, hints } = await build(t)
  const stopped = gate()
  app.broker.subscriber('orders', () => {
    stopped.open()
    throw new StopConsume()
  })
  await app.ready()
  await app.broker.publish('orders', {})
  await stopped.opened
  await app.close()
  t.same(hints(), [])
})
