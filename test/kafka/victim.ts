import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { stalls } from '../conformance/world.js'
import { transportOptions } from './client.js'
import { useEnvironment } from '../support/environment.js'

// A process to be killed: `victim.ts <topic> <group> <offsetReset>`. Its group notices after 6 s, the shortest session
// that every cluster allows.

// It must not outlive a test that was killed itself.
process.once('disconnect', () => process.exit(1))

type Arguments = [topic?: string, groupId?: string, offsetReset?: FaststreamOptions['offsetReset']]

const [topic = '', groupId = '', offsetReset = 'earliest'] = process.argv.slice(2) as Arguments
const app = Fastify()
useEnvironment(app, {
  async createTransport () {
    const transport = createKafkajsTransport(transportOptions())
    return {
      ...transport, consumer: (options, listener) => transport.consumer({ ...options, sessionTimeout: 6000 }, listener)
    }
  }
})
await app.register(faststreamPlugin, { groupId, offsetReset, commit: { interval: 10 } })
stalls(app, topic)
await app.ready()
