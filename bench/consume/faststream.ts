import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { dependency } from 'fastify-faststream'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records, variant] = process.argv.slice(2) as [string, string, string, string, string]
const count = Number(records)

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId })
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()

function begin (): void {
  if (began > 0) return
  began = performance.now()
  cpu = process.cpuUsage()
}

function end (): void {
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total })
  setImmediate(() => app.close().then(() => process.disconnect()))
}

async function handle (order: { total: number }): Promise<void> {
  begin()
  total += order.total
  if (++seen === count) end()
}

const options = { schema: { value: OrderSchema }, deadLetter: false } as const
if (variant === 'keys') app.broker.subscriber(topic, { ...options, ordering: 'key', concurrency: 16 }, handle)
if (variant === 'deps') {
  const rate = dependency(() => 1.2)
  app.broker.subscriber(topic, { ...options, deps: { rate } }, async (order, { deps }) => {
    await handle({ total: order.total * deps.rate })
  })
}
if (variant === 'middleware') {
  app.broker.subscriber(topic, {
    ...options, middlewares: [{ consumeScope: async (next) => await next() }]
  }, handle)
}
if (variant === 'plain') app.broker.subscriber(topic, options, handle)
if (variant === 'publish') {
  const priced = app.broker.publisher(`${topic}-priced`, { schema: { value: OrderSchema }, key: ({ id }) => id })
  app.broker.subscriber(topic, { ...options, publish: priced }, async (order) => {
    begin()
    if (++seen === count) endWhenSettled()
    return { ...order, total: order.total * 1.2 }
  })
}

/** A message is settled when its result is in the log. */
function endWhenSettled (): void {
  const [subscriber] = app.broker.health().subscribers
  if (subscriber?.inFlight === 0) end()
  else setTimeout(endWhenSettled, 2)
}
await app.ready()
