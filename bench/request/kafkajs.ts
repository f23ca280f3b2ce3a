import { randomUUID } from 'node:crypto'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import { follow } from './load.js'

// As one writes it by hand: a reply topic of the process, promises by correlation id, a send per message.

const [side, list, topic] = process.argv.slice(2) as [string, string, string]
const kafka = new Kafka({ brokers: list.split(','), logLevel: logLevel.NOTHING })
const replies = `${topic}-replies`
const admin = kafka.admin()
await admin.connect()
await admin.createTopics({
  topics: [
    { topic, numPartitions: 3 }, { topic: replies, numPartitions: 1 }, { topic: `${topic}-beside`, numPartitions: 3 }
  ]
})
await admin.disconnect()
const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
await producer.connect()
const consumer = kafka.consumer({ groupId: `${topic}-${side === 'ask' ? randomUUID() : 'answers'}` })
await consumer.connect()
const joined = new Promise((resolve) => { consumer.on(consumer.events.GROUP_JOIN, resolve) })
const open = new Map<string, { resolve (value: unknown): void, timer: NodeJS.Timeout }>()

if (side === 'answer') {
  await consumer.subscribe({ topic, fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    async eachMessage ({ message: { value, headers } }) {
      const item: unknown = JSON.parse(String(value))
      await producer.send({
        topic: String(headers?.reply_to),
        messages: [{ value: JSON.stringify(item), headers: { correlation_id: headers?.correlation_id } }]
      })
    }
  })
} else {
  await consumer.subscribe({ topic: replies })
  await consumer.run({
    async eachMessage ({ message: { value, headers } }) {
      const id = String(headers?.correlation_id)
      const waiting = open.get(id)
      if (waiting === undefined) return
      open.delete(id)
      clearTimeout(waiting.timer)
      waiting.resolve(JSON.parse(String(value)))
    }
  })
}
await joined

async function request (value: object): Promise<unknown> {
  const id = randomUUID()
  const reply = new Promise((resolve, reject) => {
    const timer = setTimeout(() => { open.delete(id); reject(new Error('no reply')) }, 5000)
    open.set(id, { resolve, timer })
  })
  const headers = { correlation_id: id, reply_to: replies }
  await producer.send({ topic, messages: [{ key: id, value: JSON.stringify(value), headers }] })
  return await reply
}

follow({
  request,
  publish: (value) => producer.send({
    topic: `${topic}-beside`, messages: [{ key: 'k', value: JSON.stringify(value) }]
  }),
  async close () {
    await consumer.disconnect()
    await producer.disconnect()
  }
})
