import type { ProducedRecord } from '../../transport.js'
import type { BatchRecord, CompressedRecords } from '../records/encode-batch.js'

/** The records of one partition in one send. They are stored together or not at all. */
export interface ProduceBatch {
  readonly topic: string
  readonly partition: number
  readonly records: BatchRecord[]
  /** `records` as each attempt sends them; undefined when they are not compressed. */
  compressed: CompressedRecords | undefined
  /** Of the first record, once the cluster has acknowledged the batch. */
  offset: bigint | undefined
  /** Attempts after which the batch may be in the log: no answer, or one that does not exclude it. */
  uncertain: number
  failure: Error | undefined
  /** `failure` is the last word. */
  refused: boolean
  /** By `elapsed`: when the cluster first said that there is no such partition. */
  missingSince: number | undefined
}

/** Splits a send by partition, and tells for each record which batch it is in and where. */
export function toBatches (
  records: readonly ProducedRecord[]
): { batches: readonly ProduceBatch[], places: ReadonlyArray<{ batch: ProduceBatch, index: number }> } {
  const batches: ProduceBatch[] = []
  const byTopic = new Map<string, ProduceBatch[]>()
  const places = records.map((record) => {
    const { topic, partition } = record
    let ofTopic = byTopic.get(topic)
    if (ofTopic === undefined) byTopic.set(topic, ofTopic = [])
    let batch = ofTopic[partition]
    if (batch === undefined) batches.push(batch = ofTopic[partition] = emptyBatch(topic, partition))
    return { batch, index: batch.records.push(record) - 1 }
  })
  return { batches, places }
}

export function isPending ({ offset, refused }: ProduceBatch): boolean {
  return offset === undefined && !refused
}

function emptyBatch (topic: string, partition: number): ProduceBatch {
  const untried = { offset: undefined, uncertain: 0, failure: undefined, refused: false, missingSince: undefined }
  return { topic, partition, records: [], compressed: undefined, ...untried }
}
