import type { ProducedRecord, RawHeader } from '../../transport.js'

/** A message as the copy of KafkaJS encodes it. */
interface Message {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** A string, because KafkaJS takes the number 0 for no timestamp. */
  readonly timestamp: string
}

/** The records of one partition in one send. They are stored together or not at all. */
export interface Batch {
  readonly topic: string
  readonly partition: number
  readonly messages: Message[]
  /** The first record's, once the cluster has acknowledged the batch. */
  offset: bigint | undefined
  /** Attempts after which it may be in the log: no answer, or one that does not exclude it. */
  uncertain: number
  failure: Error | undefined
  /** `failure` is the last word. */
  refused: boolean
  /** ms since the epoch: when the cluster first said that there is no such partition. */
  missingSince: number | undefined
}

/** Splits a send by partition, and tells for each record which batch it is in and where. */
export function toBatches (records: readonly ProducedRecord[]): { batches: readonly Batch[], places: ReadonlyArray<{ batch: Batch, index: number }> } {
  const batches = new Map<string, Batch>()
  const places = records.map(({ topic, partition, key, value, headers, timestamp }) => {
    const id = partitionId({ topic, partition })
    const batch = batches.get(id) ?? emptyBatch(topic, partition)
    batches.set(id, batch)
    return { batch, index: batch.messages.push({ key, value, headers, timestamp: String(timestamp) }) - 1 }
  })
  return { batches: [...batches.values()], places }
}

export function partitionId ({ topic, partition }: Pick<Batch, 'topic' | 'partition'>): string {
  return `${topic}:${partition}`
}

export function isPending ({ offset, refused }: Batch): boolean {
  return offset === undefined && !refused
}

export function groupBy<Item, Key> (items: readonly Item[], keyOf: (item: Item) => Key): ReadonlyMap<Key, readonly Item[]> {
  const groups = new Map<Key, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}

function emptyBatch (topic: string, partition: number): Batch {
  return { topic, partition, messages: [], offset: undefined, uncertain: 0, failure: undefined, refused: false, missingSince: undefined }
}
