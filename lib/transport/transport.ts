/*
 * Contract that the core asks of a client library, and nothing more. `memory/` and `kafka/` implement it and pass one
 * conformance suite. The types are public: an app may bring a transport of its own.
 */

export type {
  ConsumedRecord, NeededRights, NewTopic, ProducedRecord, RawHeader, TopicPartition, TopicPartitionOffset, Transport,
  TransportFactory, TransportLog, TransportOptions, TransportProducer
} from '../../types/transport.js'
export type {
  ConsumerListener, ConsumerOptions, CorruptBatch, FetchOptions, OffsetReset, PartitionProgress, StoredOffset,
  TransportConsumer
} from '../../types/transport-consumer.js'
export { GenerationLostError } from './generation-lost-error.js'
export { SendError } from './send-error.js'
