import { FASTSTREAM_ERR_INVALID_TOPIC } from './errors.js'

/** Kafka's own rules for names. */
export function checkTopic (topic: unknown): string {
  if (typeof topic !== 'string') throw new FASTSTREAM_ERR_INVALID_TOPIC(String(topic), 'is no string')
  if (topic.length === 0 || topic.length > 249) throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, `has ${topic.length} characters`)
  if (topic === '.' || topic === '..') throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, 'is not allowed')
  if (!/^[a-zA-Z0-9._-]+$/.test(topic)) throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, 'has other characters')
  return topic
}
