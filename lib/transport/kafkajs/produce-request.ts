import type { ProduceRequest } from '../kafka/wire.js'
import type { RequestBody } from './request-frame.js'

const ALL_REPLICAS = -1
const NO_TRANSACTION = -1

/**
 * The body of a Produce request, versions 3 to 7, around batches that are encoded already. kafkajs's encoders would
 * copy each batch six times.
 */
export function encodeProduce ({ timeout, topics }: ProduceRequest): RequestBody {
  const parts = [beginning(timeout, topics.length)]
  for (const { topic, partitions } of topics) {
    parts.push(topicHead(topic, partitions.length))
    for (const { partition, records } of partitions) parts.push(numbers(partition, records.length), records)
  }
  return { parts }
}

function beginning (timeout: number, topics: number): Buffer {
  const bytes = Buffer.allocUnsafe(12)
  bytes.writeInt16BE(NO_TRANSACTION, 0)
  bytes.writeInt16BE(ALL_REPLICAS, 2)
  bytes.writeInt32BE(timeout, 4)
  bytes.writeInt32BE(topics, 8)
  return bytes
}

function topicHead (topic: string, partitions: number): Buffer {
  const length = Buffer.byteLength(topic)
  const bytes = Buffer.allocUnsafe(2 + length + 4)
  bytes.writeInt16BE(length, 0)
  bytes.write(topic, 2)
  bytes.writeInt32BE(partitions, 2 + length)
  return bytes
}

function numbers (partition: number, size: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeInt32BE(partition, 0)
  bytes.writeInt32BE(size, 4)
  return bytes
}
