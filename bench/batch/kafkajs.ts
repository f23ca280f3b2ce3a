import { Ajv } from 'ajv'
import { Kafka, logLevel } from 'kafkajs'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records] = process.argv.slice(2) as [string, string, string, string]
const count = Number(records)

const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(OrderSchema)
async function handle (orders: ReadonlyArray<{ total: number }>): Promise<void> {
  for (const order of orders) total += order.total
}

const consumer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR }).consumer({ groupId })
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()
await consumer.run({
  partitionsConsumedConcurrently: 3,
  eachBatch: async ({ batch: { messages }, resolveOffset, heartbeat }) => {
    if (seen === 0) {
      began = performance.now()
      cpu = process.cpuUsage()
    }
    const orders = messages.map(({ value }) => {
      const order = JSON.parse(String(value))
      if (!validate(order)) throw new Error('invalid')
      return order as { total: number }
    })
    await handle(orders)
    for (const { offset } of messages) resolveOffset(offset)
    seen += messages.length
    if (seen === count) {
      const { user, system } = process.cpuUsage(cpu)
      process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total })
      setImmediate(() => consumer.disconnect().then(() => process.disconnect()))
    }
    await heartbeat()
  }
})
