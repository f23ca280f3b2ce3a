import { createHash } from 'node:crypto'
import { Type, type Static } from '@sinclair/typebox'
import type { Verdict } from './history.js'
import type { Random } from './random.js'

/** What the processes take. */
export const OrderSchema = Type.Object({
  key: Type.String(),
  seq: Type.Integer({ minimum: 0 }),
  /** How long its handler takes, ms. */
  work: Type.Integer({ minimum: 0 }),
  /** So many times it throws. */
  failures: Type.Integer({ minimum: 0 }),
  error: Type.String()
})
export type Order = Static<typeof OrderSchema>

/** A message before it is sent: bytes. */
export interface Load {
  readonly id: string
  readonly key: string
  readonly seq: number
  readonly verdict: Verdict
  readonly value: Buffer | null
  readonly headers: Readonly<Record<string, string | Buffer | ReadonlyArray<string | Buffer>>>
}

export type Headers = Readonly<Record<string, Buffer | string | ReadonlyArray<Buffer | string> | undefined>>

/** Tells messages from each other, also those that cannot be decoded. */
export const ID = 'chaos-id'
export const LONGEST_HANDLER = 20
/** A handler is run so many times before its message is given up. */
export const ATTEMPTS = 4

const KEYS = 300
const POISON = 0.01
const THROWING = 0.05
const CONTENT_TYPE = { 'content-type': 'application/json' }

/** What a handler throws. KafkaJS stops for good at some of them. */
export const ERRORS: Readonly<Record<string, () => unknown>> = {
  Error: () => new Error('the database is away'),
  TypeError: () => new TypeError("Cannot read properties of undefined (reading 'total')"),
  RangeError: () => new RangeError('Maximum call stack size exceeded'),
  undefined: () => undefined
}

type Poison = (order: Order) => Pick<Load, 'value' | 'headers'>

/** What no handler may ever see. */
const POISONS: readonly Poison[] = [
  () => json('{"key":'),
  () => json(''),
  (order) => json(Buffer.concat([
    Buffer.from(`{"key":"${order.key}`), Buffer.from([0xc3, 0x28, 0xff]), Buffer.from('"}')
  ])),
  (order) => json(JSON.stringify({ ...order, seq: 'first' })),
  (order) => json(JSON.stringify([order])),
  () => ({ value: null, headers: {} }),
  (order) => json(`{"deep":${'['.repeat(5000)}${']'.repeat(5000)},${JSON.stringify(order).slice(1)}`),
  (order) => json(`{"__proto__":{"admin":true},${JSON.stringify(order).slice(1)}`),
  () => json('header bomb', Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`h${i}`, 'x']))),
  () => json('hostile names', {
    constructor: Buffer.from([0xff, 0]), toString: ['a', 'b'], 'x-dlq-offset': '9'.repeat(400)
  })
]

function json (value: string | Buffer, headers: Load['headers'] = {}): Pick<Load, 'value' | 'headers'> {
  return { value: Buffer.from(value), headers: { ...CONTENT_TYPE, ...headers } }
}

/** Endless; each key's messages are numbered from 0. */
export function * workload (random: Random): Generator<Load, never> {
  const next = new Map<string, number>()
  while (true) {
    // Some keys have more to do than others.
    const key = `key-${Math.floor(random.next() ** 2 * KEYS)}`
    const seq = next.get(key) ?? 0
    next.set(key, seq + 1)
    yield load(key, seq, random)
  }
}

function load (key: string, seq: number, random: Random): Load {
  const kind = random.next()
  const throws = kind >= POISON && kind < POISON + THROWING
  // Half of those that throw succeed when they are run again.
  const failures = !throws ? 0 : random.next() < 0.5 ? random.integer(1, ATTEMPTS - 1) : ATTEMPTS
  const order: Order = {
    key, seq, work: random.integer(0, LONGEST_HANDLER), failures, error: random.pick(Object.keys(ERRORS))
  }
  const { value, headers } = kind < POISON ? random.pick(POISONS)(order) : json(JSON.stringify(order))
  const id = `${key}:${seq}`
  return {
    id,
    key,
    seq,
    verdict: kind < POISON || failures === ATTEMPTS ? 'dead' : 'handled',
    value,
    headers: { ...headers, [ID]: id }
  }
}

/** Two records with the same are the same, but for the order of headers with different names. */
export function digest (key: Buffer | null, value: Buffer | null, headers: Headers): string {
  const hash = createHash('sha1')
  const part = (bytes: Buffer | string | null) => hash.update(
    bytes === null ? 'null' : `${Buffer.byteLength(bytes)}:`
  ).update(bytes ?? '')
  part(key)
  part(value)
  for (const name of Object.keys(headers).sort()) {
    // KafkaJS takes what every object inherits (`constructor`, `toString`) for a first header of that name.
    const values = [headers[name]].flat().filter((value) => typeof value === 'string' || Buffer.isBuffer(value))
    for (const value of values) {
      part(name)
      part(value as Buffer | string)
    }
  }
  return hash.digest('base64')
}
