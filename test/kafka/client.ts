import type { Test } from 'tap'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { createProducer } from '../../lib/transport/kafka/producer/producer.js'
import { SendError } from '../../lib/transport/transport.js'
import type { ProducedRecord, TransportLog, TransportOptions, TransportProducer } from '../../lib/transport/transport.js'
import { brokers } from './fixture.js'

/** What a line of the log must never have done: been written where a test does not look. */
export const silent: TransportLog = { debug () {}, info () {}, warn () {}, error () {} }

export function transportOptions (changes: Partial<TransportOptions> = {}): TransportOptions {
  return { brokers: changes.brokers ?? brokers(), clientId: 'test', connectTimeout: 9000, log: silent, ...changes }
}

export function openProducer (t: Test, changes: Partial<TransportOptions> = {}): TransportProducer {
  const producer = createProducer(transportOptions(changes))
  t.teardown(() => producer.close())
  return producer
}

export function record (topic: string, partition: number, value: string | Buffer | null, rest: Partial<ProducedRecord> = {}): ProducedRecord {
  return { topic, partition, key: null, value: value === null ? null : Buffer.from(value), headers: [], timestamp: Date.now(), ...rest }
}

export function inSeconds (seconds: number): number {
  return Date.now() + seconds * 1000
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
export function interceptAnswers (t: Test, api: Requests[0], change: (answer: any, count: number, parameters: any) => unknown): { count: number } {
  const requests = { count: 0 }
  const original = Node.prototype.request
  t.intercept(Node.prototype, 'request', {
    configurable: true,
    writable: true,
    async value (this: Node, ...[asked, parameters]: Requests) {
      const answer = await original.call(this, asked, parameters)
      return asked === api ? change(answer, ++requests.count, parameters) : answer
    }
  })
  return requests
}
