import { encodeRecord } from './encode.js'
import { privateModules } from './modules.js'
import { readRecords } from './record.js'
import { headerLength, RecordBatch } from './record-batch.js'
import type { ResponseDecoder } from './record-set.js'
import { decodeMessagesPath, replacements, shared } from './replacements.js'

interface FetchProtocol {
  protocol (options: { version: number }): (request: { topics: [] }) => {
    readonly response: { decode (response: Buffer): Promise<unknown> }
  }
}

/** What kafkajs speaks with every broker since Kafka 2.3. */
const fetchVersion = 11

/** Throws unless kafkajs's fetch responses reach our record decoder, and that takes what kafkajs's own one stumbles over. */
export function checkGuards (root: string): void {
  let names: string[] = []
  // Decoding a response is asynchronous, but it comes to the records before it waits for anything.
  function readNames (decoder: ResponseDecoder): void {
    const size = decoder.readInt32()
    const set = decoder.buffer.subarray(decoder.offset, decoder.offset + size)
    names = readRecords(set, headerLength, new RecordBatch(set)).flatMap(({ headers }) => headers.map(([name]) => name))
  }

  const load = privateModules(root, new Map([...replacements, [decodeMessagesPath, () => readNames]]), shared)
  const { protocol } = load('src/protocol/requests/fetch/index.js') as FetchProtocol
  const { response } = protocol({ version: fetchVersion })({ topics: [] })
  response.decode(fetchResponse(hostileSet())).catch(() => {})
  if (names.join() !== hostileNames.join()) throw new Error('its fetch responses do not reach our record decoder')
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
