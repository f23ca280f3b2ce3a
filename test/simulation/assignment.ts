import type { TopicPartition } from '../../lib/transport/transport.js'

/** Reads a `ConsumerProtocolAssignment` 0. Empty bytes: nothing is assigned. */
export function readAssignment (bytes: Buffer): TopicPartition[] {
  if (bytes.length === 0) return []
  let position = 2
  const int = (): number => bytes.readInt32BE((position += 4) - 4)
  const partitions: TopicPartition[] = []
  for (let topics = int(); topics > 0; topics--) {
    const length = bytes.readInt16BE(position)
    const topic = bytes.toString('utf8', position + 2, position += 2 + length)
    for (let count = int(); count > 0; count--) partitions.push({ topic, partition: int() })
  }
  return partitions
}
