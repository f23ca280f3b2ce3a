import { type Equivalent, inFile } from './equivalent.js'

/* Mutants of lib/transport/kafka/ that change nothing which a caller can see. */

const TWO_WAYS = 'Only the time differs: names of all lengths are measured and written as UTF-8 by both ways.'
const NO_VALUE = 'Behind a length of 0 the position stays where it is.'
const NEVER_FILLED = 'Only the first eight names are looked up: one more that is kept costs a little memory.'

export const IN_KAFKA: readonly Equivalent[] = [
  ...inFile('transport/kafka/records/aborted.ts',
    ['if (aborted.length === 0) return batches',
      ['false'], 'Where no transaction was aborted, each batch is handed on.'],
    ['const upcoming = [...aborted].sort((a, b) => a.firstOffset < b.firstOffset ? -1 : 1)',
      ['a.firstOffset <= b.firstOffset'], 'No two transactions begin at the same offset.']),
  ...inFile('transport/kafka/records/crc32c.ts',
    ['for (let byte = 0; byte < 256; byte++) {',
      ['byte <= 256'], 'The entry behind the first table is written again, as the first one of the next table.'],
    ['for (const last = end - 8; i <= last; i += 8) {',
      ['false', 'i < last'], 'Only the time differs: what is not read in words is read byte by byte.']),
  ...inFile('transport/kafka/records/decompress.ts',
    ["if (name === undefined || name === 'none') throw new Error(`there is no compression $" + '{compression}`)',
      ['false', '""'],
      'A batch that is not compressed does not come here: the check tells the compiler of TypeScript so.']),
  ...inFile('transport/kafka/records/encode-batch.ts',
    ['for (const { timestamp } of records) if (timestamp > maxTimestamp) maxTimestamp = timestamp',
      ['timestamp >= maxTimestamp'], 'Where both times are equal, either of them may be taken.']),
  ...inFile('transport/kafka/records/encode.ts',
    ['if (text.length > SHORT) return Buffer.byteLength(text)',
      ['true', 'false', 'text.length >= SHORT', 'text.length <= SHORT'], TWO_WAYS],
    ['for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= ASCII_END) return Buffer.byteLength(text)',
      ['i <= text.length'], 'Behind its end a text has no character that is not ASCII.'],
    ['for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= ASCII_END) return Buffer.byteLength(text)',
      ['true'], TWO_WAYS],
    ['if (text.length > SHORT || text.length !== size) return position + bytes.write(text, position)',
      ['true', 'false', 'text.length >= SHORT', 'text.length <= SHORT'], TWO_WAYS],
    ['for (let i = 0; i < text.length; i++) bytes[position + i] = text.charCodeAt(i)',
      ['i <= text.length'], 'The byte behind a name is written next: the length of its value begins there.']),
  ...inFile('transport/kafka/records/fetched-batch.ts',
    ['const position = tooMany?.offset ?? (end > from ? end : from)',
      ['end >= from'], 'Where both offsets are equal, either of them may be taken.'],
    ['records: tooMany === undefined ? visible : visible.slice(0, MAX_RECORDS),',
      ['false'], 'A copy holds the same records: not to make one saves time.']),
  ...inFile('transport/kafka/records/headers.ts',
    ['if (valueLength > 0) reader.position += valueLength', ['valueLength >= 0'], NO_VALUE],
    ['return mark > 0 && equals(TYPE_NAME_BYTES, bytes, mark - TYPE_NAME_BYTES.length, mark)',
      ['true', 'mark >= 0'], 'Before the first byte there is nothing that could equal the name.'],
    ['const last = index < MAX_KNOWN ? known[index] : undefined', ['true', 'index <= MAX_KNOWN'],
      'Behind the eighth name none is kept.'],
    ['if (index < MAX_KNOWN && end - start <= MAX_KNOWN_LENGTH) {', ['true', 'index <= MAX_KNOWN'],
      NEVER_FILLED]),
  ...inFile('transport/kafka/records/record-batch.ts',
    ['if (bytes.length - start < PREFIX) return Infinity',
      ['bytes.length - start <= PREFIX'], 'A batch of which no more than base offset and length are there is cut.']),
  ...inFile('transport/kafka/records/record.ts',
    ['if (read < SLICE) continue', ['read <= SLICE'], 'The event loop may get its turn one record later.']),
  ...inFile('transport/kafka/records/record-set.ts',
    ['return set.length * 2 < set.buffer.byteLength ? Buffer.from(set) : set',
      ['set.length * 2 <= set.buffer.byteLength'], 'A set that is exactly half of its response may be copied or not.'])
]
