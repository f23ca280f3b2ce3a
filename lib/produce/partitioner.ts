import { types } from 'node:util'
import type { Destination, Partitioner as CustomPartitioner } from '../../types/index.js'
import { inOwnContext } from '../context.js'
import { FASTSTREAM_ERR_PARTITION } from '../errors.js'

/**
 * Chooses partitions as the Java client does: murmur2 of the key bytes, so that all clients of a topic agree on the
 * partition of a key. Records without a key take turns.
 */
export class Partitioner {
  readonly #turns = new Map<string, number>()

  choose (topic: string, key: Buffer | null, count: number): number {
    if (key !== null) return (murmur2(key) & 0x7fffffff) % count
    const turn = this.#turns.get(topic) ?? 0
    this.#turns.set(topic, turn + 1)
    return turn % count
  }
}

/** Asks a partitioner of the app, and checks its answer. @throws FASTSTREAM_ERR_PARTITION */
export function chosenBy (partitioner: CustomPartitioner, to: Destination): number {
  const chosen = asked(partitioner, to)
  if (typeof chosen === 'number' && Number.isInteger(chosen) && chosen >= 0 && chosen < to.partitions) return chosen
  // A rejection that only the promise knows would end the process.
  if (types.isPromise(chosen)) chosen.catch(() => {})
  const what = typeof chosen === 'number' ? String(chosen) : `a value of type ${typeof chosen}`
  const reason = `its partitioner returned ${what}, and the topic has ${to.partitions} partitions, counted from 0`
  throw new FASTSTREAM_ERR_PARTITION(to.topic, reason)
}

/** The partitioner may run when the cluster has told of a topic, for the publishes of several requests. */
function asked (partitioner: CustomPartitioner, to: Destination): unknown {
  try {
    return inOwnContext(() => partitioner(to))
  } catch (cause) {
    const reason = 'its partitioner threw an error, which is the cause of this one'
    throw new FASTSTREAM_ERR_PARTITION(to.topic, reason, { cause })
  }
}

const SEED = 0x9747b28c
const M = 0x5bd1e995
const R = 24

/** Same hash as `org.apache.kafka.common.utils.Utils.murmur2`: 32-bit, with the seed that Kafka uses. */
export function murmur2 (data: Buffer): number {
  const length = data.length
  const words = length & ~3
  let h = SEED ^ length
  for (let i = 0; i < words; i += 4) {
    let k = Math.imul(data.readInt32LE(i), M)
    k = Math.imul(k ^ (k >>> R), M)
    h = Math.imul(h, M) ^ k
  }
  const rest = length - words
  if (rest === 3) h ^= data.readUInt8(words + 2) << 16
  if (rest >= 2) h ^= data.readUInt8(words + 1) << 8
  if (rest >= 1) h = Math.imul(h ^ data.readUInt8(words), M)
  h = Math.imul(h ^ (h >>> 13), M)
  return h ^ (h >>> 15)
}
