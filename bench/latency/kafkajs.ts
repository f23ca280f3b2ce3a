import { Ajv } from 'ajv'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { order, OrderSchema } from '../order.js'
import { load, SteadyLoad } from './load.js'

const { brokers, topic } = load
const validate = new Ajv({ coerceTypes: 'array', useDefaults: true, removeAdditional: true }).compile(OrderSchema)
const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR })
const consumer = kafka.consumer({ groupId: `${topic}-by-hand` })
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
const steady = new SteadyLoad()
const joined = new Promise<void>((resolve) => { consumer.on(consumer.events.GROUP_JOIN, () => { resolve() }) })
await consumer.run({
  partitionsConsumedConcurrently: 3,
  eachMessage: async ({ message: { value } }) => {
    const found = JSON.parse(String(value)) as { id: string }
    if (!validate(found)) throw new Error('invalid')
    steady.arrived(Number(found.id.slice('order-'.length)))
  }
})
await joined
await steady.run(async (i) => {
  const value = order(i)
  if (!validate(value)) throw new Error('invalid')
  const headers = { 'content-type': 'application/json', correlation_id: crypto.randomUUID() }
  await producer.send({ topic, messages: [{ key: value.id, value: JSON.stringify(value), headers }] })
}, load)
await Promise.all([consumer.disconnect(), producer.disconnect()])
process.disconnect()
