import { FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC } from '../errors.js'
import { isTopic, MAX_TOPIC_LENGTH } from '../transport/topic-partition.js'

/**
 * Kafka's own rules for names.
 *
 * @param origin where the name comes from, for the error
 * @throws FASTSTREAM_ERR_INVALID_TOPIC
 */
export function checkTopic (topic: unknown, origin = ''): string {
  if (typeof topic !== 'string') throw new FASTSTREAM_ERR_INVALID_TOPIC(String(topic), `is no string${origin}`)
  if (!isTopic(topic)) throw new FASTSTREAM_ERR_INVALID_TOPIC(topic, whatIsWrong(topic) + origin)
  return topic
}

function whatIsWrong (topic: string): string {
  if (topic === '.' || topic === '..') return 'is not allowed'
  const { length } = topic
  return length === 0 || length > MAX_TOPIC_LENGTH ? `has ${length} characters` : 'has other characters'
}

/**
 * Checks what topics begin with. The length is that of the whole topic.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkTopicPrefix (option: string, prefix: unknown): string {
  if (typeof prefix === 'string' && /^[a-zA-Z0-9._-]*$/.test(prefix)) return prefix
  const cure = "must be text of the characters a-z, A-Z, 0-9, '.', '_' and '-', for topics begin with it"
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
}
