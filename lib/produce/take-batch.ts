import type { TopicPartition } from '../transport/transport.js'

/** A publish that waits to be sent. */
interface Waiting {
  readonly record: TopicPartition
  readonly size: number
  /** It has its outcome already. */
  readonly done: boolean
}

const MAX_RECORDS = 2000
/** Far below Kafka's default limit of 1 MiB per partition and request. A larger record is sent, and can fail, alone. */
const MAX_PARTITION_BYTES = 512 * 1024

/** The first of a queue that are sent together, without those that are done. `taken` counts both. */
export function takeBatch<Entry extends Waiting> (queue: readonly Entry[]): { batch: Entry[], taken: number } {
  const batch: Entry[] = []
  // Lists by partition: a key that names topic and partition would be made anew for each message.
  const sizes = new Map<string, number[]>()
  let taken = 0
  for (const entry of queue) {
    if (batch.length === MAX_RECORDS) break
    if (!entry.done) {
      const { topic, partition } = entry.record
      let ofTopic = sizes.get(topic)
      if (ofTopic === undefined) sizes.set(topic, ofTopic = [])
      const size = entry.size + (ofTopic[partition] ?? 0)
      if (size > MAX_PARTITION_BYTES && batch.length > 0) break
      ofTopic[partition] = size
      batch.push(entry)
    }
    taken++
    if (entry.size > MAX_PARTITION_BYTES) break
  }
  return { batch, taken }
}
