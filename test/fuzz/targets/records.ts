import { at, comparable, decode, pick, randomNumbers, randomSet } from '../../support/record-sets.js'
import { promise, type Random, type Target } from '../target.js'

const INTEGERS = [0, -1, -12, -13, 1, 6, 48, 49, 60, 2147483647, -2147483648, 65535, 1 << 24]
const SOUND = 100

/** Record sets of a fetch with damage of any kind. */
export async function records (): Promise<Target> {
  const random = randomNumbers(3)
  const sound = await Promise.all(Array.from({ length: SOUND }, () => randomSet(random)))
  return {
    name: 'records',
    async run (random) { await readDamaged(damageSet(pick(sound, random), random)) }
  }
}

export function damageSet (sound: Buffer, random: Random): Buffer {
  const set = Buffer.from(sound)
  const kind = random(4)
  if (kind === 0) for (let n = 1 + random(8); n > 0; n--) set[random(set.length)]! ^= 1 << random(8)
  else if (kind === 1) return set.subarray(0, random(set.length))
  else if (kind === 2) set.writeInt32BE(pick(INTEGERS, random), pick([at.length, at.lastOffsetDelta, at.count], random))
  else set.fill(255, at.records + random(set.length - at.records)).fill(random(16), set.length - 1)
  return set
}

/** Resolves to whether the set is found to be damaged. Never a record twice, or out of order. */
export async function readDamaged (set: Buffer): Promise<boolean> {
  const { batches, end, damage } = await decode(set)
  let last = -1n
  for (const { records } of batches) {
    for (const record of records) {
      promise(record.offset > last, `offset ${record.offset} after ${last}`)
      last = record.offset
      comparable(record)
    }
  }
  promise(batches.length === 0 || end > last, 'a set ends before its last record')
  return damage !== undefined
}
