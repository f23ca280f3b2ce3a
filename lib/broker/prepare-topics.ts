import { FASTSTREAM_ERR_TOPICS } from '../errors.js'
import type { Log } from '../log.js'
import type { Settings } from '../options/plugin-options.js'
import type { Transport } from '../transport/transport.js'

/** Creates or verifies the declared topics before anything reads or writes. */
export async function prepareTopics (
  transport: Transport, declared: readonly string[], settings: Settings, log: Log, isEnding: () => boolean
): Promise<void> {
  const { topics, topicConfig } = settings
  if (topics === 'ignore') return
  const existing = await transport.describeTopics(declared)
  const missing = declared.filter((topic) => !existing.has(topic))
  if (missing.length === 0 || isEnding()) return
  if (topics === 'verify') {
    throw new FASTSTREAM_ERR_TOPICS(missing.join(', '), "they do not exist: create them, or write topics: 'create'")
  }
  log.info({ topics: missing, ...topicConfig }, 'creating topics')
  await transport.createTopics(missing.map((topic) => ({ topic, ...topicConfig })))
}
