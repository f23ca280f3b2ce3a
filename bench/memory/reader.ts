import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'

/**
 * What the process takes from the machine, MiB, each time that so many messages have been handled; the first is the
 * warm-up.
 */
const [brokers = '', topic = '', warmUp, every, samples] = process.argv.slice(2).map(
  (each, i) => i < 2 ? each : Number(each)
) as [string, string, number, number, number]

const app = Fastify()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId: 'memory', topics: 'ignore' })
const sizes: number[] = []
let handled = 0
let largest = 0
const sampling = setInterval(() => { largest = Math.max(largest, process.memoryUsage().rss) }, 20)
app.broker.subscriber(topic, { ordering: 'key', concurrency: 100 }, async () => {
  await new Promise((resolve) => { setTimeout(resolve, 1) })
  handled++
  if (handled < warmUp + sizes.length * every || sizes.length > samples) return
  sizes.push(Math.max(largest, process.memoryUsage().rss) / 2 ** 20)
  largest = 0
  if (sizes.length > samples) process.send?.(sizes)
})
await app.ready()
process.once('message', async () => {
  clearInterval(sampling)
  await app.close()
  process.disconnect()
})
