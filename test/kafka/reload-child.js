// What `fastify start --watch` runs (lib/watch/fork.js of fastify-cli 8), without the rest of fastify-cli: a reload is
// the message GRACEFUL SHUTDOWN, and a signal has 500 ms (`--close-grace-delay`). Plain JavaScript, as an app may be.
import closeWithGrace from 'close-with-grace'
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'

const [brokers, groupId, topic] = process.argv.slice(2)
const app = Fastify()
await app.register(faststreamPlugin, { brokers, groupId })
let ready = 0
app.broker.subscriber(topic, async (value) => {
  process.send({ type: 'read', value, ms: performance.now() - ready })
})

const listeners = closeWithGrace({ delay: 500, logger: false }, async () => { await app.close() })
app.addHook('onClose', async () => { listeners.uninstall() })

process.on('message', (message) => {
  if (message !== 'GRACEFUL SHUTDOWN') return
  setTimeout(() => { process.exit(1) }, 5000).unref()
  app.close(() => { process.exit(0) })
})
// It must not outlive a test that was killed itself.
process.once('disconnect', () => { process.exit(1) })

await app.listen({ port: 0 })
ready = performance.now()
process.send({ type: 'ready' })
