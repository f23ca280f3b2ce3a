import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { growthWhileReading, publishMany } from '../support/waiting-messages.js'
import { brokers, createTopic, uniqueName } from './fixture.js'

const MiB = 1024 * 1024

for (const [title, { messages, bytes, handled }] of [
  ['200 000 messages', { messages: 200_000, bytes: 500, handled: 10_000 }],
  ['200 messages of 900 kB', { messages: 200, bytes: 900_000, handled: 100 }]
] as const) {
  t.test(`${title} that wait for a slow handler take no more memory than its buffer may hold`, async (t) => {
    const topic = await createTopic({ partitions: 2 })

    async function build (options: FaststreamOptions) {
      const app = Fastify()
      t.teardown(() => app.close())
      await app.register(faststreamPlugin, { brokers: brokers(), topics: 'ignore', ...options })
      return app
    }

    const writer = await build({})
    await writer.ready()
    await publishMany(writer, topic, { messages, bytes })
    await writer.close()
    const reader = await build({ groupId: uniqueName('g'), buffer: { messages: 1000, bytes: 8 * MiB } })
    for (const growth of await growthWhileReading(reader, topic, handled)) {
      t.ok(growth < 24 * MiB, `${(growth / MiB).toFixed(1)} MiB`)
    }
  })
}
