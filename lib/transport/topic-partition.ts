import type { TopicPartition } from './transport.js'

/** A partition's name as a map key: `orders:3`. Topic names hold no colon. */
export function topicPartitionName ({ topic, partition }: TopicPartition): string {
  return `${topic}:${partition}`
}

const LEGAL = /^[a-zA-Z0-9._-]+$/
export const MAX_TOPIC_LENGTH = 249

/** True when Kafka's own rules allow the name of a topic. */
export function isTopic (name: string): boolean {
  return name.length <= MAX_TOPIC_LENGTH && name !== '.' && name !== '..' && LEGAL.test(name)
}
