import t from 'tap'
import { deriveHeaders, deriveKey, derivePartition } from '../../lib/message/derive.js'

const promise = (): never => Promise.reject(new Error('unheard')) as never

t.test('what is no function is taken as it is, also for a tombstone', async (t) => {
  for (const value of [1, null]) {
    t.equal(deriveKey('k', value, 'orders'), 'k')
    t.equal(deriveKey(undefined, value, 'orders'), undefined)
    t.same(deriveHeaders({ a: '1' }, value, 'orders'), { a: '1' })
    t.equal(deriveHeaders(undefined, value, 'orders'), undefined)
    t.equal(derivePartition(3, value, 'orders'), 3)
    t.equal(derivePartition(undefined, value, 'orders'), undefined)
  }
})

t.test('a function gets the value, and none gets a tombstone', async (t) => {
  t.equal(deriveKey((value) => `k${value}`, 7, 'orders'), 'k7')
  t.equal(deriveKey(() => null, 7, 'orders'), null)
  t.equal(deriveKey(() => 'k', null, 'orders'), undefined)
  t.same(deriveHeaders((value) => ({ a: `${value}`, none: null }), 7, 'orders'), { a: '7', none: null })
  t.equal(deriveHeaders(() => ({ a: '1' }), null, 'orders'), undefined)
  t.equal(derivePartition((value) => Number(value), 7, 'orders'), 7)
  t.throws(() => derivePartition(() => 1, null, 'orders'), {
    code: 'FASTSTREAM_ERR_PARTITION', message: /'orders'.*a tombstone has no value/
  })
})

t.test('a function that returns nothing or a promise, or that throws, is named with its publisher', async (t) => {
  const cause = new Error('secret')
  const throwing = (): never => { throw cause }
  const all = [
    ['key', (make: () => never) => deriveKey(make, 1, 'orders'), 'FASTSTREAM_ERR_ENCODE'],
    ['headers', (make: () => never) => deriveHeaders(make, 1, 'orders'), 'FASTSTREAM_ERR_ENCODE'],
    ['partition', (make: () => never) => derivePartition(make, 1, 'orders'), 'FASTSTREAM_ERR_PARTITION']
  ] as const
  for (const [part, derive, code] of all) {
    const says = (what: string) => {
      return { code, message: new RegExp(`the function '${part}' of publisher\\('orders'\\) ${what}`) }
    }
    t.throws(() => derive(() => undefined as never), says('returned undefined: return'))
    t.throws(() => derive(promise), says('returned a promise, which is not awaited: return'))
    t.throws(() => derive(throwing), { ...says('threw an error'), cause })
    const own = Object.assign(new Error('mine'), { code: 'E_MINE' })
    t.throws(() => derive(() => { throw own }), own)
    const thrown: unknown = 'text'
    t.throws(() => derive(() => { throw thrown }), says('threw an error'))
  }
  t.throws(() => deriveKey(throwing, 1, 'orders'), { message: /^the key of the message/ })
  t.throws(() => deriveHeaders(throwing, 1, 'orders'), { message: /^the headers of the message/ })
  await new Promise((resolve) => setImmediate(resolve))
})

t.test('a header that is undefined is named, and one that is null is a header', async (t) => {
  t.throws(() => deriveHeaders(() => ({ a: '1', b: undefined as never }), 1, 'orders'), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /the function 'headers' .* returned undefined as header 'b'/
  })
})
