import kafkajs, { type Message, type Producer, type ProducerConfig } from 'kafkajs'
import t from 'tap'
import type { Codecs } from '../../lib/transport/compression/codec.js'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { Cluster } from '../../lib/transport/kafka/cluster/cluster.js'
import { TopicMetadata } from '../../lib/transport/kafka/cluster/topic-metadata.js'
import { createConsumer } from '../../lib/transport/kafka/consumer/consumer.js'
import { systemEnvironment } from '../../lib/transport/kafka/environment.js'
import { createKafkajsWire } from '../../lib/transport/kafkajs/wire.js'
import type {
  ConsumedRecord, ConsumerListener, ConsumerOptions, CorruptBatch, OffsetReset, TopicPartition,
  TransportConsumer, TransportLog
} from '../../lib/transport/transport.js'
import { brokers as sharedBrokers, uniqueName, until, withAdmin } from './fixture.js'

/* Members of groups, and what their listeners were told. */

type Test = typeof t

const { logLevel, Partitioners } = kafkajs

export interface Received extends TopicPartition {
  readonly offset: bigint
  readonly value: string
}

export class Observer implements ConsumerListener {
  /** Everything but records, in order. */
  readonly calls: string[] = []
  readonly received: Received[] = []
  readonly positions = new Map<string, bigint>()
  readonly corruptBatches: CorruptBatch[] = []
  /** What the group has stored where partitions begin, as `0: 5 metadata`. */
  readonly beginnings: string[] = []
  readonly resets: Array<OffsetReset & { readonly partition: number }> = []
  readonly failures: Error[] = []
  owned: readonly TopicPartition[] = []
  onRecords: (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint) => void = () => {}
  onAssigned: (partitions: readonly TopicPartition[]) => void = () => {}
  onRevoking: () => Promise<void> = async () => {}
  onReset: (topic: string, partition: number) => void = () => {}

  assigned (partitions: readonly TopicPartition[]): void {
    this.calls.push('assigned')
    this.owned = partitions
    this.onAssigned(partitions)
  }

  revoking (): Promise<void> {
    this.calls.push('revoking')
    return this.onRevoking()
  }

  lost (): void {
    this.calls.push('lost')
    this.owned = []
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    for (const { offset, value } of records) this.received.push({ topic, partition, offset, value: String(value) })
    this.positions.set(`${topic}:${partition}`, position)
    this.onRecords(topic, partition, records, position)
  }

  stored (_topic: string, partition: number, offset: bigint, metadata: string): void {
    this.beginnings.push(`${partition}: ${offset} ${metadata}`)
  }

  corrupt (_topic: string, _partition: number, batch: CorruptBatch): void {
    this.calls.push('corrupt')
    this.corruptBatches.push(batch)
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    this.calls.push('reset')
    this.resets.push({ partition, ...reset })
    this.onReset(topic, partition)
  }

  failed (error: Error): void {
    this.calls.push('failed')
    this.failures.push(error)
  }

  /** Resolves once it has received so many. */
  async has (count: number): Promise<void> {
    await until(async () => this.received.length >= count)
  }

  async was (call: string, times = 1): Promise<void> {
    await until(async () => this.calls.filter((made) => made === call).length >= times)
  }

  values (): string[] {
    return this.received.map(({ value }) => value)
  }
}

export interface TestMember {
  readonly consumer: TransportConsumer
  readonly observer: Observer
}

const silent: TransportLog = { debug () {}, info () {}, warn () {}, error () {} }

export interface MemberSettings extends Partial<ConsumerOptions> {
  readonly topics: readonly string[]
  readonly brokers?: readonly string[]
  readonly log?: TransportLog
  readonly codecs?: Codecs
  readonly sasl?: { mechanism: 'plain', username: string, password: string }
}

interface Client {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
}

/** One for many members, as in one transport. */
let shared: Client | undefined

function sharedClient (): Client {
  shared ??= client(t)
  return shared
}

function client (t: Pick<Test, 'teardown'>, brokers = sharedBrokers(), sasl?: MemberSettings['sasl']): Client {
  const options = { brokers, connectTimeout: 9000, requestTimeout: 5000 }
  const cluster = new Cluster(options, createKafkajsWire({ clientId: 'test', sasl, log: silent }), systemEnvironment)
  t.teardown(() => { cluster.close() })
  return { cluster, metadata: new TopicMetadata(cluster, options) }
}

/** A member, not started yet; closed with the test. */
export function createMember (
  t: Pick<Test, 'teardown'>, { brokers, sasl, log = silent, codecs = createCodecs(), ...options }: MemberSettings
): TestMember {
  const { cluster, metadata } = sasl === undefined && brokers === undefined ? sharedClient() : client(t, brokers, sasl)
  const observer = new Observer()
  const consumer = createConsumer({
    cluster,
    metadata,
    listener: observer,
    log,
    codecs,
    options: {
      groupId: uniqueName('group'),
      offsetReset: 'earliest',
      sessionTimeout: 10_000,
      rebalanceTimeout: 20_000,
      ...options
    }
  })
  t.teardown(() => consumer.close())
  return { consumer, observer }
}

/** A member that commits at once whatever position it is told, as if every handler were done already. */
export function createEager (t: Pick<Test, 'teardown'>, settings: MemberSettings): TestMember {
  const member = createMember(t, settings)
  member.observer.onRecords = (topic, partition, _records, offset) => {
    member.consumer.commit([{ topic, partition, offset }]).catch(() => {})
  }
  return member
}

/** Of the topic's partitions in turn. The log may not have them. */
export async function store (
  t: Pick<Test, 'teardown'>, groupId: string, topic: string, ...offsets: bigint[]
): Promise<void> {
  const { consumer } = createMember(t, { topics: [topic], groupId })
  await consumer.start()
  await consumer.commit(offsets.map((offset, partition) => ({ topic, partition, offset })))
  await consumer.close()
}

/** Cuts the log as its retention does: `start` is the first offset that is left. */
export async function expire (topic: string, start: bigint, partition = 0): Promise<void> {
  await withAdmin(async (admin) => {
    // Without it, KafkaJS knows no leader to ask.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(start) }] })
  })
}

/** Writes with the app's plain kafkajs. */
export async function produce (topic: string, messages: Message[], brokers = sharedBrokers()): Promise<void> {
  await withProducer(brokers, (producer) => producer.send({ topic, messages }).then(() => {}))
}

export async function withProducer<T> (
  brokers: readonly string[], use: (producer: Producer) => Promise<T>, config: ProducerConfig = {}
): Promise<T> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const producer = kafka.producer({ ...config, createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  try {
    return await use(producer)
  } finally {
    await producer.disconnect()
  }
}

/** `count` messages in a row for one partition: the values are their numbers. */
export function numbered (count: number, { from = 0, partition = 0 } = {}): Message[] {
  return Array.from({ length: count }, (_, i) => ({ partition, value: String(from + i) }))
}

/** What the group has committed, by partition. */
export async function committed (groupId: string, topic: string): Promise<string[]> {
  const [offsets] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }))
  return offsets!.partitions.sort((a, b) => a.partition - b.partition).map(({ offset }) => offset)
}

export async function memberIds (groupId: string): Promise<string[]> {
  const { groups } = await withAdmin((admin) => admin.describeGroups([groupId]))
  return groups[0]!.members.map(({ memberId }) => memberId)
}
