import { Ajv } from 'ajv'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { order, OrderSchema } from '../order.js'
import { serve } from './load.js'

const [brokers] = process.argv.slice(2) as [string]
const topic = 'bench-publish-kafkajs'
const kafka = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.ERROR })
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
await admin.disconnect()
const validate = new Ajv().compile(OrderSchema)
// As most write it: acknowledged by all replicas, but not idempotent.
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()

async function publish (i: number): Promise<void> {
  const value = order(i)
  if (!validate(value)) throw new Error('invalid')
  const headers = { 'content-type': 'application/json', correlation_id: crypto.randomUUID() }
  await producer.send({ topic, messages: [{ key: value.id, value: JSON.stringify(value), headers }] })
}

serve(publish, () => producer.disconnect())
