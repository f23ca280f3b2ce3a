import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin, { type FaststreamOptions } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { growthWhileReading, publishMany } from '../../support/waiting-messages.js'
import { useEnvironment } from '../../support/environment.js'

const MiB = 1024 * 1024

for (const [title, { messages, bytes, handled }] of [
  ['100 000 messages', { messages: 100_000, bytes: 500, handled: 5000 }],
  ['100 messages of 900 kB', { messages: 100, bytes: 900_000, handled: 50 }]
] as const) {
  t.test(`${title} that wait for a slow handler take no more memory than its buffer may hold`, async (t) => {
    const cluster = createMemoryCluster()
    cluster.createTopics([{ topic: 'orders', partitions: 2, replicas: 1 }])

    async function build (options: FaststreamOptions) {
      const app = Fastify()
      t.teardown(() => app.close())
      useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
      await app.register(faststreamPlugin, { transport: 'memory', topics: 'ignore', ...options })
      return app
    }

    const writer = await build({})
    await writer.ready()
    await publishMany(writer, 'orders', { messages, bytes })
    await writer.close()
    const reader = await build({ buffer: { messages: 1000, bytes: 8 * MiB } })
    for (const growth of await growthWhileReading(reader, 'orders', handled)) {
      t.ok(growth < 24 * MiB, `${(growth / MiB).toFixed(1)} MiB`)
    }
  })
}
