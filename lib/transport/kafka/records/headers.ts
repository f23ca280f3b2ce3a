import type { RawHeader } from '../../transport.js'
import { ByteReader } from './byte-reader.js'

/**
 * More than fit into the largest record that Kafka takes by default, 1 MiB. Compressed there could be millions, which
 * would block the event loop.
 */
const MAX_HEADERS = 2 ** 19

/** A view of nothing costs as much as one of something. */
const EMPTY = Buffer.alloc(0)

/** The value that is read most: comparing a few bytes is much cheaper than decoding UTF-8 again. */
const JSON_TYPE = 'application/json'
const JSON_BYTES = Buffer.from(JSON_TYPE)

/** The name that is asked for most: once for each message. */
export const TYPE_NAME = 'content-type'
const TYPE_NAME_BYTES = Buffer.from(TYPE_NAME)

/** Reads how many headers follow in a record that ends at `end`. */
export function readHeaderCount (reader: ByteReader, end: number): number {
  const count = reader.readVarInt()
  // Each one takes two bytes at least.
  if (count < 0 || count > MAX_HEADERS || count > (end - reader.position) / 2) {
    throw new Error(`a record claims ${count} headers`)
  }
  return count
}

/**
 * Walks the headers of a record up to its end, so that building them later cannot fail. Returns the lengths of their
 * names as a set of bits, in which `mayHave` looks. `reader.mark` is for `isTypeAt`.
 */
export function skipHeaders (reader: ByteReader, count: number, end: number): number {
  let lengths = 0
  reader.mark = 0
  for (let i = 0; i < count; i++) {
    const length = reader.skipNullable(end)
    if (length < 0) throw new Error('a header has no name')
    lengths |= bitOf(length)
    if (length === TYPE_NAME_BYTES.length) reader.mark = reader.position
    reader.skipNullable(end)
  }
  if (reader.position !== end) throw new Error('a record is longer or shorter than its fields')
  return lengths
}

/** False when no header has a name as long as `name`: such headers need not be walked again to find it. */
export function mayHave (lengths: number, name: string): boolean {
  return (lengths & bitOf(Buffer.byteLength(name))) !== 0
}

/** Lengths that are 32 apart share a bit. */
function bitOf (length: number): number {
  return 1 << (length & 31)
}

/** Headers that `skipHeaders` has walked before, in the order of the wire. */
export function readHeaders (reader: ByteReader): readonly RawHeader[] {
  const { bytes } = reader
  const count = reader.readVarInt()
  const headers: RawHeader[] = []
  for (let i = 0; i < count; i++) {
    const nameLength = reader.readVarInt()
    const nameStart = reader.position
    reader.position += nameLength
    const valueLength = reader.readVarInt()
    const valueStart = reader.position
    if (valueLength > 0) reader.position += valueLength
    headers.push([
      nameOf(bytes, nameStart, nameStart + nameLength, i),
      valueOf(bytes, valueStart, valueLength)
    ])
  }
  return headers
}

function valueOf (bytes: Buffer, start: number, length: number): Buffer | null {
  if (length < 0) return null
  return length === 0 ? EMPTY : bytes.subarray(start, start + length)
}

/**
 * The last value of a name, as text, of headers that `skipHeaders` has walked before; nothing is made for the others.
 */
export function findHeader (reader: ByteReader, wanted: string): string | undefined {
  const { bytes } = reader
  const wantedLength = Buffer.byteLength(wanted)
  const count = reader.readVarInt()
  let start = 0
  let length = -1
  for (let i = 0; i < count; i++) {
    const nameLength = reader.readVarInt()
    const nameStart = reader.position
    reader.position += nameLength
    const valueLength = reader.readVarInt()
    if (nameLength === wantedLength && nameOf(bytes, nameStart, nameStart + nameLength, i) === wanted) {
      start = reader.position
      length = valueLength
    }
    if (valueLength > 0) reader.position += valueLength
  }
  return textOf(bytes, start, length)
}

/**
 * True when the last header whose name is as long as TYPE_NAME is that: `mark` is the end of its name, 0 without one.
 * Such a header is found without a second walk, in 0.05 instead of 0.2 µs.
 */
export function isTypeAt (bytes: Buffer, mark: number): boolean {
  return mark > 0 && equals(TYPE_NAME_BYTES, bytes, mark - TYPE_NAME_BYTES.length, mark)
}

/** The value whose length stands at `position`, as text. */
export function valueTextAt (bytes: Buffer, position: number): string | undefined {
  const reader = new ByteReader(bytes, position)
  const length = reader.readVarInt()
  return textOf(bytes, reader.position, length)
}

function textOf (bytes: Buffer, start: number, length: number): string | undefined {
  if (length < 0) return undefined
  return equals(JSON_BYTES, bytes, start, start + length) ? JSON_TYPE : bytes.toString('utf8', start, start + length)
}

interface KnownName {
  readonly name: string
  readonly bytes: Buffer
}

/**
 * Most records of a topic have the same headers in the same order: comparing a few bytes is much cheaper
 * than decoding UTF-8 again. Few and short, so that a hostile producer cannot make it grow.
 */
const known: KnownName[] = []
const MAX_KNOWN = 8
const MAX_KNOWN_LENGTH = 64

function nameOf (bytes: Buffer, start: number, end: number, index: number): string {
  const last = index < MAX_KNOWN ? known[index] : undefined
  if (last !== undefined && equals(last.bytes, bytes, start, end)) return last.name

  // Invalid UTF-8 becomes U+FFFD, it does not throw.
  const name = bytes.toString('utf8', start, end)
  if (index < MAX_KNOWN && end - start <= MAX_KNOWN_LENGTH) {
    known[index] = { name, bytes: Buffer.from(bytes.subarray(start, end)) }
  }
  return name
}

function equals (expected: Buffer, bytes: Buffer, start: number, end: number): boolean {
  if (expected.length !== end - start) return false
  for (let i = 0; i < expected.length; i++) {
    if (expected[i] !== bytes[start + i]) return false
  }
  return true
}
