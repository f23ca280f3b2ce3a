import type {
  ConsumedRecord, ConsumerListener, CorruptBatch, OffsetReset, TopicPartition
} from '../../transport/transport.js'

/** Records that a listener was given at once. */
export interface Delivery {
  readonly topic: string
  readonly partition: number
  readonly records: readonly ConsumedRecord[]
  readonly position: bigint
}

/** A listener that writes down what it is told. Its doors (`onRevoking` and the like) may be replaced. */
export class RecordingListener implements ConsumerListener {
  /**
   * `assigned a/0 a/1`, `revoking`, `lost`, `records a/0 0-2`, `reset a/0 1 → 3` (`→ nowhere`),
   * `corrupt a/0 (error)` and `failed (error)`, in their order.
   */
  readonly events: string[] = []
  readonly deliveries: Delivery[] = []
  /** Where partitions begin whose beginning the group has not stored. */
  readonly begins: Delivery[] = []
  readonly resets: OffsetReset[] = []
  /** What the group has stored where partitions begin, as `a/0 5 metadata`. */
  readonly beginnings: string[] = []
  owned: string[] = []
  onAssigned = (_partitions: readonly TopicPartition[]): void => {}
  onRevoking = async (): Promise<void> => {}
  onLost = (): void => {}
  onRecords = (_delivery: Delivery): void => {}

  assigned (partitions: readonly TopicPartition[]): void {
    this.owned = partitions.map(({ topic, partition }) => `${topic}/${partition}`).sort()
    this.events.push(['assigned', ...this.owned].join(' '))
    this.onAssigned(partitions)
  }

  revoking (): Promise<void> {
    this.events.push('revoking')
    return this.onRevoking()
  }

  lost (): void {
    this.owned = []
    this.events.push('lost')
    this.onLost()
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    const delivery = { topic, partition, records, position }
    if (records.length === 0) {
      this.begins.push(delivery)
      return
    }
    this.deliveries.push(delivery)
    this.events.push(`records ${topic}/${partition} ${records[0]?.offset}-${records.at(-1)?.offset}`)
    this.onRecords(delivery)
  }

  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void {
    this.beginnings.push(`${topic}/${partition} ${offset} ${metadata}`)
  }

  corrupt (topic: string, partition: number, { error }: CorruptBatch): void {
    this.events.push(`corrupt ${topic}/${partition} (${error.message})`)
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    this.resets.push(reset)
    this.events.push(`reset ${topic}/${partition} ${reset.stored} → ${reset.position ?? 'nowhere'}`)
  }

  failed (error: Error): void {
    this.events.push(`failed (${error.message})`)
  }

  /** The values that were delivered, as text. */
  values (): string[] {
    return this.deliveries.flatMap(({ records }) => records.map(({ value }) => String(value)))
  }

  /** The values with their places, sorted: `a/0 text`. */
  placed (): string[] {
    return this.deliveries.flatMap(({ topic, partition, records }) => records.map(
      ({ value }) => `${topic}/${partition} ${String(value)}`
    )).sort()
  }

  generations (): number {
    return this.events.filter((event) => event.startsWith('assigned')).length
  }
}
