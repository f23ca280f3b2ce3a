import { FASTSTREAM_ERR_INVALID_OPTION } from '../../../errors.js'
import { type ConsumerOptions } from '../../transport.js'

/** Options of a consumer that reads topics by their names, in a group or all of their partitions. */
export interface NamedTopics extends ConsumerOptions {
  readonly topics: readonly string[]
}

/** Refuses what this transport cannot read yet. */
export function namedTopics ({ topics, ...options }: ConsumerOptions): NamedTopics {
  if (typeof topics === 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('topics', "must be names with transport 'kafkajs'")
  for (const name of ['partitions', 'positions'] as const) {
    if (options[name] !== undefined) throw new FASTSTREAM_ERR_INVALID_OPTION(name, "cannot be chosen with transport 'kafkajs'")
  }
  return { ...options, topics }
}
