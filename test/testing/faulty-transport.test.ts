import t from 'tap'
import type { FastifyInstance } from 'fastify'
import { faultyTransport } from '../../lib/testing/faulty-transport.js'
import type { Faults, FaultyConsumer } from '../../lib/testing/faults.js'
import type { ConsumerListener, Transport } from '../../lib/transport/transport.js'

t.test('what a transport tells its listener passes the faults unchanged', async (t) => {
  let inner!: ConsumerListener
  let faulty!: FaultyConsumer
  const consumer = { commit: async () => {}, subscribe: () => Promise.reject(new Error('the consumer is closed')) }
  const transport = { consumer: (_: unknown, listener: ConsumerListener) => { inner = listener; return consumer } }
  const faults = { take: () => undefined, act: () => {}, addConsumer: (each: FaultyConsumer) => { faulty = each } }
  const told: unknown[] = []
  const listener = new Proxy({}, { get: (_, name) => (...args: unknown[]) => { told.push([name, ...args]) } })
  faultyTransport(transport as unknown as Transport, faults as unknown as Faults, {} as FastifyInstance)
    .consumer({ groupId: 'shop', topics: ['orders'] } as never, listener as ConsumerListener)

  const error = new Error('no cluster')
  const batch = { offset: 1n, nextOffset: 2n, error }
  inner.corrupt('orders', 0, batch)
  inner.failed(error, false)
  inner.lost()
  const reset = { stored: 5n, start: 7n, end: 9n, position: 7n }
  inner.reset('orders', 0, reset)
  t.same(told, [['corrupt', 'orders', 0, batch], ['failed', error, false], ['lost'], ['reset', 'orders', 0, reset]])
  t.doesNotThrow(() => { faulty.rebalance() }, 'also of a consumer that is closed')
  await new Promise((resolve) => { setImmediate(resolve) })
})
