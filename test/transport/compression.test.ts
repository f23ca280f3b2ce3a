import { randomBytes } from 'node:crypto'
import * as zlib from 'node:zlib'
import t from 'tap'
import { MAX_DECOMPRESSED, NeedsRoomError } from '../../lib/memory-budget.js'
import { type Codecs, COMPRESSIONS, isTooLarge } from '../../lib/transport/compression/codec.js'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { recordsCompressor } from '../../lib/transport/kafka/records/compress.js'
import { encodeBatch } from '../../lib/transport/kafka/records/encode-batch.js'
import { decodeRecordSet } from '../../lib/transport/kafka/records/record-set.js'
import { at, attribute, decode } from '../support/record-sets.js'

/** One batch each, as a Kafka 4.1 has written it to a topic whose `compression.type` is this one. */
const WRITTEN_BY_JAVA: Readonly<Record<string, string>> = {
  snappy:
    'AAAAAAAAAAAAAADTAAAAAAINAWGfAAIAAAAHAAABi8/laAAAAAGLz+VoB///////////AAAAAAAAAAAACIJTTkFQUFkAAAAAAQAAAAEAAACOyANw' +
    'cAAAABRjdXN0b21lci0wUG9yZGVyIDAgb2YgYSARGFwgd2hvc2UgbmFtZSBpcyBsb25nAHAAAgIZOQAxDTkAMY45AAQEBBk5EXIAMo45AAQGBhk5' +
    'EXIAM445AAQICBk5EXIANI45AAQKChk5EXIANY45AAQMDBk5EXIANo45AAQODhk5EXIAN4Y5AA==',
  lz4:
    'AAAAAAAAAAAAAADaAAAAAAJcMW1DAAMAAAAHAAABi8/laAAAAAGLz+VoB///////////AAAAAAAAAAAACAQiTRhgQIKaAAAA9A5wAAAAFGN1c3Rv' +
    'bWVyLTBQb3JkZXIgMCBvZiBhIBgA9gkgd2hvc2UgbmFtZSBpcyBsb25nAHAAAgI5ABMxOQAfMTkAESYEBDkABHIAHzI5ABEmBgY5AARyAB8zOQAR' +
    'JggIOQAEcgAfNDkAESYKCjkABHIAHzU5ABEmDAw5AARyAB82OQARJg4OOQAEcgAfNzkAClBsb25nAAAAAAA=',
  zstd:
    'AAAAAAAAAAAAAAC8AAAAAAIsRopBAAQAAAAHAAABi8/laAAAAAGLz+VoB///////////AAAAAAAAAAAACCi1L/0AWPwDAPQEcAAAABRjdXN0b21l' +
    'ci0wUG9yZGVyIDAgb2YgYSAgd2hvc2UgbmFtZSBpcyBsb25nAHAAAgIxMQQEMDIGBjEzCAgwNAoKMTUMDDA2Dg4xNxYAwAnIF2wYEAacADAGhAEn' +
    'AIwBYcAJAGNAGHACwBgQBpwAMAaEASfgCo72nXkBAAA='
}
const EXPECTED = Array.from(
  { length: 8 }, (_, i) => [`customer-${i % 2}`, `order ${i} of a customer whose name is long`]
)
const CODECS = createCodecs()
const NOTHING_INSTALLED = createCodecs(() => { throw new Error('Cannot find module') }, {})
const HAS_ZSTD = 'zstdCompress' in zlib
const LARGE = Buffer.concat([Buffer.from('order '.repeat(50_000)), randomBytes(100_000), Buffer.alloc(100_000)])

for (const [name, batch] of Object.entries(WRITTEN_BY_JAVA)) {
  t.test(`a batch is read that Kafka has compressed with ${name}`, async (t) => {
    const { batches, damage } = await decode(Buffer.from(batch, 'base64'), { codecs: CODECS, checkCrcs: true })
    t.equal(damage, undefined)
    t.same(batches.flatMap(({ records }) => records).map(({ key, value }) => [String(key), String(value)]), EXPECTED)
  })
}

t.test('what a codec writes it reads, of any size', async (t) => {
  for (const name of ['gzip', 'snappy', 'lz4', ...HAS_ZSTD ? ['zstd'] as const : []] as const) {
    for (const bytes of [Buffer.alloc(0), Buffer.from('a'), LARGE.subarray(0, 32 * 1024), LARGE]) {
      const compressed = await CODECS.writer(name)(bytes)
      t.ok((await CODECS.reader(name)(compressed)).equals(bytes), `${name}: ${bytes.length} bytes`)
      if (bytes === LARGE) t.ok(compressed.length < LARGE.length / 2)
    }
  }
})

t.test('snappy is read in the frame of snappy-java and without one, and is written in that frame', async (t) => {
  const framed = await CODECS.writer('snappy')(Buffer.from('order'))
  t.equal(framed.subarray(0, 16).toString('hex'), '82534e41505059000000000100000001')
  t.equal(framed.readUInt32BE(16), framed.length - 20)
  t.equal(String(await CODECS.reader('snappy')(framed.subarray(20))), 'order')
})

t.test('bytes that inflate to more than the limit are refused before they do', async (t) => {
  const zeros = Buffer.alloc(MAX_DECOMPRESSED + 1)
  const tooLarge = /more than|larger than|too large/i
  await t.rejects(CODECS.reader('gzip')(zlib.gzipSync(zeros)), { message: tooLarge })
  for (const name of ['snappy', 'lz4'] as const) {
    await t.rejects(CODECS.reader(name)(await CODECS.writer(name)(zeros)), { message: tooLarge })
  }
  // Repeated zeros, 128 KiB in each block of four bytes.
  const header = Buffer.from('28b52ffd0038', 'hex')
  const blocks = Array.from({ length: 600 }, (_, i) => zstdBlock(i === 599))
  for (const codecs of both()) {
    await t.rejects(codecs.reader('zstd')(Buffer.concat([header, ...blocks])), { message: tooLarge })
  }
})

t.test('bytes that inflate to more than the room that is left are told apart from damaged ones', async (t) => {
  for (const [codecs, name] of [
    [CODECS, 'gzip'], [CODECS, 'snappy'], [CODECS, 'lz4'], ...both().map((codecs) => [codecs, 'zstd'] as const)
  ] as const) {
    const compressed = name === 'zstd'
      ? Buffer.from('28b52ffd602c0063090061', 'hex')
      : await CODECS.writer(name)(Buffer.alloc(300, 'a'))
    t.equal((await codecs.reader(name)(compressed, 70_000)).length, 300)
    const error: unknown = await codecs.reader(name)(compressed, 299).catch((err) => err)
    t.ok(isTooLarge(error), `${name}: ${error}`)
  }
  t.notOk(isTooLarge(new Error('incorrect header check')))
})

for (const [name, batch] of Object.entries(WRITTEN_BY_JAVA)) {
  t.test(`a batch of ${name} waits for room, and the batch behind it is left to the next fetch`, async (t) => {
    const first = Buffer.from(batch, 'base64')
    const next = Buffer.from(first)
    next.writeBigInt64BE(8n, at.baseOffset)
    const options = { codecs: CODECS, checkCrcs: true }
    await t.rejects(decodeRecordSet(first, { ...options, room: 100 }), NeedsRoomError)
    const { inflated } = await decodeRecordSet(first, options)
    // The size of lz4 is an upper bound: the least room in which the first batch is read.
    let room = inflated
    while (await decodeRecordSet(first, { ...options, room }).then(() => false, () => true)) room += 64
    const { batches, end, damage } = await decodeRecordSet(Buffer.concat([first, next]), { ...options, room })
    t.same([batches.length, end, damage], [1, 8n, undefined])
  })
}

t.test('damaged bytes are refused', async (t) => {
  for (const name of COMPRESSIONS.slice(1)) {
    if (name === 'none') continue
    await t.rejects(CODECS.reader(name)(Buffer.from('no such frame')), name)
  }
  const framed = await CODECS.writer('snappy')(Buffer.from('order'))
  await t.rejects(CODECS.reader('snappy')(framed.subarray(0, -1)), { message: 'a block of snappy is cut' })
  await t.rejects(CODECS.reader('snappy')(Buffer.alloc(5, 0xff)), { message: 'a block of snappy has no size' })
  const frame = await CODECS.writer('lz4')(LARGE)
  await t.rejects(CODECS.reader('lz4')(frame.subarray(0, 1000)))
})

t.test('blocks of lz4 that are not compressed, have checksums or follow a content size are measured', async (t) => {
  const { compressFrame } = await import('lz4-napi')
  const frame = await compressFrame(LARGE, { blockChecksums: true })
  t.ok((await CODECS.reader('lz4')(frame)).equals(LARGE))
  const withSize = Buffer.from('04224d1868400500000000000000000500008068656c6c6f00000000', 'hex')
  withSize.writeUInt8(0x70, 14)
  // Its checksum is wrong on purpose: it was measured, and the package has the last word.
  await t.rejects(CODECS.reader('lz4')(withSize), { message: /checksum/i })
})

t.test('zstd with a window beyond that of a decoder is refused where the package reads it', async (t) => {
  const { reader } = createCodecs(undefined, {})
  const frames = [
    ['a window of 2 GB', '28b52ffd00a8', /window of 2147483648 bytes/],
    ['a content of 4 GB', '28b52ffda0ffffffff', /window of 4294967295 bytes/],
    ['a content of 2^40', '28b52ffde00000000000010000', /window of 1099511627776 bytes/]
  ] as const
  for (const [what, hex, message] of frames) {
    await t.rejects(reader('zstd')(Buffer.from(`${hex}000000000000`, 'hex')), { message }, what)
  }
  t.equal(String(await reader('zstd')(Buffer.from('28b52ffd20052b000061', 'hex'))), 'aaaaa')
  t.equal(String(await reader('zstd')(Buffer.from('28b52ffd602c0063090061', 'hex'))), 'a'.repeat(300))
})

t.test("Node's own zstd is used where Node has it, within the limit", async (t) => {
  const limits: unknown[] = []
  // Gzip in its place: only the calls count here.
  const { reader, writer } = createCodecs(() => { throw new Error('not needed') }, {
    zstdCompress: zlib.gzip,
    zstdDecompress (
      bytes: Buffer, options: { maxOutputLength: number }, done: (err: Error | null, bytes: Buffer) => void
    ) {
      limits.push(options)
      zlib.unzip(bytes, options, done)
    }
  })
  t.equal(String(await reader('zstd')(await writer('zstd')(Buffer.from('order')))), 'order')
  t.same(limits, [{ maxOutputLength: MAX_DECOMPRESSED }])
})

t.test('a codec that needs a package says which one; gzip needs none', async (t) => {
  const cause = { message: 'Cannot find module' }
  for (const [name, cure] of [
    ['snappy', /'snappy', then restart/],
    ['lz4', /'lz4-napi', then restart/],
    ['zstd', /'fzstd' to read it, or run on Node 22.15 or later, then/]
  ] as const) {
    for (const use of [NOTHING_INSTALLED.reader, NOTHING_INSTALLED.writer]) {
      t.throws(() => use(name), { code: 'FASTSTREAM_ERR_CODEC', message: cure, cause })
    }
  }
  t.equal(String(await NOTHING_INSTALLED.reader('gzip')(zlib.gzipSync('a'))), 'a')
  t.throws(() => createCodecs(undefined, {}).writer('zstd'), {
    code: 'FASTSTREAM_ERR_CODEC', message: /run on Node 22.15 or later to write it/
  })
})

t.test('a compressed batch has its codec in the attributes and one checksum over all of it', async (t) => {
  t.equal(recordsCompressor('none', CODECS), undefined)
  const records = EXPECTED.map(([key, value], i) => ({
    key: Buffer.from(key!), value: Buffer.from(value!), headers: [], timestamp: 1e12 + i
  }))
  const compressed = await recordsCompressor('snappy', CODECS)!(records)
  const bytes = encodeBatch(records, { producerId: 1n, producerEpoch: 0, firstSequence: 0 }, compressed)
  t.equal(bytes.readInt16BE(at.attributes), attribute.snappy)
  const { batches, damage } = await decodeRecordSet(bytes, { codecs: CODECS, checkCrcs: true })
  t.equal(damage, undefined)
  t.same(
    batches[0]!.records.map(({ value, timestamp }) => [String(value), timestamp]),
    EXPECTED.map(([, value], i) => [value, 1e12 + i])
  )
})

/** The package reads, and where Node can do it, Node. */
function both (): readonly Codecs[] {
  return [createCodecs(undefined, {}), CODECS]
}

function zstdBlock (last: boolean): Buffer {
  const header = (last ? 1 : 0) | (1 << 1) | ((128 * 1024) << 3)
  return Buffer.from([header & 0xff, (header >> 8) & 0xff, header >> 16, 0])
}
