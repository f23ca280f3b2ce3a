import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import fc from 'fast-check'
import { encodeOffsetMap, OffsetMap } from '../../../lib/consume/group/offset-map.js'

/** In the place of which they are told. */
function at (offset: bigint, timestamp = 1_700_000_000_000) {
  return { offset, timestamp }
}

function has (offset: bigint, metadata: string, asked: readonly bigint[]): bigint[] {
  const settled = OffsetMap.decode(offset, metadata)
  return asked.filter((each) => settled?.has(each))
}

t.test('whatever is settled behind an offset is known again, and nothing else', async (t) => {
  const offsets = fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 400 })
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 2n ** 62n }), offsets, offsets, (offset, settled, others) => {
    const [some, more] = [settled, others].map((positions) => positions.sort((a, b) => a - b).map(
      (position) => offset + BigInt(position)
    )) as [bigint[], bigint[]]
    const metadata = encodeOffsetMap(at(offset), some)
    const unsettled = more.filter((each) => !some.includes(each))
    return metadata.length <= 4096 && String(has(offset, metadata, some)) === String(some) && has(
      offset, metadata, [offset - 1n, offset, ...unsettled, offset + 2n ** 40n]
    ).length === 0
  }), { numRuns: 1000 })
})

t.test('nothing is told where there is nothing to tell', async (t) => {
  t.equal(encodeOffsetMap(at(7n), []), '')
  t.equal(OffsetMap.decode(7n, ''), undefined)
  t.equal(OffsetMap.decode(7n, null), undefined, 'as a cluster may say it')
})

t.test('ten thousand offsets fit, however they lie', async (t) => {
  let random = 1
  const offsets = Array.from({ length: 10_000 }, (_, i) => BigInt(i + 1)).filter(
    () => (random = random * 48271 % 2147483647) % 2 === 0
  )
  t.same(has(0n, encodeOffsetMap(at(0n), offsets), offsets), offsets)
})

t.test('nothing is left out of metadata that has just the length of the limit', async (t) => {
  let random = 1
  const positions = Array.from({ length: 30_000 }, (_, i) => BigInt(i + 1)).filter(
    () => (random = random * 48271 % 2147483647) % 2 === 0
  )
  const encoded = (count: number, offset: bigint): string => {
    return encodeOffsetMap(at(offset), positions.slice(0, count).map((each) => offset + each))
  }
  let count = 10_000
  while (encoded(count, 1n).length < 4090) count += 4
  // Each digit of the offset is one more character.
  const offset = 10n ** BigInt(4096 - encoded(count, 1n).length)
  const metadata = encoded(count, offset)
  t.equal(metadata.length, 4096)
  const offsets = positions.slice(0, count).map((each) => offset + each)
  t.same(has(offset, metadata, offsets), offsets)
})

t.test('what does not fit is left out from behind', async (t) => {
  let random = 1
  const offsets = Array.from({ length: 200_000 }, (_, i) => BigInt(i + 1)).filter(
    () => (random = random * 48271 % 2147483647) % 2 === 0
  )
  const metadata = encodeOffsetMap(at(0n), offsets)
  t.ok(metadata.length <= 4096)
  const known = has(0n, metadata, offsets)
  t.ok(known.length > 5000, `${known.length} of ${offsets.length}`)
  t.same(known, offsets.slice(0, known.length))
  t.same(has(0n, encodeOffsetMap(at(0n), [1n, 2n ** 30n]), [1n, 2n ** 30n]), [1n], 'nor what is too far ahead')
})

t.test('metadata of another writer counts as no offset map', async (t) => {
  const place = 'faststream:1:0:1700000000000:'
  const bomb = place + deflateRawSync(Buffer.alloc(2 ** 24)).toString('base64')
  for (const metadata of ['true', place, place + '%%%', place + 'AAAA', place.replace('1', '2') + 'Y2QAAA==', bomb]) {
    t.same(has(0n, metadata, [0n, 1n, 2n, 8n]), [], metadata.slice(0, 40))
  }
})

t.test('it says nothing of another offset than its own, as after a copy to another cluster', async (t) => {
  const metadata = encodeOffsetMap(at(7n), [8n, 9n])
  t.same(has(7n, metadata, [8n, 9n]), [8n, 9n])
  t.equal(OffsetMap.decode(5n, metadata), undefined)
  t.equal(OffsetMap.decode(70n, metadata), undefined)
})

t.test('it tells whether a log that holds its offset is the one that it is about', async (t) => {
  for (const timestamp of [1_700_000_000_000, 0, -1, 2 ** 62]) {
    const settled = OffsetMap.decode(7n, encodeOffsetMap(at(7n, timestamp), [8n]))
    t.equal(settled?.isBehind(at(7n, timestamp)), true)
    for (const other of [at(8n, timestamp), at(7n, 5), undefined]) t.equal(settled?.isBehind(other), false)
  }
})

t.test('an offset map spans about a million offsets, and leaves out what is behind them', async (t) => {
  const offsets = [1n, 2n ** 20n - 1n, 2n ** 20n]
  t.same(has(0n, encodeOffsetMap(at(0n), offsets), offsets), offsets.slice(0, 2))
})

t.test('metadata that would take more memory than any offset map counts as none', async (t) => {
  const metadata = (bytes: number): string => {
    return `faststream:1:0:5:${deflateRawSync(Buffer.alloc(bytes, 255)).toString('base64')}`
  }
  t.equal(OffsetMap.decode(0n, metadata(2 ** 17))?.count, 2 ** 20)
  t.equal(OffsetMap.decode(0n, metadata(2 ** 17 + 1)), undefined)
})

t.test('offsets that are billions away are not in a map that has an offset of the same low bits', async (t) => {
  const [start, far] = [2n ** 40n, 2n ** 32n]
  t.same(has(start, encodeOffsetMap(at(start), [start + 1n]), [start + 1n + far, start + 1n - far]), [])
})

t.test('the last offset of a map may be the first one, and a map without any has none', async (t) => {
  const last = (bits: number): bigint | undefined => {
    return OffsetMap.decode(7n, `faststream:1:7:5:${deflateRawSync(Buffer.of(bits)).toString('base64')}`)?.last
  }
  t.same([last(0b1), last(0b1000_0000), last(0)], [7n, 14n, undefined])
})

t.test('metadata that holds an offset map and something else counts as none', async (t) => {
  const metadata = encodeOffsetMap(at(7n), [8n])
  for (const other of [`x${metadata}`, ` ${metadata}`, `${metadata}\nmore`]) {
    t.equal(OffsetMap.decode(7n, other), undefined, JSON.stringify(other))
  }
})
