import { join } from 'node:path'
import t from 'tap'
import { faststream } from '../support/faststream.js'
import { faults } from './apps/faulty.js'

const APP = join(import.meta.dirname, 'apps/faulty.ts')

async function errorOf (error: Error): Promise<string> {
  faults.of = () => { throw error }
  const { code, err } = await faststream('publish', APP, '--topic', 'orders', '--value', '{"id":1}')
  t.equal(code, 2)
  return err
}

t.test('a mistake in the code of an app is told with its place', async (t) => {
  for (const Mistake of [TypeError, ReferenceError, RangeError, SyntaxError]) {
    const mistake = new Mistake('app.nope is not a function')
    mistake.stack = `${mistake}\n    at build (file:///app.js:3:7)\n    at node:internal/process/x:1:2\n`
    const [first, ...places] = (await errorOf(mistake)).trimEnd().split('\n')
    t.equal(first, `faststream: ${mistake.name}: app.nope is not a function`)
    t.same(places, ['    at build (file:///app.js:3:7)'])
  }
  t.match(await errorOf(Object.assign(new TypeError('no url'), { code: 'ERR_INVALID_URL' })), /^faststream: no url$/m)
})

t.test('an error is told with at most four causes, a line each', async (t) => {
  const cause = new Error('connect\nECONNREFUSED 10.0.0.1:9092')
  t.match(await errorOf(new Error('no contact', { cause })), /no contact\n {2}cause: connect ECONNREFUSED 10\.0\.0\.1/)
  const circle = new Error('round')
  circle.cause = circle
  t.equal((await errorOf(circle)).match(/\n {2}cause: round/g)?.length, 4)
})

t.test('a mistake in the call is told without what led to it', async (t) => {
  const { err } = await faststream('publish', APP, '--topic', 'orders', '--value', '{')
  t.notMatch(err, 'cause')
})
