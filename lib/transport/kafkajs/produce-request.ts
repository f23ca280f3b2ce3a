import type { ProduceRequest } from '../kafka/wire.js'
import type { Encoder } from './kafkajs-modules.js'
import { loadKafkajs } from './load.js'

const ALL_REPLICAS = -1

/** The body of a Produce request, versions 3 to 7, around batches that are encoded already. */
export function encodeProduce ({ timeout, topics }: ProduceRequest): Encoder {
  const KafkajsEncoder = loadKafkajs()('src/protocol/encoder.js')
  const encoder = (): Encoder => new KafkajsEncoder()
  const encoded = topics.map(({ topic, partitions }) => encoder().writeString(topic).writeArray(
    partitions.map(({ partition, records }) => encoder().writeInt32(partition).writeBytes(records))))
  return encoder().writeString(null).writeInt16(ALL_REPLICAS).writeInt32(timeout).writeArray(encoded)
}
