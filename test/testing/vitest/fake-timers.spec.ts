import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { testBroker } from 'fastify-faststream/testing'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'

/* A test file as an app has it. test/testing/vitest.test.ts runs it with vitest. */

const NOW = Date.UTC(2030, 0, 1)

beforeEach(() => { vi.useFakeTimers({ now: NOW }) })
afterEach(() => { vi.useRealTimers() })

async function build () {
  const app = Fastify()
  await app.register(faststreamPlugin, { retry: { retries: 1, delay: 10 }, drainTimeout: 200 })
  const handled: unknown[] = []
  app.broker.subscriber('orders', (_, { attempt, timestamp }) => {
    handled.push({ attempt, timestamp })
    if (attempt === 1) throw new Error('fails once')
  })
  app.broker.subscriber('stuck', { handlerTimeout: 100, retry: { retries: 0 } }, () => new Promise(() => {}))
  return { app, handled }
}

test('a message is handled and retried while the timers stand still, with the faked time', async () => {
  const { app, handled } = await build()
  const broker = await testBroker(app)
  await app.broker.publish('orders', { id: 1 })
  await broker.settled()
  const timestamp = new Date(NOW)
  expect(handled).toEqual([{ attempt: 1, timestamp }, { attempt: 2, timestamp }])
  expect(broker.published('orders')).toMatchObject([{ value: { id: 1 }, timestamp }])
  await app.close()
})

test('settled() times out while the timers stand still', async () => {
  const { app } = await build()
  const broker = await testBroker(app)
  await app.broker.publish('stuck', 1)
  await expect(broker.settled({ timeout: 50 })).rejects.toMatchObject({ code: 'FASTSTREAM_ERR_NOT_SETTLED' })
  await app.close()
})
