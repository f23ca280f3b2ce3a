import { decodeValue } from '../../../lib/codec/content-type.js'
import { acceptCorrelationId } from '../../../lib/message/correlation-id.js'
import { DEAD_LETTER_PREFIX, originOf, readDeadLetterHeaders } from '../../../lib/message/dead-letter-headers.js'
import { CONTENT_TYPE, CORRELATION_ID, decodeHeaders, lastHeader } from '../../../lib/message/headers.js'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { pick } from '../../support/record-sets.js'
import { SILENT } from '../../support/kafka-client.js'
import { anyBytes, anyText, damage } from '../bytes.js'
import { promise, type Random, type Target } from '../target.js'

const DEAD_LETTER = [
  'topic', 'partition', 'offset', 'timestamp', 'stage', 'error-message', 'errors', 'attempts', 'failed-at',
  'value-omitted'
]
const NAMES = [
  CONTENT_TYPE, CORRELATION_ID, '__proto__', 'constructor', '', ...DEAD_LETTER.map((name) => DEAD_LETTER_PREFIX + name)
]
const VALUES = [
  'orders', '0', '-1', '1e999', '9'.repeat(19), 'validate', 'handler', 'true', '[{"instancePath":""}]', '{"__proto__":{"polluted":1}}',
  '['.repeat(5000), 'application/json', 'application/x+json; charset=', 'text/plain', '2026-01-01T00:00:00Z', '+275760-09-13T00:00:00.001Z'
]

/** Headers of a message, with the value that they describe. */
export function headers (): Target {
  return { name: 'headers', run: (random) => { readHeaders(anyHeaders(random), random) } }
}

function anyHeaders (random: Random): RawHeader[] {
  const count = random(50) === 0 ? random(5000) : random(20)
  return Array.from({ length: count }, (): RawHeader => {
    const name = random(3) === 0 ? anyText(random) : pick(NAMES, random)
    if (random(10) === 0) return [name, null]
    return [name, random(3) === 0 ? anyBytes(random) : damage(Buffer.from(pick(VALUES, random)), random)]
  })
}

function readHeaders (raw: readonly RawHeader[], random: Random): void {
  const decoded = orRefused(() => decodeHeaders(raw))
  promise(
    decoded === undefined || Object.values(decoded).every((text) => typeof text === 'string'), 'a header is no text'
  )
  const letter = readDeadLetterHeaders(raw)
  if (letter !== undefined) {
    JSON.stringify(
      { ...letter, offset: String(letter.offset) }, (_, value) => value instanceof Date ? value.getTime() : value
    )
  }
  originOf(raw)
  const id = acceptCorrelationId(lastHeader(raw, CORRELATION_ID) ?? '', () => 'fresh', SILENT)
  promise(id.length <= 256, `a correlation id of ${id.length} characters`)
  const value = random(2) === 0 ? Buffer.from(pick(VALUES, random)) : anyBytes(random)
  orRefused(() => decodeValue(damage(value, random), lastHeader(raw, CONTENT_TYPE)))
  promise(!('polluted' in {}), 'a prototype is changed')
}

/** What cannot be decoded says so, in a text that is bounded. */
function orRefused<Result> (read: () => Result): Result | undefined {
  try {
    return read()
  } catch (error) {
    const { code, message } = error as { readonly code?: unknown, readonly message: string }
    if (code !== 'FASTSTREAM_ERR_DECODE') throw error
    promise(message.length <= 1024, `a message of ${message.length} characters`)
    return undefined
  }
}
