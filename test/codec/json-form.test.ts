import fc from 'fast-check'
import t from 'tap'
import Fastify from 'fastify'
import { runInNewContext } from 'node:vm'
import faststreamPlugin, { type Publisher } from '../../index.js'
import { findFormless } from '../../lib/codec/json-form.js'
import { testBroker } from '../../lib/testing/index.js'

class Secret {
  readonly #amount = 9
  get amount (): number { return this.#amount }
}

class Entity {
  readonly id = '1'
  readonly lines = [{ price: 1 }]
}

function * numbers () { yield 1 }

// JSON.stringify writes each of these as {} or null, with unintended members, or not at all.
const formless: Array<[title: string, value: unknown, says: RegExp]> = [
  ['a promise', Promise.resolve(1), /is a promise.*: await it/],
  ['a query that is awaited', Object.create({ then () {} }), /is a promise/],
  ['a Map', new Map([['a', 1]]), /instance of Map.*Object\.fromEntries/],
  ['a Map of another realm', runInNewContext('new Map()'), /instance of Map/],
  ['a Map with a member', Object.assign(new Map(), { a: 1 }), /instance of Map/],
  ['a Set', new Set([1]), /instance of Set.*\[\.\.\.it\]/],
  ['an error', new TypeError('no'), /instance of TypeError.*error\.message/],
  ['an error with members', Object.assign(new Error('no'), { code: 'E' }), /instance of Error/],
  ['an error of another realm', runInNewContext("new RangeError('no')"), /instance of RangeError/],
  ['a response', new Response('{}'), /instance of Response.*await its json\(\)/],
  ['a Blob', new Blob(['a']), /instance of Blob.*arrayBuffer\(\)/],
  ['headers', new Headers({ a: '1' }), /instance of Headers.*Object\.fromEntries/],
  ['a query string', new URLSearchParams('a=1'), /instance of URLSearchParams.*Object\.fromEntries/],
  ['a generator', numbers(), /instance of Generator.*\[\.\.\.it\]/],
  ['an iterator', [1].values(), /Iterator.*\[\.\.\.it\]/],
  ['a regular expression', /a/, /instance of RegExp and has no members of its own.*toJSON/],
  ['a WeakMap', new WeakMap(), /instance of WeakMap/],
  [
    'an instance that keeps all private', new Secret(), /instance of Secret and has no members of its own.*plain object/
  ],
  ['NaN', NaN, /is NaN.*write null, or leave it out/],
  ['an infinite number', -Infinity, /is -Infinity/],
  ['a boxed NaN', Object(NaN), /is NaN/],
  ['a boxed symbol', Object(Symbol('s')), /is a symbol/],
  ['a BigInt', 1n, /is a BigInt.*String\(\)/],
  ['an invalid date', new Date(NaN), /is an invalid Date/],
  ['a function', () => {}, /is a function.*call it/],
  ['a class', Entity, /is a function/],
  ['a symbol', Symbol('s'), /is a symbol/],
  ['a toJSON that is asynchronous', { toJSON: async () => 1 }, /is a promise/]
]

// At the top they are bytes.
const bytes: Array<[title: string, value: unknown, says: RegExp]> = [
  ['an ArrayBuffer', new ArrayBuffer(1), /instance of ArrayBuffer.*base64/],
  ['a DataView', new DataView(new ArrayBuffer(1)), /instance of DataView/],
  ['a typed array', new Float64Array(1), /instance of Float64Array/],
  ['a Uint8Array', new Uint8Array(1), /instance of Uint8Array/]
]

const fine: Array<[title: string, value: unknown]> = [
  ['members that are undefined', { a: undefined, b: { toJSON: () => undefined } }],
  ['a date', { at: new Date(0) }],
  ['a date of another realm', { at: runInNewContext('new Date(0)') }],
  ['a Buffer, which has a toJSON', { bytes: Buffer.from('a') }],
  ['a URL', { url: new URL('http://localhost') }],
  ['an entity', new Entity()],
  ['what has no prototype', Object.assign(Object.create(null), { a: 1 })],
  [
    'what inherits from that, as request.query',
    Object.create(Object.create(null), { a: { value: 1, enumerable: true } })
  ],
  ['an object of another realm', runInNewContext('({ a: [1] })')],
  ['boxed values', [Object(1), Object('a'), Object(false)]],
  ['members under symbols', { [Symbol('kind')]: () => {}, a: 1 }]
]

function places (value: unknown): Array<[value: unknown, instancePath: string]> {
  return [
    [{ a: value }, '/a'],
    [[0, value], '/1'],
    [{ 'x/y~z': [{ '': value }] }, '/x~1y~0z/0/'],
    [{ toJSON: () => ({ a: value }) }, '/a']
  ]
}

t.test('a value for which JSON has no form is found at any depth, with its cure', async (t) => {
  for (const [title, value, says] of formless) {
    t.match(findFormless(value), { instancePath: '', message: says }, title)
  }
  for (const [title, value, says] of [...formless, ...bytes, ['undefined', undefined, /is undefined/] as const]) {
    for (const [inside, instancePath] of places(value)) {
      if (value === undefined && !Array.isArray(inside)) continue
      t.match(findFormless(inside), { instancePath, message: says }, `${title} at ${instancePath}`)
    }
  }
})

t.test('what JSON can write is let through', async (t) => {
  for (const [title, value] of fine) t.equal(findFormless(value), undefined, title)
})

t.test('a BigInt may have a toJSON as everything else', async (t) => {
  const prototype = BigInt.prototype as { toJSON?: unknown }
  prototype.toJSON = function (this: bigint) { return String(this) }
  t.teardown(() => { delete prototype.toJSON })
  t.equal(findFormless({ id: 1n }), undefined)
})

t.test('property: what is let through is read back as it was', async () => {
  const leaf = fc.oneof(
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.double(),
    fc.constant(undefined),
    fc.date({ noInvalidDate: false }),
    fc.bigInt(),
    fc.constantFrom<unknown>(new Map(), new Set(), new ArrayBuffer(1), Symbol('s'), () => {}, new Error('e'))
  )
  const payload = fc.letrec<{ node: unknown }>((tie) => ({
    node: fc.oneof({ depthSize: 'small' }, leaf, fc.array(tie('node')), fc.dictionary(fc.string(), tie('node')))
  })).node
  fc.assert(fc.property(payload, (value) => {
    const lossless = isLossless(value)
    const accepted = findFormless(value) === undefined
    return lossless === accepted
  }), { numRuns: 2000 })
})

/** Written independently: what JSON.parse gives back has everything that was there. */
function isLossless (value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true
  if (typeof value === 'number') return JSON.stringify(value) !== 'null'
  if (value instanceof Date) return JSON.stringify(value) !== 'null'
  if (Array.isArray(value)) return value.every(isLossless)
  if (typeof value !== 'object' || ![Object.prototype, null].includes(Object.getPrototypeOf(value))) return false
  return Object.values(value).every((member) => member === undefined || isLossless(member))
}

t.test('it is refused wherever a value is published, and nothing is sent', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'g' })
  const open = app.broker.publisher('open', { schema: { value: {} } })
  const out = app.broker.publisher('out')
  const values = [
    () => ({ total: NaN }), () => [Promise.reject(new Error('not awaited'))], () => ({ lines: new Set() })
  ]
  app.broker.subscriber('in', { publish: out }, (index) => values[Number(index)]?.())
  const broker = await testBroker(app)
  const refused = {
    code: 'FASTSTREAM_ERR_ENCODE',
    message: /^the value of the message for '\w+' cannot be encoded and was not sent: value\/\w+ is .*, for which JSON has no form: /
  }
  for (const [index, make] of values.entries()) {
    await t.rejects(app.broker.publish('out', make()), refused)
    await t.rejects(out.publish(make()), refused)
    await t.rejects(open.publish(make() as never), refused)
    await t.rejects(broker.publish('out', make()), refused)
    await t.rejects(broker.publish(open as Publisher, make()), refused)
    await app.broker.publish('in', index)
  }
  await broker.settled()
  t.same(broker.published('out'), [])
  t.same(broker.published('open'), [])
  t.equal(broker.errors.length, values.length, 'a handler that returned it is not run again')
  for (const { stage, error } of broker.errors) t.match([stage, error], ['publish', refused])
  await open.publish({ total: 1 })
  t.match(broker.published('open'), [{ value: { total: 1 } }])
  t.same(broker.published('in.dlq').map(({ headers }) => headers['x-dlq-stage']), ['publish', 'publish', 'publish'])
})
