import type { TopicPartition } from './transport.js'

/** A partition's name as a map key: `orders:3`. Topic names hold no colon. */
export function topicPartitionName ({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`
}
