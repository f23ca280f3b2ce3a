import {
  type EncodableRecord, sizeOfBody, sizeOfVarInt, writeRecord
} from '../../lib/transport/kafka/records/encode.js'

/** One record of message format 2 with its length, as batches hold it. */
export function encodeRecord (
  { offsetDelta, timestampDelta, ...record }: EncodableRecord & Record<'offsetDelta' | 'timestampDelta', number>
): Buffer {
  const body = sizeOfBody(record, offsetDelta, timestampDelta)
  const bytes = Buffer.alloc(sizeOfVarInt(body) + body)
  writeRecord(bytes, 0, body, record, offsetDelta, timestampDelta)
  return bytes
}
