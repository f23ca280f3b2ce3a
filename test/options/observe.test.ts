import t from 'tap'
import { OBSERVE, PRESSURE } from '../../lib/options/observe.js'

const { health, metrics, otel, explain } = OBSERVE
const checkHealth = (given: object) => health.check('health', given as never, undefined)
const refused = (option: string, more = '') => {
  return { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`'${option}' .*${more}`) }
}
const authorize = (): boolean => true

t.test('nothing is observed by default', async (t) => {
  for (const row of [health, metrics, otel, explain]) t.equal(row.default, undefined)
  t.equal(explain.check('explain', true, undefined), true)
  t.throws(() => explain.check('explain', 1 as never, undefined), refused('explain'))
  t.strictSame(PRESSURE.default, { publishQueue: 0.8, commitAge: 30_000, eventLoopDelay: 100 })
})

t.test('health routes have paths of their own, and details need a function that authorizes', async (t) => {
  for (const given of [
    {}, { live: '/l', ready: '/r' }, { live: '/a/b-c.d' }, { ready: '/live', live: '/ready' },
    { details: '/details', authorize }
  ]) {
    t.equal(checkHealth(given), given)
  }
  for (const path of ['', '/', 'live', '/live/', '//live', '/a*', '/a?', '/a#', '/:a', '/a//b', 7, null, ['/live']]) {
    for (const name of ['live', 'ready']) {
      t.throws(() => checkHealth({ [name]: path }), refused(`health\\.${name}`, 'must be a path'), `${name} ${path}`)
    }
    t.throws(() => checkHealth({ details: path, authorize }), refused('health\\.details', 'must be a path'))
  }
  for (const given of [
    { live: '/a', ready: '/a' }, { live: '/ready' }, { ready: '/live' }, { details: '/live', authorize }
  ]) {
    t.throws(() => checkHealth(given), refused('health', 'a path of its own'))
  }
  t.throws(() => checkHealth({ details: '/d' }), refused('health\\.details', "together with 'authorize'"))
  t.throws(() => checkHealth({ authorize }), refused('health\\.details', "together with 'authorize'"))
  t.throws(() => checkHealth({ details: '/d', authorize: true }), refused('health\\.authorize', 'must be a function'))
  t.throws(() => checkHealth({ alive: '/a' }), refused('health\\.alive', 'live, ready, details, authorize'))
})

t.test('metrics need a client and a registry that have what is called', async (t) => {
  class Counter {}
  const register = { getSingleMetric () {} }
  const client = { Counter, Gauge: Counter, Histogram: Counter, register }
  const check = (given: object) => metrics.check('metrics', given as never, undefined)
  for (const given of [{ client }, { client, registry: register }, { client, registry: undefined }]) {
    t.equal(check(given), given)
  }
  for (const missing of Object.keys(client)) {
    t.throws(() => check({ client: { ...client, [missing]: undefined } }), refused('metrics\\.client'), missing)
    t.throws(() => check({ client: { ...client, [missing]: {} } }), refused('metrics\\.client'), missing)
  }
  for (const wrong of [undefined, null, () => 1, []]) {
    t.throws(() => check({ client: wrong }), refused('metrics\\.client'))
  }
  for (const registry of [null, {}, { getSingleMetric: 1 }]) {
    t.throws(() => check({ client, registry }), refused('metrics\\.registry'))
  }
  t.throws(() => check({ client, prefix: 'a' }), refused('metrics\\.prefix', 'client, registry'))
})

t.test('otel is yes or no, or its options', async (t) => {
  for (const given of [true, false, {}, { link: true }, { link: undefined }]) {
    t.equal(otel.check('otel', given, undefined), given)
  }
  t.throws(() => otel.check('otel', { link: 1 } as never, undefined), refused('otel\\.link'))
  t.throws(() => otel.check('otel', { links: true } as never, undefined), refused('otel\\.links', 'there are link'))
  t.throws(() => otel.check('otel', null as never, undefined), refused('otel'))
})
