import { FASTSTREAM_ERR_REDRIVE } from '../errors.js'
import { reasonOfCluster } from '../for-clients.js'
import type { TopicPartitionOffset, TransportConsumer } from '../transport/transport.js'
import { type Cluster, consume } from './consuming.js'
import { DoneOffsets } from './done-offsets.js'

/** The group that stores which letters are done. It has no members. */
export const PROGRESS_GROUP = 'faststream-dead-letters'

/** Which letters of one dead-letter topic are done. */
export class Progress {
  readonly #topic: string
  readonly #consumer: TransportConsumer
  readonly #done: ReadonlyMap<number, DoneOffsets>

  constructor (topic: string, consumer: TransportConsumer, done: ReadonlyMap<number, DoneOffsets>) {
    this.#topic = topic
    this.#consumer = consumer
    this.#done = done
  }

  /** Reads what is stored. `partitions`: all of the topic. */
  static async open (cluster: Cluster, topic: string, partitions: readonly number[]): Promise<Progress> {
    const done = new Map<number, DoneOffsets>()
    const reading = { groupId: PROGRESS_GROUP, topics: [topic], partitions, offsetReset: 'earliest' } as const
    const consumer = await consume(cluster, reading, (consumer, end) => {
      function know (partition: number, offsets: DoneOffsets): void {
        if (!done.has(partition)) done.set(partition, offsets)
        if (partitions.every((each) => done.has(each))) end()
      }
      return {
        assigned: (owned) => { for (const each of owned) consumer.pause(each) },
        stored: (_, partition, offset, metadata) => { know(partition, DoneOffsets.decode(offset, metadata)) },
        // Nothing is stored, or retention has removed what is.
        records: (_, partition, _records, position) => { know(partition, new DoneOffsets(position)) }
      }
    })
    return new Progress(topic, consumer, done)
  }

  of (partition: number): DoneOffsets {
    return this.#done.get(partition)!
  }

  /** @throws FASTSTREAM_ERR_REDRIVE when there is no room for what was done here and there */
  check (partition: number): void {
    const done = this.of(partition)
    if (done.metadata !== undefined) return
    const first = `${this.#topic}[${partition}] ${done.watermark}`
    throw new FASTSTREAM_ERR_REDRIVE(`too many letters behind ${first} are done here and there: end that one first`)
  }

  /** @throws FASTSTREAM_ERR_REDRIVE when the cluster does not store it */
  async commit (partition: number): Promise<void> {
    const { watermark: offset, metadata = '' } = this.of(partition)
    const stored: TopicPartitionOffset & { metadata: string } = { topic: this.#topic, partition, offset, metadata }
    try {
      await this.#consumer.commit([stored])
    } catch (cause) {
      const why = reasonOfCluster(cause)
      const reason = `the progress in '${this.#topic}' is not stored (${why}): the last letters are repeated`
      throw new FASTSTREAM_ERR_REDRIVE(reason, { cause })
    }
  }

  async close (): Promise<void> {
    await this.#consumer.close()
  }
}
