import type { ConsumerOptions } from '../../types/transport-consumer.js'
import type { MemoryBudget } from '../memory-budget.js'

/*
 * Contract that the core asks of a client library, and nothing more. `memory/` and `kafka/` implement it and pass one
 * conformance suite. The types are public: an app may bring a transport of its own.
 */

export type { ClusterDescription, GroupDescription, TopicDescription } from '../../types/cluster-description.js'
export type {
  ConsumedRecord, NeededRights, NewTopic, ProducedRecord, RawHeader, TopicPartition, TopicPartitionOffset, Transport,
  TransportFactory, TransportLog, TransportOptions, TransportProducer
} from '../../types/transport.js'
export type {
  ConsumerListener, ConsumerOptions, CorruptBatch, FetchOptions, LogPlace, OffsetReset, PartitionProgress, StoredOffset,
  TopicTest, TransportConsumer
} from '../../types/transport-consumer.js'
export { GenerationLostError } from './generation-lost-error.js'
export { SendError } from './send-error.js'

/** The options of a consumer of ours. */
export interface BudgetedConsumerOptions extends ConsumerOptions {
  /** A batch that must be decompressed waits until there is room. */
  readonly budget?: MemoryBudget
}

/** Bounds of a fetch where an app says nothing. Sizes in bytes, `maxWait` in ms. */
export const FETCH_DEFAULTS = Object.freeze({
  minBytes: 1, maxBytes: 10 * 1024 * 1024, maxBytesPerPartition: 1024 * 1024, maxWait: 250
})

/** ms; how old the metadata of a topic in use may get where an app says nothing */
export const METADATA_MAX_AGE = 5000

/** How many records a transport hands over at once: about as many as a megabyte holds. */
export const MAX_RECORDS = 100_000
