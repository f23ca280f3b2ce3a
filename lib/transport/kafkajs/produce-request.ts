import type { ProduceRequest } from '../kafka/wire.js'
import { loadKafkajs } from './load.js'

interface Encoder {
  writeString (text: string | null): Encoder
  writeInt16 (value: number): Encoder
  writeInt32 (value: number): Encoder
  writeBytes (bytes: Buffer): Encoder
  writeArray (items: readonly Encoder[]): Encoder
}

const ALL_REPLICAS = -1

/** The body of a Produce request, versions 3 to 7, around batches that are encoded already. */
export function encodeProduce ({ timeout, topics }: ProduceRequest): Encoder {
  const KafkajsEncoder = loadKafkajs()('src/protocol/encoder.js') as new () => Encoder
  const encoder = (): Encoder => new KafkajsEncoder()
  const encoded = topics.map(({ topic, partitions }) => encoder().writeString(topic).writeArray(
    partitions.map(({ partition, records }) => encoder().writeInt32(partition).writeBytes(records))))
  return encoder().writeString(null).writeInt16(ALL_REPLICAS).writeInt32(timeout).writeArray(encoded)
}
