import { AssertionError } from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { sleep, systemClock } from '../../clock.js'
import type {
  ConsumerOptions, ProducedRecord, Transport, TransportConsumer, TransportProducer
} from '../../transport/transport.js'
import { RecordingListener } from './recording-listener.js'

/** Creates a client of the cluster, as another process would have one. It is not connected yet. */
export type ClientFactory = () => Transport | Promise<Transport>

/** Sentences about a transport by their names. Each fails with an error. */
export type Sentences = Readonly<Record<string, (world: ConformanceWorld) => Promise<void>>>

/** A consumer, and what its listener was told. */
export interface Reading {
  readonly consumer: TransportConsumer
  readonly listener: RecordingListener
  /** Closes its client. */
  close (): Promise<void>
}

/** Time of a send, ms. */
const DEADLINE = 30_000
/** Time between two looks at a state, ms. */
const PAUSE = 5
/** Events of a listener that the error of a wait shows. */
const SHOWN = 10

/** Topics, records and consumers of one sentence, each consumer with a client of its own. All are closed at its end. */
export class ConformanceWorld {
  readonly #factory: ClientFactory
  readonly #patience: number
  readonly #prefix = `conformance-${randomBytes(6).toString('hex')}`
  readonly #clients: Transport[] = []
  readonly #listeners: RecordingListener[] = []
  #writer: Promise<{ readonly client: Transport, readonly producer: TransportProducer }> | undefined

  /** `patience`: ms that a wait may take. */
  constructor (factory: ClientFactory, patience: number) {
    this.#factory = factory
    this.#patience = patience
  }

  /** A name for a topic or a group that no other sentence has. */
  name (name: string): string {
    return `${this.#prefix}-${name}`
  }

  /** A client that is not connected. */
  async unconnected (): Promise<Transport> {
    const client = await this.#factory()
    this.#clients.push(client)
    return client
  }

  /** A client that is connected. */
  async client (): Promise<Transport> {
    const client = await this.unconnected()
    await client.connect()
    return client
  }

  /** The client that creates the topics and sends the records of the sentence. */
  async writer (): Promise<{ readonly client: Transport, readonly producer: TransportProducer }> {
    this.#writer ??= this.client().then((client) => ({ client, producer: client.producer() }))
    return await this.#writer
  }

  /** Creates a topic, and resolves to its name. */
  async topic (partitions = 1, topic = this.name('orders')): Promise<string> {
    const { client } = await this.writer()
    await client.createTopics([{ topic, partitions, replicas: -1 }])
    return topic
  }

  /** Stores values in a partition, and resolves to their offsets. */
  async send (topic: string, partition: number, ...values: string[]): Promise<readonly bigint[]> {
    return await this.sendRecords(values.map((value) => recordOf(topic, { partition, value: Buffer.from(value) })))
  }

  async sendRecords (records: readonly ProducedRecord[], ms = DEADLINE): Promise<readonly bigint[]> {
    const { producer } = await this.writer()
    return await producer.send(records, this.deadline(ms))
  }

  /** The deadline of a request that may take so long, ms. */
  deadline (ms = DEADLINE): number {
    return systemClock.elapsed() + ms
  }

  /** Starts a consumer; by default without a group, from the start. */
  async read (options: Partial<ConsumerOptions> & Pick<ConsumerOptions, 'topics'>): Promise<Reading> {
    const listener = new RecordingListener()
    this.#listeners.push(listener)
    const client = await this.client()
    const consumer = client.consumer(
      { groupId: null, offsetReset: 'earliest', rebalanceTimeout: 10_000, sessionTimeout: 10_000, ...options }, listener
    )
    await consumer.start()
    return { consumer, listener, close: () => client.close() }
  }

  /** Waits for a state. `what` names it in the error of a wait that takes too long. */
  async until (what: string, state: () => boolean | Promise<boolean>): Promise<void> {
    const end = systemClock.elapsed() + this.#patience
    while (!await state()) {
      if (systemClock.elapsed() > end) throw new AssertionError({ message: this.#missed(what) })
      await sleep(systemClock, PAUSE, new AbortController().signal)
    }
  }

  /** Closes all clients. */
  async end (): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()))
  }

  #missed (what: string): string {
    const told = this.#listeners.map(({ events }, index) => {
      const latest = events.slice(-SHOWN).join(', ')
      return `\n  listener ${index + 1} was told: ${latest === '' ? 'nothing' : latest.replaceAll(this.#prefix, '…')}`
    })
    return `not within ${this.#patience} ms: ${what}${told.join('')}`
  }
}

/** A record without a key and headers, of the time 1. */
export function recordOf (topic: string, record: Partial<ProducedRecord>): ProducedRecord {
  return { topic, partition: 0, key: null, value: null, headers: [], timestamp: 1, ...record }
}
