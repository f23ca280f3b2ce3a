import { createRequire } from 'node:module'
import fc from 'fast-check'
import t from 'tap'
import { byTopic } from '../../../lib/transport/kafka/group-by.js'
import { type BatchRecord, encodeBatch } from '../../../lib/transport/kafka/records/encode-batch.js'
import { encodeProduce } from '../../../lib/transport/kafkajs/produce-request.js'
import { type RequestBody, requestFrame } from '../../../lib/transport/kafkajs/request-frame.js'

/* The application's kafkajs. */
const require = createRequire(import.meta.url)
const createRequest = require('kafkajs/src/protocol/request.js') as typeof requestFrame
const { protocol } = require('kafkajs/src/protocol/requests/produce/index.js') as {
  protocol (options: { version: number }): (request: object) => {
    request: { apiKey: number, apiVersion: number, encode (): Promise<RequestBody> }
  }
}

const PRODUCER = { producerId: 5n, producerEpoch: 3 }
const BASE = 1.7e12

interface PartitionBatch { readonly topic: string, readonly partition: number, readonly records: BatchRecord[] }

/** Both ways to the bytes of one request, each with its own way to encode the records. */
async function framed (
  version: number, clientId: string, batches: PartitionBatch[]
): Promise<{ ours: Buffer, theirs: Buffer }> {
  const { request } = protocol({ version })({
    acks: -1,
    timeout: 1000,
    ...PRODUCER,
    topicData: byTopic(batches, ({ partition, records }) => (
      { partition, firstSequence: 7, messages: records.map(asMessage) }))
  })
  const topics = byTopic(batches, ({ partition, records }) => (
    { partition, records: encodeBatch(records, { ...PRODUCER, firstSequence: 7 }) }))
  const encode = async (): Promise<RequestBody> => encodeProduce({ timeout: 1000, topics })
  const { buffer: theirs } = await createRequest({ correlationId: 77, clientId, request })
  const { buffer: ours } = await requestFrame({ correlationId: 77, clientId, request: { ...request, encode } })
  return { ours, theirs }
}

/** A record as kafkajs takes it, which writes a list of values as several headers of one name. */
function asMessage ({ key, value, headers, timestamp }: BatchRecord): object {
  const lists: Record<string, unknown[]> = Object.create(null)
  for (const [name, value] of headers) (lists[name] ??= []).push(value)
  return { key, value, timestamp: String(timestamp), headers: lists }
}

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 70 }), fc.constantFrom(0, 63, 64, 8191, 8192, 100_000).map((size) => new Uint8Array(size))
).map((array) => Buffer.from(array))
const nullable = fc.option(bytes)
// An object would sort names that are numbers.
const name = fc.oneof(
  fc.string({ maxLength: 50, unit: 'grapheme' }), fc.constantFrom('content-type', 'x'.repeat(40), 'x'.repeat(41), 'é')
).map((text) => `n${text}`)
const headers = fc.uniqueArray(fc.tuple(name, bytes), { maxLength: 4, selector: ([name]) => name })
// kafkajs counts from the lowest timestamp, and sorts them as texts.
const deltas = fc.array(fc.oneof(fc.nat(200), fc.nat(2 ** 31), fc.constantFrom(2 ** 32, 1e12)), {
  minLength: 1, maxLength: 8
}).map((all) => all.sort((a, b) => a - b))
const records = deltas.chain((deltas) => fc.tuple(...deltas.map((delta) => (
  fc.record({ key: nullable, value: nullable, headers, timestamp: fc.constant(BASE + delta) })))))
const batches = fc.uniqueArray(fc.record({
  topic: fc.constantFrom('orders', 'o', 'a.b_c-D'), partition: fc.nat(2 ** 31 - 1), records
}), { minLength: 1, maxLength: 5, selector: ({ topic, partition }) => `${topic}:${partition}` })

t.test('a Produce request is to the byte the one of kafkajs, where kafkajs can say it', async (t) => {
  const version = fc.integer({ min: 3, max: 7 })
  await fc.assert(fc.asyncProperty(version, fc.string({ unit: 'grapheme' }), batches, async (...given) => {
    const { ours, theirs } = await framed(...given)
    return ours.equals(theirs)
  }), { numRuns: 150 })
  t.pass()
})

t.test('the body of another request is the one that kafkajs encodes', async (t) => {
  const { requests } = require('kafkajs/src/protocol/requests/index.js') as {
    requests: Record<string, { protocol: typeof protocol }>
  }
  const given = { correlationId: 2 ** 31 - 1, clientId: 'shop' }
  const heartbeat = requests.Heartbeat!.protocol({ version: 3 })
  const { request } = heartbeat({ groupId: 'g', groupGenerationId: 4, memberId: 'm' })
  t.same(await requestFrame({ ...given, request }), { buffer: (await createRequest({ ...given, request })).buffer })
})

t.test('a batch without a record, and one that is compressed, have a whole header', async (t) => {
  const sequence = { ...PRODUCER, firstSequence: 0 }
  const record = { key: null, value: Buffer.from('v'), headers: [], timestamp: BASE }
  const compressed = { compression: 1, bytes: Buffer.from('squeezed') }
  const [plain, squeezed] = [encodeBatch([record], sequence), encodeBatch([record], sequence, compressed)]
  t.same(squeezed.subarray(61), compressed.bytes)
  t.equal(squeezed.readInt16BE(21), 1)
  // Timestamps, producer, sequence and count.
  t.same(squeezed.subarray(23, 61), plain.subarray(23, 61))
  t.same(squeezed.subarray(0, 8), Buffer.alloc(8), 'the leader gives the offset')
  t.equal(squeezed.readInt32BE(12), 0)
})
