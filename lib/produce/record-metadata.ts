import type { RecordMetadata as Metadata } from '../../types/index.js'

/** Result of a publish. A route may return it as it is: JSON has no bigint, so there the offset is text. */
export class RecordMetadata implements Metadata {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint

  constructor (topic: string, partition: number, offset: bigint) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }

  toJSON (): { topic: string, partition: number, offset: string } {
    return { topic: this.topic, partition: this.partition, offset: String(this.offset) }
  }
}
