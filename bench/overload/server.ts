import { subscribe } from 'node:diagnostics_channel'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamChannels } from 'fastify-faststream'

/*
 * An app that serves HTTP and takes messages, each of which holds the event loop for `work` ms: at once, or with a
 * `concurrency` above 1 after it has waited as for a database.
 */

const [list, topic, coupling, work, places] = process.argv.slice(2) as [string, string, string, string, string]
const concurrency = Number(places)
const brokers = list.split(',')

const app = Fastify()
await app.register(faststreamPlugin, {
  brokers, groupId: `${topic}-group`, ...coupling === 'coupled' && { pressure: { eventLoopDelay: 20 } }
})
const placed = app.broker.publisher(`${topic}-placed`)
app.post('/orders', async (request, reply) => {
  await request.broker.publish(placed, request.body)
  return await reply.code(202).send()
})

const seen = new Set<number>()
let repeated = 0
app.broker.subscriber(topic, { concurrency, ordering: concurrency > 1 ? 'none' : 'partition' }, async (value) => {
  const id = Number(value)
  if (concurrency > 1) await sleep(5)
  const end = performance.now() + Number(work)
  while (performance.now() < end);
  if (seen.has(id)) repeated++
  seen.add(id)
})

const rates = new Set<string>()
const memory: number[] = []
const sampling = setInterval(() => {
  memory.push(process.memoryUsage().rss / 2 ** 20)
  rates.add(app.broker.pressure().subscribers)
}, 500)
let rebalances = 0
subscribe('faststream.group.rebalanced', (event) => {
  const { reason } = event as FaststreamChannels['faststream.group.rebalanced']
  if (reason !== 'joined') rebalances++
})
await app.listen({ port: 0 })

process.on('message', (asked) => {
  if (asked === 'report') {
    process.send?.({ handled: seen.size, repeated, rebalances, rates: [...rates], memory: memory.splice(0) })
    return
  }
  clearInterval(sampling)
  app.close().then(() => { process.disconnect() })
})
process.send?.((app.server.address() as { port: number }).port)
