import t from 'tap'
import {
  callable, integer, isObject, list, noClass, noSurplus, notKnown, number, oneOf, onlyKnown, text, withDefaults, yesOrNo
} from '../../lib/options/assert.js'
import { functionOf } from '../../lib/options/checks.js'

const CODE = 'FASTSTREAM_ERR_INVALID_OPTION'
const refused = (message: RegExp) => ({ code: CODE, message })

t.test('arguments that a function does not take are refused, unless they are undefined', async (t) => {
  noSurplus('f()', [])
  noSurplus('f(a)', [1], 1)
  noSurplus('f(a)', [1, undefined, undefined], 1)
  const wrong = { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS', message: /f\(a\).*it takes no more than these/ }
  for (const given of [[1, 2], [1, undefined, 2], [1, null]]) t.throws(() => { noSurplus('f(a)', given, 1) }, wrong)
  t.throws(() => { noSurplus('f()', [0]) }, { code: wrong.code })
})

t.test('a function can be called: it is no generator and no class', async (t) => {
  class Handler { static handle () {} }
  function makes () { return class {} }
  const classes: unknown[] = [Handler, class {}, class extends Handler {}]
  const functions = [() => 1, async () => 1, function () {}, Handler.handle, String, function classify () {}, makes]
  for (const value of functions) {
    callable('a', value, 'must be a function')
    noClass('a', value)
  }
  for (const value of [undefined, null, 1, {}]) {
    t.throws(() => { callable('a', value, 'must be f') }, refused(/'a' must be f$/))
  }
  const generators: unknown[] = [function * () {}, async function * () {}]
  for (const value of generators) t.throws(() => { callable('a', value, '') }, refused(/'a' must not be a generator/))
  for (const value of classes) {
    t.throws(() => { callable('a', value, '') }, refused(/'a' must not be a class/))
    t.throws(() => { noClass('a', value) }, refused(/write a function that uses new \w*\(\)/))
  }
  for (const value of ['class A {}', undefined, {}]) noClass('a', value)
  t.throws(() => functionOf('x')('b', 1 as never), refused(/'b' must be a function of x/))
})

t.test('defaults stand for what is absent or undefined', async (t) => {
  t.strictSame(withDefaults({ a: 1, b: 2 }, {}), { a: 1, b: 2 })
  t.strictSame(withDefaults<{ a: number | null, b: number }>({ a: 1, b: 2 }, { a: null, b: undefined as never }), {
    a: null, b: 2
  })
})

t.test('an option that is not known is named with its place and with those that are', async (t) => {
  onlyKnown('', { a: 1 }, ['a', 'b'])
  onlyKnown('a.', {}, [])
  t.throws(() => { onlyKnown('', { c: 1 }, ['a', 'b']) }, refused(/'c' is not known: there are a, b$/))
  t.throws(() => { onlyKnown('x.y.', { c: undefined }, ['a']) }, refused(/'x\.y\.c' is not known/))
  for (const options of [null, [], 'a', undefined]) {
    t.throws(() => { onlyKnown('', options, []) }, refused(/option 'options' must be an object/))
    t.throws(() => { onlyKnown('x.y.', options, []) }, refused(/option 'x\.y' must be an object/))
  }
  for (const path of ['', 'producer.']) {
    t.match(notKnown(path, 'group_id', ['a']).message, /group_id' is not known here\. FastStream's 'group_id': use/)
  }
  t.match(notKnown('retry.', 'group_id', ['a']).message, /'retry\.group_id' is not known: there are a/)
})

t.test('texts, answers and lists', async (t) => {
  text('a', 'x')
  for (const value of ['', 1, null]) {
    t.throws(() => { text('a', value) }, refused(/'a' must be a string that is not empty/))
  }
  t.same([yesOrNo('a', true), yesOrNo('a', false)], [true, false])
  for (const value of [0, 'true', null]) t.throws(() => yesOrNo('a', value), refused(/'a' must be true or false/))
  list('a', [])
  for (const value of [{}, 'a', null]) t.throws(() => { list('a', value) }, refused(/'a' must be a list/))
  oneOf('a', 'y', ['x', 'y'])
  t.throws(() => { oneOf('a', 'z', ['x', 'y']) }, refused(/'a' must be one of 'x', 'y'/))
  for (const value of [{}, Object.create(null), new Map()]) t.equal(isObject(value), true)
  for (const value of [null, [], 'a', undefined, () => 1]) t.equal(isObject(value), false)
})

t.test('a number has its bounds, and a whole one no fraction', async (t) => {
  for (const value of [1, 1.5, 2]) t.equal(number('a', value, 1, 2), value)
  for (const value of [0.9, 2.1, NaN, '1' as never]) {
    t.throws(() => number('a', value, 1, 2), refused(/at least 1 and at most 2/))
  }
  t.equal(number('a', Infinity, 1), Infinity)
  t.throws(() => number('a', 0, 1), refused(/'a' must be a number of at least 1$/))
  t.equal(integer('a', 2, 1, 2), 2)
  t.equal(integer('a', Number.MAX_SAFE_INTEGER, 1), Number.MAX_SAFE_INTEGER)
  for (const value of [1.5, 2 ** 53, Infinity, '1' as never]) {
    t.throws(() => integer('a', value, 1), refused(/a whole number/))
  }
  t.throws(() => integer('a', 3, 1, 2), refused(/at most 2/))
  t.throws(() => integer('a', 0, 1), refused(/at least 1$/))
})
