import { Kafka, logLevel, type EachMessagePayload, type IHeaders } from 'kafkajs'
import { createHandler } from './effects.js'
import { serve } from './parent.js'
import { ATTEMPTS, type Order } from './workload.js'

// Plain kafkajs as a careful team writes it, with retries and dead letters by hand: app-naive.ts <file for its effects>
// <name> <brokers> <topic> <group> <mode> In the mode `naive-batch` it starts the handlers of a batch side by side and
// waits for none, which is the advice one finds for speed.

type Arguments = [path: string, name: string, brokers: string, topic: string, groupId: string, mode: string]

const [path, name, brokers, topic, groupId, mode] = process.argv.slice(2) as Arguments
const handle = createHandler(path, name)

const kafka = new Kafka({ brokers: brokers.split(','), clientId: name, logLevel: logLevel.WARN })
const consumer = kafka.consumer({ groupId })
const producer = kafka.producer()

type Incoming = Pick<EachMessagePayload, 'partition' | 'message'>

async function settle ({ partition, message }: Incoming): Promise<void> {
  const offset = Number(message.offset)
  try {
    const order = parse(message.value)
    await retry((attempt) => handle(order, { partition, offset }, attempt))
  } catch {
    const headers = {
      ...own(message.headers),
      'x-dlq-topic': topic,
      'x-dlq-partition': String(partition),
      'x-dlq-offset': message.offset
    }
    await producer.send({ topic: `${topic}.dlq`, messages: [{ key: message.key, value: message.value, headers }] })
  }
}

/**
 * Without this, what kafkajs makes of a header named `constructor` stops its consumer for good, and there is nothing
 * else to see.
 */
function own (headers: IHeaders = {}): IHeaders {
  return Object.fromEntries(Object.entries(headers).map(
    ([name, values]) => [name, [values].flat().filter((value) => Buffer.isBuffer(value))]
  ))
}

function parse (value: Buffer | null): Order {
  const order: Order = JSON.parse(String(value))
  if (typeof order.seq !== 'number') throw new TypeError('no order')
  return order
}

async function retry (run: (attempt: number) => Promise<void>): Promise<void> {
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    try {
      return await run(attempt)
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 20 * 2 ** attempt))
    }
  }
  await run(ATTEMPTS)
}

await producer.connect()
await consumer.connect()
await consumer.subscribe({ topic, fromBeginning: true })
if (mode === 'naive-batch') {
  await consumer.run({
    partitionsConsumedConcurrently: 16,
    async eachBatch ({ batch: { partition, messages } }) {
      for (const message of messages) settle({ partition, message }).catch((error) => console.error(error))
    }
  })
} else {
  await consumer.run({ partitionsConsumedConcurrently: 16, eachMessage: settle })
}
serve(async () => {
  await consumer.disconnect()
  await producer.disconnect()
})
