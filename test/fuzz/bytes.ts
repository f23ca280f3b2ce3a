import { pick } from '../support/record-sets.js'
import type { Random } from './target.js'

const TEXTS = [
  'orders', 'invoices', '__proto__', 'constructor', '', '.', 'é\u0000', '\u001b[2J', '\ud800', 'x'.repeat(300)
]
const INTEGERS = [0, 1, 2, 3, 7, 50, 255, 65_535, 2 ** 31 - 1, -1, -2, -(2 ** 31)]

export function anyText (random: Random): string {
  if (random(3) > 0) return pick(TEXTS, random)
  return Buffer.from(Array.from(
    { length: random(40) }, () => random(256)
  )).toString(random(2) === 0 ? 'latin1' : 'utf8')
}

export function anyInteger (random: Random): number {
  return random(3) === 0 ? random(2 ** 31) : pick(INTEGERS, random)
}

/** What a protocol might write: numbers, texts with their lengths, and bytes without sense. */
export function anyBytes (random: Random): Buffer {
  return Buffer.concat(Array.from({ length: random(24) }, () => part(random)))
}

function part (random: Random): Buffer {
  const kind = random(5)
  if (kind === 0) return Buffer.from(Array.from({ length: random(30) }, () => random(256)))
  if (kind === 1) {
    const text = Buffer.from(anyText(random))
    const length = Buffer.alloc(2)
    length.writeUInt16BE(text.length)
    return Buffer.concat([length, text])
  }
  const bytes = Buffer.alloc(kind === 2 ? 2 : kind === 3 ? 4 : 8)
  if (bytes.length === 2) bytes.writeUInt16BE(anyInteger(random) & 0xffff)
  else bytes.writeInt32BE(anyInteger(random) | 0, bytes.length - 4)
  return bytes
}

/** Whole bytes, cut ones, and ones with some that are changed. */
export function damage (whole: Buffer, random: Random): Buffer {
  const kind = random(4)
  if (kind === 0 || whole.length === 0) return whole
  if (kind === 1) return whole.subarray(0, random(whole.length))
  const copy = Buffer.from(whole)
  for (let n = 1 + random(8); n > 0; n--) copy[random(copy.length)] = kind === 2 ? random(256) : 255
  return copy
}
