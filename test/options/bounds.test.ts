import t from 'tap'
import { NackMessage, type FaststreamOptions } from '../../index.js'
import { INHERITED } from '../../lib/options/inherited.js'
import { normaliseOptions, PLUGIN } from '../../lib/options/plugin-options.js'
import { checkTopic } from '../../lib/options/topic-name.js'

const REFUSED = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
/** What Node's timers hold, ms. */
const TIMER = 2_147_483_647
/** What a size on the wire can be. */
const INT32 = 2_147_483_647
/** ms; what a cluster allows by default. */
const SESSION = 1_800_000

/** The numbers that each option takes: the least, the most, and whether it takes whole numbers only. */
const BOUNDS: Readonly<Record<string, readonly [least: number, most: number, kind: 'whole' | 'any']>> = {
  connectTimeout: [1, TIMER, 'any'],
  drainTimeout: [1, TIMER, 'any'],
  revokeDrain: [0, TIMER, 'any'],
  stuckAfter: [1, TIMER, 'any'],
  sessionTimeout: [1000, SESSION, 'whole'],
  rebalanceTimeout: [2000, SESSION, 'whole'],
  heartbeatInterval: [100, SESSION / 3, 'whole'],
  metadataMaxAge: [100, TIMER, 'any'],
  'fetch.minBytes': [1, INT32, 'whole'],
  'fetch.maxBytes': [1, INT32, 'whole'],
  'fetch.maxBytesPerPartition': [1, INT32, 'whole'],
  'fetch.maxWait': [1, 60_000, 'whole'],
  cleanupTimeout: [1, TIMER, 'any'],
  'buffer.messages': [1, Infinity, 'whole'],
  'buffer.bytes': [1, Infinity, 'whole'],
  'commit.interval': [0, TIMER, 'whole'],
  'commit.count': [1, Infinity, 'whole'],
  'topicConfig.partitions': [1, Infinity, 'whole'],
  'topicConfig.replicas': [-1, Infinity, 'whole'],
  'producer.deadline': [1, TIMER, 'any'],
  'producer.queue.messages': [1, Infinity, 'whole'],
  'producer.queue.bytes': [1, Infinity, 'whole'],
  'pressure.publishQueue': [0, 1, 'any'],
  'pressure.commitAge': [1, TIMER, 'any'],
  'pressure.eventLoopDelay': [0, TIMER, 'any'],
  handlerTimeout: [1, TIMER, 'any'],
  bodyLimit: [1, Infinity, 'whole'],
  'retry.retries': [0, Infinity, 'whole'],
  'retry.delay': [0, TIMER, 'any'],
  'retry.factor': [1, Infinity, 'any'],
  'retry.maxDelay': [0, TIMER, 'any'],
  'retry.jitter': [0, 1, 'any'],
  'breaker.window': [1, TIMER, 'any'],
  'breaker.ratio': [0.1, 1, 'any'],
  'breaker.minimum': [2, 10_000, 'whole'],
  concurrency: [1, Infinity, 'whole']
}

interface Row { readonly default: unknown, check (option: string, given: unknown, inherited: unknown): unknown }

const ROWS: ReadonlyArray<readonly [name: string, row: Row]> = Object.entries({ ...PLUGIN, ...INHERITED })

/** The names of all numbers in the tables: by their defaults, or by what the check of a row says of an impossible one. */
function numbersOf ([name, row]: typeof ROWS[number]): string[] {
  const below = (path: string, value: unknown): string[] => {
    if (typeof value === 'number') return [path]
    if (typeof value !== 'object' || value === null) return []
    return Object.entries(value).flatMap(([member, each]) => below(`${path}.${member}`, each))
  }
  return row.default === undefined && /number/.test(refusal(row, name)) ? [name] : below(name, row.default)
}

function refusal (row: Row, name: string): string {
  try {
    row.check(name, Number.MIN_SAFE_INTEGER, row.default)
    return ''
  } catch (error) {
    return String(error)
  }
}

/** `a.b` and 7 as `{ a: { b: 7 } }`. */
function optionsWith (path: string, value: number): FaststreamOptions {
  return path.split('.').reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as FaststreamOptions
}

/** Options that are checked against each other do not hinder here: each has a test below. */
function normalise (path: string, value: number): unknown {
  const others: FaststreamOptions = path === 'heartbeatInterval'
    ? { sessionTimeout: SESSION, rebalanceTimeout: SESSION }
    : path === 'rebalanceTimeout' ? { revokeDrain: 0 } : {}
  const settings: unknown = normaliseOptions({ ...others, ...optionsWith(path, value) }, 0)
  return path.split('.').reduce<unknown>((at, name) => Reflect.get(at as object, name), settings)
}

t.test('every number of the tables has its bounds here', async (t) => {
  t.same(ROWS.flatMap(numbersOf).sort(), Object.keys(BOUNDS).sort())
})

for (const [path, [least, most, kind]] of Object.entries(BOUNDS)) {
  t.test(`${path} is at least ${least} and at most ${most}`, async (t) => {
    const step = most === 1 ? 0.1 : 1
    for (const value of [least, least + step]) t.equal(normalise(path, value), value)
    t.throws(() => normalise(path, least - step), { ...REFUSED, message: new RegExp(`'${path}' .*at least ${least}`) })
    if (path === 'revokeDrain') return
    if (most === Infinity) {
      t.equal(normalise(path, Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
    } else {
      for (const value of [most - step, most]) t.equal(normalise(path, value), value)
      const message = new RegExp(`'${path}' .*at least ${least} and at most ${most}`)
      t.throws(() => normalise(path, most + step), { ...REFUSED, message })
    }
  })

  t.test(`${path} is a number${kind === 'whole' ? ' without a fraction' : ''}`, async (t) => {
    for (const value of [NaN, -Infinity, `${least}` as never, null as never]) {
      t.throws(() => normalise(path, value), { ...REFUSED, message: new RegExp(`'${path}'`) })
    }
    const broken = least + 0.5
    if (kind === 'any') t.equal(normalise(path, broken), broken)
    else t.throws(() => normalise(path, broken), { ...REFUSED, message: /must be a whole number/ })
  })
}

t.test('revokeDrain is at most 1 s below rebalanceTimeout', async (t) => {
  const normalise = (revokeDrain: number): unknown => normaliseOptions({ rebalanceTimeout: 5000, revokeDrain }, 0)
  for (const value of [3999, 4000]) t.match(normalise(value), { revokeDrain: value })
  t.throws(() => normalise(4001), { ...REFUSED, message: /must be at most 4000/ })
  t.match(normaliseOptions({ rebalanceTimeout: 11_000 }, 0), { revokeDrain: 10_000 }, 'also where it is the default')
  t.throws(() => normaliseOptions({ rebalanceTimeout: 10_999 }, 0), { ...REFUSED, message: /must be at most 9999/ })
})

for (const option of ['connectTimeout', 'drainTimeout'] as const) {
  t.test(`${option} is below Fastify's pluginTimeout, unless that is 0`, async (t) => {
    t.match(normaliseOptions({ [option]: 4999 }, 5000), { [option]: 4999 })
    const message = new RegExp(`'${option}' must be below`)
    for (const value of [5000, 5001]) {
      t.throws(() => normaliseOptions({ [option]: value }, 5000), { ...REFUSED, message })
    }
    t.match(normaliseOptions({ [option]: 5001 }, 0), { [option]: 5001 })
  })
}

t.test('names have as many characters as Kafka allows', async (t) => {
  for (const length of [248, 249]) {
    const name = 'x'.repeat(length)
    t.equal(checkTopic(name), name)
    t.match(normaliseOptions({ groupInstanceId: name }, 0), { groupInstanceId: name })
  }
  t.throws(() => checkTopic('x'.repeat(250)), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
  t.throws(() => normaliseOptions({ groupInstanceId: 'x'.repeat(250) }, 0), REFUSED)
})

t.test('ports are from 1 to 65535', async (t) => {
  for (const port of [1, 2, 65_534, 65_535]) {
    t.same(normaliseOptions({ brokers: [`a:${port}`] }, 0).brokers, [`a:${port}`])
  }
  for (const port of [0, 65_536]) t.throws(() => normaliseOptions({ brokers: [`a:${port}`] }, 0), REFUSED)
})

t.test('the delay of a nack is a time that a timer can wait', async (t) => {
  for (const delay of [0, 1, TIMER - 1, TIMER]) t.equal(new NackMessage({ delay }).delay, delay)
  for (const delay of [-1, TIMER + 1]) t.throws(() => new NackMessage({ delay }), REFUSED)
})
