import { ATTEMPTS, ID, type Published, type Random } from './judge.js'

/** What a handler is told to do. */
export interface Order {
  readonly key: string
  readonly seq: number
  /** ms */
  readonly work: number
  /** So many times it throws. */
  readonly failures: number
}

export interface Message extends Pick<Published, 'id' | 'key' | 'seq' | 'verdict'> {
  readonly value: Buffer
  readonly headers: ReadonlyArray<readonly [string, Buffer]>
}

const KEYS = 8

/** Messages with keys, numbered per key; some cannot be decoded, some fail once or always. */
export function createWorkload (random: Random, longest: number): () => Message {
  const next = new Map<string, number>()
  return () => {
    const key = `k${Math.floor(random.next() ** 2 * KEYS)}`
    const seq = next.get(key) ?? 0
    next.set(key, seq + 1)
    const kind = random.next()
    const failures = kind < 0.02 ? ATTEMPTS : kind < 0.06 ? 1 : 0
    const isPoison = kind > 0.98
    const order: Order = { key, seq, work: random.integer(0, longest), failures }
    const id = `${key}:${seq}`
    const value = Buffer.from(isPoison ? '{"key":' : JSON.stringify(order))
    return {
      id,
      key,
      seq,
      verdict: isPoison || failures === ATTEMPTS ? 'dead' : 'handled',
      value,
      headers: [[ID, Buffer.from(id)]]
    }
  }
}
