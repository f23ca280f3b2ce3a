import type { Log } from '../log.js'
import type {
  ConsumedRecord, ConsumerListener, ConsumerOptions, CorruptBatch, TopicPartition, TransportConsumer
} from '../transport/transport.js'

/** Takes what a reader reads. Both return at once and never throw. */
export interface ReplyTaker {
  reply (record: ConsumedRecord): void
  /** The reader has ended by itself: the next request needs another one. */
  ended (error: Error): void
}

/** Parts of the broker that a reader needs. */
export interface ReaderMeans {
  readonly createConsumer: (options: ConsumerOptions, listener: ConsumerListener) => TransportConsumer
  readonly sessionTimeout: number
  readonly rebalanceTimeout: number
  readonly log: Log
}

/**
 * Reads the replies to the requests of this process: one partition of the reply topic, from its end. It has no group,
 * so no other process waits for it, and no offset outlives it.
 */
export class ReplyReader implements ConsumerListener {
  readonly address: TopicPartition
  readonly #taker: ReplyTaker
  readonly #log: Log
  readonly #consumer: TransportConsumer
  #failure: Error | undefined

  constructor (
    address: TopicPartition, taker: ReplyTaker,
    { createConsumer, sessionTimeout, rebalanceTimeout, log }: ReaderMeans
  ) {
    const { topic, partition } = address
    this.address = address
    this.#taker = taker
    this.#log = log
    this.#consumer = createConsumer({
      groupId: null,
      topics: [topic],
      partitions: [partition],
      offsetReset: 'latest',
      sessionTimeout,
      rebalanceTimeout
    }, this)
  }

  /** Resolves when replies that are published later will be read. */
  async start (): Promise<void> {
    await this.#consumer.start()
    if (this.#failure !== undefined) throw this.#failure
  }

  async close (): Promise<void> {
    await this.#consumer.close()
  }

  /** The position is kept, so that a client that is replaced reads on where the last one ended. */
  records (topic: string, partition: number, records: readonly ConsumedRecord[], offset: bigint): void {
    for (const record of records) this.#taker.reply(record)
    // It belongs to a generation that is over: the next one begins where this one did, and replies twice are dropped.
    this.#consumer.commit([{ topic, partition, offset }]).catch(() => {})
  }

  /** What is in the batch is lost: its requests time out. */
  corrupt (topic: string, partition: number, { offset, nextOffset, error: err }: CorruptBatch): void {
    const details = { err, topic, partition, offset: String(offset) }
    this.#log.warn(details, 'a batch of replies is corrupt and is not read: its requests time out')
    if (nextOffset > offset) this.#consumer.seek({ topic, partition, offset: nextOffset })
    else this.#end(err)
  }

  failed (error: Error, again = true): void {
    if (!again) this.#end(error)
  }

  #end (error: Error): void {
    this.#failure = error
    this.#taker.ended(error)
    this.close()
  }

  // Nothing is to be drained, and the position of the last generation is known to the transport.

  assigned (): void {}

  async revoking (): Promise<void> {}

  lost (): void {}

  stored (): void {}

  reset (): void {}
}
