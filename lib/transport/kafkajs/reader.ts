import type { Consumer, EachBatchPayload } from 'kafkajs'
import { systemClock } from '../../clock.js'
import type { ConsumerListener, Progress, TopicPartition, TopicPartitionOffset } from '../transport.js'
import type { FetchedBatch } from './copy/batch.js'
import type { Generation, Owned } from './generation.js'
import type { GroupCluster } from './group-cluster.js'
import type { Beginning } from './starting-offsets.js'

/** ms; how old the known end of a log may get while nothing is fetched from it */
const endMaxAge = 5000

/** What a member owns, one generation after the other, and reads of it: positions, pauses, and batches, which it hands over. */
export class Reader {
  readonly #consumer: Pick<Consumer, 'pause' | 'paused' | 'resume' | 'seek'>
  readonly #listener: ConsumerListener
  #reading: boolean
  #generation: Generation | undefined
  #endsAt = 0

  constructor (consumer: Pick<Consumer, 'pause' | 'paused' | 'resume' | 'seek'>, listener: ConsumerListener, reading: boolean) {
    this.#consumer = consumer
    this.#listener = listener
    this.#reading = reading
  }

  /** undefined: nothing is owned now. */
  get generation (): Generation | undefined {
    return this.#generation
  }

  begin (generation: Generation): void {
    this.#generation = generation
    // KafkaJS remembers pauses across generations.
    if (this.#reading) this.#consumer.resume(this.#consumer.paused())
    else this.#consumer.pause(byTopic(generation.partitions))
    this.#listener.assigned(generation.partitions)
  }

  end (how: 'drained' | 'lost'): void {
    if (this.#generation === undefined) return
    this.#generation = undefined
    if (how === 'lost') this.#listener.lost()
  }

  /** It is known where the reading of a partition begins. */
  beginAt ({ topic, partition, stored, metadata, start, end, position }: Beginning): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined) return
    owned.position = position
    owned.end = end
    if (position === undefined) this.#stopPartition(owned)
    if (!this.#reading) return
    if (position !== undefined && position === stored) return this.#listener.stored(topic, partition, stored, metadata)
    if (stored !== undefined) this.#listener.reset(topic, partition, { stored, start, end, position })
    // To be committed before anything comes: from then on it is noticed when the log loses what was not read.
    if (position !== undefined) this.#listener.records(topic, partition, [], position)
  }

  /** Must not wait and must not throw: both would stop every partition. */
  take ({ batch, resolveOffset }: EachBatchPayload): void {
    const { topic, partition, highWatermark, from, messages, position, corrupt } = batch as unknown as FetchedBatch
    const owned = this.#generation?.owned(topic, partition)
    if (owned?.position === undefined || owned.paused || owned.stopped || !this.#reading) return
    const next = owned.position
    // Of another place, from before a seek, or from the node where the partition was before it moved.
    if (from > next || position < next) return
    owned.end = BigInt(highWatermark)
    if (position > next) {
      owned.position = position
      resolveOffset(String(position - 1n))
      const records = from === next ? messages : messages.filter(({ offset }) => offset >= next)
      this.#listener.records(topic, partition, records, position)
    }
    if (corrupt === undefined) return
    this.#stopPartition(owned)
    this.#listener.corrupt(topic, partition, corrupt)
  }

  pause ({ topic, partition }: TopicPartition): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined) return
    owned.paused = true
    this.#consumer.pause(byTopic([owned]))
  }

  resume ({ topic, partition }: TopicPartition): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined) return
    owned.paused = false
    this.#fetchAgain(owned)
  }

  /** What a fetch under way may still bring from the old place does not fit to the new one. */
  seek ({ topic, partition, offset }: TopicPartitionOffset): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined || !owned.stopped) return
    owned.stopped = false
    owned.position = offset
    this.#consumer.seek({ topic, partition, offset: String(offset) })
    this.#fetchAgain(owned)
  }

  progress ({ topic, partition }: TopicPartition): Progress {
    const { position, end } = this.#generation?.owned(topic, partition) ?? {}
    return { position, end }
  }

  /** Reads no more, in this generation and in those that follow. */
  stop (): void {
    if (!this.#reading) return
    this.#reading = false
    if (this.#generation !== undefined) this.#consumer.pause(byTopic(this.#generation.partitions))
  }

  /** Fetches tell how long a log is. Where nothing is fetched, the lag must not stand still. */
  refreshEnds (cluster: Pick<GroupCluster, 'listOffsets'>): void {
    const generation = this.#generation
    const now = systemClock.now()
    if (generation === undefined || generation.unread.length === 0 || now < this.#endsAt + endMaxAge) return
    this.#endsAt = now
    // Whoever cannot tell now is asked again later.
    cluster.listOffsets(generation.unread, ({ topic, partition }, { end }) => {
      const owned = this.#generation?.owned(topic, partition)
      if (owned !== undefined) owned.end = end
    }).catch(() => {})
  }

  #stopPartition (owned: Owned): void {
    owned.stopped = true
    this.#consumer.pause(byTopic([owned]))
  }

  #fetchAgain (owned: Owned): void {
    if (this.#reading && !owned.paused && !owned.stopped) this.#consumer.resume(byTopic([owned]))
  }
}

function byTopic (partitions: readonly TopicPartition[]) {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }))
}
