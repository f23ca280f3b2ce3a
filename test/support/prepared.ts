import type { RecordMetadata } from '../../index.js'
import type { Prepared } from '../../lib/message/outgoing.js'

/** An empty message for a topic, sent by a function of the test. */
export function prepared (topic: string, send: () => Promise<RecordMetadata>): Prepared {
  return { outgoing: { topic, key: null, value: null, headers: [], timestamp: 0 }, sender: { send } }
}
