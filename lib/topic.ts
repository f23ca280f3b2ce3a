import { FASTSTREAM_ERR_INVALID_TOPIC } from './errors.js'

const LEGAL = /^[a-zA-Z0-9._-]+$/
const MAX_LENGTH = 249

/** Whether Kafka's own rules allow the name. */
export function isTopic (name: string): boolean {
  return name.length <= MAX_LENGTH && name !== '.' && name !== '..' && LEGAL.test(name)
}

/** Kafka's own rules for names. */
export function checkTopic (topic: unknown): string {
  if (typeof topic !== 'string') throw new FASTSTREAM_ERR_INVALID_TOPIC(String(topic), 'is no string')
  if (topic.length === 0 || topic.length > MAX_LENGTH) throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, `has ${topic.length} characters`)
  if (topic === '.' || topic === '..') throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, 'is not allowed')
  if (!LEGAL.test(topic)) throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, 'has other characters')
  return topic
}
