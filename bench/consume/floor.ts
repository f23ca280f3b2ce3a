import { Ajv } from 'ajv'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records] = process.argv.slice(2) as [string, string, string, string]
const count = Number(records)
const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(OrderSchema)
const log = { debug () {}, info () {}, warn () {}, error () {} }
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()

const transport = createKafkajsTransport({
  brokers: brokers.split(','), clientId: 'floor', connectTimeout: 10_000, metadataMaxAge: 5000, log
})
const ignore = (): void => {}
const ignored = { assigned: ignore, lost: ignore, stored: ignore, corrupt: ignore, reset: ignore, failed: ignore }
const consumer = transport.consumer({
  groupId, topics: [topic], offsetReset: 'earliest', rebalanceTimeout: 10_000, sessionTimeout: 30_000
}, {
  ...ignored,
  revoking: async () => {},
  records (_topic, _partition, records) {
    if (began === 0) {
      began = performance.now()
      cpu = process.cpuUsage()
    }
    for (const { value } of records) {
      const order = JSON.parse(String(value))
      if (!validate(order)) throw new Error('invalid')
      total += (order as { total: number }).total
    }
    seen += records.length
    if (seen === count) end()
  }
})
await consumer.start()

function end (): void {
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total })
  transport.close().then(() => { process.disconnect() })
}
