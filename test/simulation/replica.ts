import { append, isAbort, type BatchHeader, type StoredBatch } from './batches.js'
import { CODE } from './codes.js'

/** How many batches of a producer a broker can tell from new ones. */
const REMEMBERED_BATCHES = 5
const SEQUENCES = 2 ** 31

/** What of a batch was decided: where it is, or why it was refused. */
export type Appended = {
  readonly errorCode: number, readonly batch?: undefined
} | { readonly errorCode: 0, readonly batch: StoredBatch }

export interface AbortedRange {
  readonly producerId: bigint
  readonly firstOffset: number
  readonly end: number
}

/**
 * The copy of one partition that one node has. The state of producers is what its log says, so that it is cut with it.
 */
export class Replica {
  readonly nodeId: number
  batches: StoredBatch[] = []
  start = 0
  highWatermark = 0

  constructor (nodeId: number) {
    this.nodeId = nodeId
  }

  /** The offset behind the last record. */
  get end (): number {
    return this.batches.at(-1)?.nextOffset ?? this.start
  }

  /** As Kafka's ProducerAppendInfo does. */
  append (bytes: Buffer, header: BatchHeader, epoch: number, at: number): Appended {
    if (header.producerId >= 0n && !header.control && !header.transactional) {
      const known = this.batches.filter(
        ({ producerId, control }) => producerId === header.producerId && !control
      ).slice(-REMEMBERED_BATCHES)
      const last = known.at(-1)
      const { producerEpoch, baseSequence, count } = header
      const duplicate = known.find((batch) =>
        batch.producerEpoch === producerEpoch && batch.baseSequence === baseSequence && batch.count === count)
      if (duplicate !== undefined) return { errorCode: 0, batch: duplicate }
      if (last !== undefined && header.producerEpoch < last.producerEpoch) {
        return { errorCode: CODE.invalidProducerEpoch }
      }
      if (last !== undefined && header.baseSequence !== expectedSequence(last, header)) {
        return { errorCode: CODE.outOfOrderSequenceNumber }
      }
    }
    const batch = append(bytes, header, this.end, epoch, at)
    this.batches.push(batch)
    return { errorCode: 0, batch }
  }

  /** Becomes what the leader has. What it has beyond that, of an earlier leader, is cut. */
  follow (leader: Replica): void {
    let same = this.batches.length
    while (same > 0 && !leader.batches.includes(this.batches[same - 1]!)) same--
    const last = this.batches[same - 1]
    const from = last === undefined ? 0 : leader.batches.indexOf(last) + 1
    this.batches = [...this.batches.slice(0, same), ...leader.batches.slice(from)]
    this.deleteBefore(leader.start)
    this.highWatermark = Math.min(leader.highWatermark, this.end)
  }

  deleteBefore (offset: number): void {
    if (offset <= this.start) return
    this.start = offset
    // What is cut at both ends stays: a reader gets whole batches.
    this.batches = this.batches.filter(({ nextOffset }) => nextOffset > offset)
  }

  /** Up to here no transaction is open. */
  get lastStableOffset (): number {
    return Math.min(this.highWatermark, ...this.#transactions().open.values())
  }

  aborted (from: number, to: number): readonly AbortedRange[] {
    return this.#transactions().aborted.filter(({ firstOffset, end }) => end > from && firstOffset < to)
  }

  /** The first offset whose record is not older than `timestamp`; −1: there is none. */
  offsetOf (timestamp: number): number {
    return this.batches.find(
      ({ maxTimestamp, nextOffset }) => maxTimestamp >= timestamp && nextOffset <= this.highWatermark
    )?.baseOffset ?? -1
  }

  #transactions (): { readonly open: ReadonlyMap<bigint, number>, readonly aborted: readonly AbortedRange[] } {
    const open = new Map<bigint, number>()
    const aborted: AbortedRange[] = []
    for (const { producerId, transactional, control, baseOffset, nextOffset, bytes } of this.batches) {
      if (!transactional) continue
      const firstOffset = open.get(producerId)
      if (!control) open.set(producerId, firstOffset ?? baseOffset)
      else if (firstOffset !== undefined) {
        open.delete(producerId)
        if (isAbort(bytes)) aborted.push({ producerId, firstOffset, end: nextOffset })
      }
    }
    return { open, aborted }
  }
}

function expectedSequence (last: StoredBatch, { producerEpoch }: BatchHeader): number {
  return producerEpoch === last.producerEpoch ? (last.baseSequence + last.count) % SEQUENCES : 0
}
