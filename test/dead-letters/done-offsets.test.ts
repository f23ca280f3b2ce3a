import fc from 'fast-check'
import t from 'tap'
import { DoneOffsets } from '../../lib/dead-letters/done-offsets.js'

t.test('what is added is done, in any order, and survives its encoding', async (t) => {
  const runs = fc.array(fc.tuple(fc.bigInt(0n, 3000n), fc.bigInt(0n, 300n)), { maxLength: 40 })
  fc.assert(fc.property(fc.bigInt(0n, 500n), runs, (watermark, runs) => {
    const done = new DoneOffsets(watermark)
    const wanted = new Set<bigint>()
    for (let offset = 0n; offset < watermark; offset++) wanted.add(offset)
    for (const [from, length] of runs) {
      done.add(from, from + length)
      for (let offset = from; offset < from + length; offset++) wanted.add(offset)
    }
    const copy = DoneOffsets.decode(done.watermark, done.metadata!)
    let first = 0n
    while (wanted.has(first)) first++
    if (done.watermark !== first || copy.watermark !== first) return false
    for (let offset = 0n; offset < 3400n; offset++) {
      if (done.has(offset) !== wanted.has(offset) || copy.has(offset) !== wanted.has(offset)) return false
    }
    return true
  }), { numRuns: 50 })
})

t.test('metadata of another client, or damaged metadata, says nothing', async (t) => {
  const damaged = `faststream-dead-letters:1:${Buffer.from([255, 255]).toString('base64')}`
  for (const metadata of [null, '', 'x', 'faststream:1:5:0:abc', damaged, 'faststream-dead-letters:1:AQ==']) {
    const done = DoneOffsets.decode(7n, metadata)
    t.equal(done.watermark, 7n)
    t.ok(done.has(6n))
    t.notOk(done.has(8n))
  }
})

t.test('there is room for more than a thousand runs, and the end of it is told', async (t) => {
  const done = new DoneOffsets(0n)
  for (let offset = 1n; offset < 3000n; offset += 2n) done.add(offset, offset + 1n)
  t.ok(done.metadata)
  for (let offset = 3001n; offset < 4000n; offset += 2n) done.add(offset, offset + 1n)
  t.equal(done.metadata, undefined)
})
