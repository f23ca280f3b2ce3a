import type { Test } from 'tap'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { Cluster } from '../../lib/transport/kafka/cluster/cluster.js'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { TopicMetadata } from '../../lib/transport/kafka/cluster/topic-metadata.js'
import { systemEnvironment } from '../../lib/transport/kafka/environment.js'
import { createProducer } from '../../lib/transport/kafka/producer/producer.js'
import { decodeFetched } from '../../lib/transport/kafka/records/fetched-batch.js'
import { createKafkajsWire } from '../../lib/transport/kafkajs/wire.js'
import {
  type ConsumedRecord, type ProducedRecord, SendError, type TransportLog, type TransportOptions, type TransportProducer
} from '../../lib/transport/transport.js'
import { brokers } from './fixture.js'

/** What a line of the log must never have done: been written where a test does not look. */
export const silent: TransportLog = { debug () {}, info () {}, warn () {}, error () {} }

export function transportOptions (changes: Partial<TransportOptions> = {}): TransportOptions {
  return { brokers: changes.brokers ?? brokers(), clientId: 'test', connectTimeout: 9000, log: silent, ...changes }
}

export function openProducer (t: Test, changes: Partial<TransportOptions> = {}): TransportProducer {
  const options = transportOptions(changes)
  const cluster = openCluster(t, options)
  return createProducer(cluster, new TopicMetadata(cluster, options), options)
}

export function openCluster (t: Pick<Test, 'teardown'>, options: TransportOptions): Cluster {
  const cluster = new Cluster({ ...options, requestTimeout: 5000 }, createKafkajsWire(options), systemEnvironment)
  t.teardown(() => cluster.close())
  return cluster
}

/** The records of a topic's only partition, as they are on the wire: plain kafkajs makes an object of their headers. */
export async function readRaw (t: Pick<Test, 'teardown'>, topic: string): Promise<readonly ConsumedRecord[]> {
  const cluster = openCluster(t, transportOptions())
  const metadata = new TopicMetadata(cluster, transportOptions())
  const fetched = await cluster.until(5000, async (operation) => {
    await metadata.refresh(operation, [topic])
    const bounds = { maxWait: 100, minBytes: 1, maxBytes: 1e7, isolationLevel: 1, rack: '' } as const
    const answer = await cluster.node(metadata.get(topic).leaders[0]!)!.request('Fetch', {
      ...bounds, topics: [{ topic, partitions: [{ partition: 0, offset: 0n, maxBytes: 1e7 }] }]
    })
    return answer.topics[0]!.partitions[0]!
  })
  return (await decodeFetched(0n, fetched, { codecs: createCodecs(), checkCrcs: true })).records
}

export function record (
  topic: string, partition: number, value: string | Buffer | null, rest: Partial<ProducedRecord> = {}
): ProducedRecord {
  return {
    topic,
    partition,
    key: null,
    value: value === null ? null : Buffer.from(value),
    headers: [],
    timestamp: Date.now(),
    ...rest
  }
}

export function inSeconds (seconds: number): number {
  return performance.now() + seconds * 1000
}

/** What a send that must fail rejects with. */
export async function failure (send: Promise<unknown>): Promise<SendError> {
  const error = await send.then(() => new Error('it was stored'), (error) => error)
  if (error instanceof SendError) return error
  throw error
}

type Requests = Parameters<Node['request']>

/**
 * Lets `change` have the answers of real nodes before the code under test sees them, and counts the requests.
 * An error that it throws stands for a connection that broke after the node had done its work.
 */
export function interceptAnswers (
  t: Test, api: Requests[0], change: (answer: any, count: number, parameters: any) => unknown
): { count: number } {
  const requests = { count: 0 }
  const original = Node.prototype.request
  t.intercept(Node.prototype, 'request', {
    configurable: true,
    writable: true,
    async value (this: Node, ...[asked, parameters, options]: Requests) {
      const answer = await original.call(this, asked, parameters, options)
      return asked === api ? change(answer, ++requests.count, parameters) : answer
    }
  })
  return requests
}
