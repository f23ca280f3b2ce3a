import type { Codec } from '../../../types/index.js'
import { cloudEventsCodec } from '../../../lib/codec/cloud-events.js'
import { debeziumCodec, jsonCodec } from '../../../lib/codec/json-codec.js'
import { parseMediaType } from '../../../lib/codec/media-type.js'
import { RawMessage } from '../../../lib/message/raw-message.js'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { pick } from '../../support/record-sets.js'
import { record } from '../../support/record.js'
import { anyBytes, anyText, damage } from '../bytes.js'
import { promise, type Target } from '../target.js'

const CODECS: readonly Codec[] = [
  cloudEventsCodec(), cloudEventsCodec({ mode: 'structured' }), jsonCodec({ bigNumbers: 'text' }),
  jsonCodec({ bigNumbers: 'bigint' }), debeziumCodec(), debeziumCodec({ bigNumbers: 'bigint' })
]
const TYPES = [
  'application/json', 'application/cloudevents+json; charset="utf-8"', 'application/cloudevents', 'text/plain;charset=latin1',
  'APPLICATION/JSON ; a="\\""; b=c', `text/plain;${' '.repeat(500)}`, `a/b;${'x="'.repeat(300)}`
]
const NAMES = ['ce_id', 'ce_source', 'ce_type', 'ce_specversion', 'ce_', 'ce___proto__', 'ce_data', 'content-type']
const VALUES = [
  '{"specversion":"1.0","id":"1","source":"/","type":"t","data":{"a":1}}', '{"data_base64":"=="}', '{"data_base64":7}',
  '{"schema":{},"payload":{"before":null,"after":{"id":12345678901234567890}}}', '{"schema":1,"payload":{"__proto__":{"polluted":1}}}',
  '[123456789012345678901234567890,-9007199254740993,1e400]', `"${'\\"'.repeat(2000)}"`, '9'.repeat(5000), '1.0'
]

/** Values that foreign systems encode: CloudEvents, Debezium, numbers beyond 2^53; and content types. */
export function codecs (): Target {
  return {
    name: 'codecs',
    run (random) {
      const known = damage(Buffer.from(pick(TYPES, random)), random).toString('latin1')
      const type = random(3) === 0 ? anyText(random) : known
      parseMediaType(type)
      const headers = Array.from({ length: random(8) }, (): RawHeader => [
        random(4) === 0 ? anyText(random) : pick(NAMES, random),
        random(9) === 0 ? null : random(3) === 0 ? anyBytes(random) : Buffer.from(pick(VALUES, random))
      ])
      if (random(4) > 0) headers.push(['content-type', Buffer.from(type)])
      const bytes = random(4) === 0 ? anyBytes(random) : damage(Buffer.from(pick(VALUES, random)), random)
      readAndWrite(pick(CODECS, random), bytes, headers)
      promise(!('polluted' in {}), 'a prototype is changed')
    }
  }
}

/** What a codec has read, it writes, or says why not. */
function readAndWrite (codec: Codec, bytes: Buffer, headers: RawHeader[]): void {
  const source = { ...record(0, null, { headers }), value: bytes }
  const { signal } = new AbortController()
  const message = new RawMessage({ topic: 'orders', partition: 0, record: source, signal }, source)
  const value = orRefused(() => codec.decode(bytes, message, 'value'))
  if (value !== undefined) orRefused(() => codec.encode(value, 'orders', 'value'))
}

function orRefused (run: () => unknown): unknown {
  try {
    return run()
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown, readonly message: string }
    if (code !== 'FASTSTREAM_ERR_DECODE' && code !== 'FASTSTREAM_ERR_ENCODE') throw error
    promise(message.length <= 1024, `a message of ${message.length} characters`)
    return undefined
  }
}
