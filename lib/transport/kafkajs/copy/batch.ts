import type { ConsumedRecord, CorruptBatch } from '../../transport.js'
import { withoutAborted } from '../../kafka/records/aborted.js'
import type { RecordBatch } from '../../kafka/records/record-batch.js'
import type { Damage, RecordSet } from './record-set.js'

/** What `eachBatch` gets as `batch` in the copy: kafkajs's own members, and these. */
export interface FetchedBatch {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: string
  /** The offset that was asked for. */
  readonly from: bigint
  /** Sound records only, not too many, without control records and those of aborted transactions. May be empty. */
  readonly messages: readonly ConsumedRecord[]
  /** The offset to read next: beyond everything that was read, also what is not handed over and what compaction removed. */
  readonly position: bigint
  /** What stands at `position` cannot be decoded: the partition gets no further until someone seeks beyond it. */
  readonly corrupt: CorruptBatch | undefined
}

/** One partition of a fetch response, as kafkajs decodes it around our record set. */
export interface PartitionData {
  readonly partition: number
  readonly highWatermark: string
  readonly abortedTransactions: ReadonlyArray<{ readonly producerId: string, readonly firstOffset: string }>
  readonly messages: RecordSet
}

/** That are handed over at once: about as many as a megabyte has room for, and few enough to be taken in without anybody noticing. The next fetch begins behind them. */
const maxMessages = 100_000

/**
 * Stands in for `src/consumer/batch.js`.
 *
 * kafkajs gives a batch that is empty after filtering to nobody, and takes the last record for the end of a batch,
 * so that it creeps through the gaps of a compacted topic one offset per fetch. Here whatever moves the position
 * reaches `eachBatch`, and the batch ends at its position.
 */
export class Batch implements FetchedBatch {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: string
  readonly from: bigint
  readonly messages: readonly ConsumedRecord[]
  readonly position: bigint
  readonly corrupt: CorruptBatch | undefined

  constructor (topic: string, fetchedOffset: string, data: PartitionData) {
    const { batches, end, damage } = data.messages
    const from = BigInt(fetchedOffset)
    this.topic = topic
    this.partition = data.partition
    this.highWatermark = data.highWatermark
    this.from = from
    const visible = visibleRecords(withoutAborted(batches, data.abortedTransactions.map(({ producerId, firstOffset }) => ({ producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) }))), from)
    const tooMany = visible[maxMessages]
    this.messages = tooMany === undefined ? visible : visible.slice(0, maxMessages)
    this.position = tooMany?.offset ?? (end > from ? end : from)
    // Damage lies behind all that is sound, and is told with the last of that.
    if (damage !== undefined && tooMany === undefined) this.corrupt = corruptBatch(damage, this.position, BigInt(data.highWatermark))
  }

  isEmpty (): boolean {
    return this.position === this.from && this.corrupt === undefined
  }

  /** Would make kafkajs's runner keep the batch to itself. */
  isEmptyDueToFiltering (): boolean {
    return false
  }

  firstOffset (): string | null {
    const [first] = this.messages
    return first === undefined ? null : String(first.offset)
  }

  /** kafkajs goes on reading at the offset behind this one. */
  lastOffset (): string {
    return String(this.position - 1n)
  }

  offsetLag (): string {
    return String(BigInt(this.highWatermark) - this.position)
  }

  offsetLagLow (): string {
    const [first] = this.messages
    return first === undefined ? '0' : String(BigInt(this.highWatermark) - 1n - first.offset)
  }
}

function corruptBatch ({ nextOffset, error }: Damage, position: bigint, highWatermark: bigint): CorruptBatch {
  return {
    // Not the offset in its header: nothing proves that one, where reading stopped is certain.
    offset: position,
    nextOffset: nextOffset > position && nextOffset <= highWatermark ? nextOffset : -1n,
    error
  }
}

function visibleRecords (batches: readonly RecordBatch[], from: bigint): readonly ConsumedRecord[] {
  const visible: ConsumedRecord[] = []
  for (const batch of batches) {
    if (batch.control) continue
    // Kafka hands out whole batches: the first one may begin before the offset that was asked for.
    const first = Number(from - batch.baseOffset)
    for (const record of batch.records) {
      if (record.offsetDelta >= first && visible.push(record) > maxMessages) return visible
    }
  }
  return visible
}
