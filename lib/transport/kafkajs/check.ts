import { ByteReader } from '../kafka/records/byte-reader.js'
import { encodeRecord } from '../kafka/records/encode.js'
import { privateModules } from './modules.js'
import type { Load } from './modules.js'
import { FetchedRecord } from '../kafka/records/record.js'
import { headerLength, RecordBatch } from '../kafka/records/record-batch.js'
import type { ResponseDecoder } from '../kafka/records/record-set.js'
import { decodeMessagesPath, replacements, shared } from './replacements.js'

interface Protocol {
  protocol (options: { version: number }): (request: { topics: [] }) => {
    readonly response: { decode (response: Buffer): Promise<unknown> }
  }
}

interface ConsumerGroup {
  joinAndSync (): Promise<void>
}

/** What kafkajs speaks with every broker since Kafka 2.3. */
const fetchVersion = 11
const produceVersion = 7
const metadataVersion = 6

/** Throws unless kafkajs's fetch responses reach our record decoder, and that takes what kafkajs's own one stumbles over. */
export function checkDecoder (root: string): void {
  let names: string[] = []
  // Decoding a response is asynchronous, but it comes to the records before it waits for anything.
  function readNames (decoder: ResponseDecoder): void {
    const size = decoder.readInt32()
    const set = decoder.buffer.subarray(decoder.offset, decoder.offset + size)
    names = new FetchedRecord(new ByteReader(set, headerLength), new RecordBatch(set)).headers.map(([name]) => name)
  }

  const load = privateModules(root, new Map([...replacements, [decodeMessagesPath, () => readNames]]), shared)
  const { protocol } = load('src/protocol/requests/fetch/index.js') as Protocol
  const { response } = protocol({ version: fetchVersion })({ topics: [] })
  response.decode(fetchResponse(hostileSet())).catch(() => {})
  if (names.join() !== hostileNames.join()) throw new Error('its fetch responses do not reach our record decoder')
}

/**
 * Throws unless a loaded copy runs each replacement and looks for the coordinator before it joins a group: that is the moment
 * in which we drain, and without it messages are handled twice in every rebalance.
 */
export function checkCopy (load: Load, isUsed: (path: string) => boolean): void {
  for (const [api, version] of [['fetch', fetchVersion], ['produce', produceVersion], ['metadata', metadataVersion]] as const) {
    (load(`src/protocol/requests/${api}/index.js`) as Protocol).protocol({ version })({ topics: [] })
  }
  for (const path of replacements.keys()) {
    if (!isUsed(path)) throw new Error(`it does not use ${path}, which we replace`)
  }

  let asked = false
  const cluster = {
    findGroupCoordinator () {
      asked = true
      return new Promise(() => {})
    }
  }
  const ConsumerGroup = load('src/consumer/consumerGroup.js') as new (options: object) => ConsumerGroup
  // It comes to the coordinator before it waits for anything, and then waits for ever.
  new ConsumerGroup({ cluster, topics: [], assigners: [], logger: { namespace () {} } }).joinAndSync().catch(() => {})
  if (!asked) throw new Error('it joins a group without looking for the coordinator first')
}

const hostileNames = ['__proto__', 'toString', ...Array.from({ length: 2000 }, (_, i) => `h${i}`)]

function hostileSet (): Buffer {
  const { buffer } = encodeRecord({
    offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers: hostileNames.map((name) => [name, null])
  })
  const header = Buffer.alloc(headerLength)
  header.writeInt32BE(headerLength - 12 + buffer.length, 8)
  header.writeInt8(2, 16) // magic
  header.writeInt32BE(1, 57) // count
  return Buffer.concat([header, buffer])
}

/** One topic with an empty name, one partition: all numbers 0 but the counts and the size of the record set. */
function fetchResponse (set: Buffer): Buffer {
  const header = Buffer.alloc(62)
  header.writeInt32BE(1, 10) // topics, behind throttle time, error and session
  header.writeInt32BE(1, 16) // partitions
  header.writeInt32BE(set.length, 58) // behind partition, error, three offsets, aborted transactions and preferred replica
  return Buffer.concat([header, set])
}
