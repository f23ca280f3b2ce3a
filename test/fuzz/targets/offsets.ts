import { deflateRawSync } from 'node:zlib'
import { encodeOffsetMap, OffsetMap } from '../../../lib/consume/group/offset-map.js'
import { anyText, damage } from '../bytes.js'
import { promise, type Random, type Target } from '../target.js'

/** The span of offsets that a commit's metadata may tell of. */
const MAX_SPAN = 2 ** 20

/** Metadata of commits, which any member of a group may have written. */
export function offsets (): Target {
  return { name: 'offsets', run: (random) => { readMetadata(BigInt(random(2 ** 31)), random) } }
}

function readMetadata (offset: bigint, random: Random): void {
  const metadata = anyMetadata(offset, random)
  const settled = OffsetMap.decode(offset, metadata)
  if (settled === undefined) return
  const told = settled.from(offset)
  promise(told.length <= MAX_SPAN && settled.end - offset <= MAX_SPAN, `${told.length} offsets`)
  promise(!settled.has(offset - 1n) && !settled.has(settled.end), 'an offset outside of the bitmap is settled')
  promise(told.every((each) => settled.has(each)), 'an offset that is told is not settled')
  settled.isBehind({ offset, timestamp: random(10) })
}

function anyMetadata (offset: bigint, random: Random): string {
  const kind = random(4)
  if (kind === 0) return anyText(random)
  if (kind === 1) {
    const bitmap = deflateRawSync(Buffer.alloc(
      random(50) === 0 ? random(200_000) : random(1000), random(256)
    )).toString('base64')
    return `faststream:1:${offset}:${random(2 ** 31)}:${bitmap}`
  }
  const positions = Array.from({ length: random(200) }, () => BigInt(random(5000))).sort((a, b) => Number(a - b))
  const whole = encodeOffsetMap({ offset, timestamp: random(2 ** 31) }, positions.map((position) => offset + position))
  return kind === 2 ? whole : damage(Buffer.from(whole), random).toString()
}
