import Fastify from 'fastify'
import faststreamPlugin, { dependency } from 'fastify-faststream'

const [program] = process.argv.slice(2)
const app = Fastify()
if (program !== 'plain') await app.register(faststreamPlugin, { transport: 'memory' })

const client = dependency(async function * () { yield { tenant: 'a' } })
if (program === 'deps') app.get('/', { config: { deps: { client } } }, async () => ({ hello: 'world' }))
else app.get('/', async () => ({ hello: 'world' }))

await app.listen({ port: 0 })
let before = process.cpuUsage()
process.on('message', (message) => {
  if (message === 'begin') before = process.cpuUsage()
  if (message === 'end') process.send?.(process.cpuUsage(before).user + process.cpuUsage(before).system)
  if (message === 'close') app.close().then(() => process.disconnect())
})
process.send?.((app.server.address() as { port: number }).port)
