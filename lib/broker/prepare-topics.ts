import { FASTSTREAM_ERR_TOPICS } from '../errors.js'
import type { Log } from '../log.js'
import type { Settings } from '../options/plugin-options.js'
import type { Transport } from '../transport/transport.js'
import type { DeclaredPublisher } from './publisher.js'
import type { DeclaredSubscriber } from './subscriber.js'

/** Sees to it that every declared topic, dead-letter topics included, is there before anything reads or writes. */
export async function prepareTopics (transport: Transport, subscribers: readonly DeclaredSubscriber[], publishers: readonly DeclaredPublisher[], { topics, topicConfig }: Settings, log: Log, isEnding: () => boolean): Promise<void> {
  if (topics === 'ignore') return
  const declared = new Set(publishers.map(({ topic }) => topic))
  for (const subscriber of subscribers) {
    for (const topic of subscriber.topics) {
      declared.add(topic)
      const deadLetter = subscriber.deadLetterTopic(topic)
      if (deadLetter !== undefined) declared.add(deadLetter)
    }
  }
  const existing = await transport.describeTopics([...declared])
  const missing = [...declared].filter((topic) => !existing.has(topic))
  if (missing.length === 0 || isEnding()) return
  if (topics === 'verify') throw new FASTSTREAM_ERR_TOPICS(missing.join(', '), "they do not exist: create them, or write topics: 'create'")
  log.info({ topics: missing, ...topicConfig }, 'creating topics')
  await transport.createTopics(missing.map((topic) => ({ topic, ...topicConfig })))
}
