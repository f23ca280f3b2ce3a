import { Ajv } from 'ajv'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records, variant] = process.argv.slice(2) as [string, string, string, string, string]
const count = Number(records)

const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(OrderSchema)
async function handle (order: { total: number }): Promise<void> {
  total += order.total
}

const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
if (variant === 'publish') await producer.connect()
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()
await consumer.run({
  partitionsConsumedConcurrently: 3,
  eachBatch: async ({ batch, resolveOffset, heartbeat }) => {
    if (seen === 0) {
      began = performance.now()
      cpu = process.cpuUsage()
    }
    if (variant === 'publish') {
      const messages = batch.messages.map(({ value }) => {
        const order = JSON.parse(String(value))
        if (!validate(order)) throw new Error('invalid')
        const priced = { ...order as { id: string, total: number }, total: (order as { total: number }).total * 1.2 }
        if (!validate(priced)) throw new Error('invalid')
        const headers = { 'content-type': 'application/json', correlation_id: crypto.randomUUID() }
        return { key: priced.id, value: JSON.stringify(priced), headers }
      })
      await producer.sendBatch({ topicMessages: [{ topic: `${topic}-priced`, messages }] })
    }
    for (const { value, offset } of batch.messages) {
      if (variant !== 'publish') {
        const order = JSON.parse(String(value))
        if (!validate(order)) throw new Error('invalid')
        await handle(order as { total: number })
      }
      resolveOffset(offset)
      if (++seen === count) {
        const { user, system } = process.cpuUsage(cpu)
        process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total })
        setImmediate(() => {
          Promise.all([consumer.disconnect(), producer.disconnect()]).then(() => process.disconnect())
        })
      }
    }
    await heartbeat()
  }
})
