// Plain JavaScript on the built package, so that workers of it start at once.
import { faststreamPlugin } from 'fastify-faststream'

/** Options of the server, as fastify-cli takes them from a module. */
export const options = { requestIdHeader: 'x-served', logger: false }

/** A plugin that serves, as fastify-cli runs it. */
export default async function served (app, asked) {
  await app.register(faststreamPlugin, { transport: 'memory' })
  if (asked.fails === true) throw new Error('it is not to start')
  const handled = []
  app.broker.subscriber('orders', function take (value) { handled.push(value) })
  app.get('/', async ({ id }) => {
    await app.broker.publish('orders', 1)
    return { id, asked, handled, worker: process.env.FASTSTREAM_WORKER, pid: process.pid }
  })
  app.get('/close', async () => { setImmediate(() => { app.close() }) })
  app.addHook('onClose', async () => {
    if (asked.dies !== undefined) process.exit(asked.dies)
  })
}
