import { Batch } from './batch.js'
import { wakingConsumerGroup } from './consumer-group.js'
import type { LookupCodec } from '../../kafka/records/decompress.js'
import { candidMetadata } from './metadata.js'
import type { Load, Replacement } from '../modules.js'
import { recordSetDecoder } from './record-set.js'
import { restingRequestQueue } from '../request-queue.js'

export const decodeMessagesPath = 'src/protocol/requests/fetch/v4/decodeMessages.js'
const compressionPath = 'src/protocol/message/compression/index.js'

/** What differs from kafkajs 2.2.4, and in each file the reason. */
export const replacements: ReadonlyMap<string, Replacement> = new Map<string, Replacement>([
  // in
  [decodeMessagesPath, (load) => recordSetDecoder(lookupCodec(load))],
  ['src/consumer/batch.js', () => Batch],
  ['src/consumer/consumerGroup.js', wakingConsumerGroup],
  // both
  ['src/protocol/requests/metadata/v0/response.js', candidMetadata],
  ['src/network/requestQueue/index.js', restingRequestQueue]
])

/** `CompressionCodecs` stays the application's object, in which it puts its codecs. */
export const shared: ReadonlySet<string> = new Set([compressionPath])

function lookupCodec (load: Load): LookupCodec {
  return (load(compressionPath) as { lookupCodecByAttributes: LookupCodec }).lookupCodecByAttributes
}
