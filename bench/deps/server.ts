import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { dependency } from 'fastify-faststream'

// All in one process: whether V8 inlines `process.nextTick` is a matter of chance in each, and worth more than what is measured here.

async function plain (): Promise<FastifyInstance> {
  const app = Fastify()
  app.get('/', async () => ({ hello: 'world' }))
  return app
}

async function plugin (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(faststreamPlugin, { transport: 'memory' })
  app.get('/', async () => ({ hello: 'world' }))
  return app
}

async function deps (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(faststreamPlugin, { transport: 'memory' })
  const client = dependency(async function * () { yield { tenant: 'a' } })
  app.get('/', { config: { deps: { client } } }, async () => ({ hello: 'world' }))
  return app
}

const apps = await Promise.all([plain(), plain(), plugin(), deps()])
const urls = await Promise.all(apps.map(async (app) => await app.listen({ port: 0, host: '127.0.0.1' })))
let before = process.cpuUsage()
process.on('message', (message) => {
  if (message === 'begin') before = process.cpuUsage()
  if (message === 'end') process.send?.(process.cpuUsage(before).user)
  if (message === 'close') Promise.all(apps.map(async (app) => await app.close())).then(() => process.disconnect())
})
process.send?.(urls)
