import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { chosenCluster, clusterNamed, connectionOf, requireWritten } from '../../lib/options/clusters.js'
import { hookTimeout } from '../../lib/options/hook-timeout.js'
import { checkStartup, checkTransportOption } from '../../lib/options/transport.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'

const REFUSED = 'FASTSTREAM_ERR_INVALID_OPTION'
const transport = createMemoryTransport({ cluster: createMemoryCluster() })
const NONE = {
  brokers: undefined, transport: undefined, clientId: 'shop', ssl: undefined, sasl: undefined, allowInsecureSasl: false
}
const connection = (options: object, startup?: FaststreamOptions['startup'], path = '') => {
  return connectionOf({ ...NONE, ...options }, startup, path)
}

t.test('a transport has a name, or is an object, or a function that creates one', async (t) => {
  const create = () => transport
  for (const given of ['kafkajs', 'memory', create, transport] as const) {
    t.equal(checkTransportOption('transport', given), given)
  }
  class Own {}
  for (const wrong of ['kafka', '', {}, null, Own]) {
    t.throws(() => checkTransportOption('transport', wrong as never), { code: REFUSED, message: /'transport/ })
  }
})

t.test('a start in the background needs a transport for each try', async (t) => {
  for (const given of ['kafkajs', 'memory', () => transport] as const) checkStartup('background', given)
  checkStartup('strict', transport)
  checkStartup(undefined, transport)
  t.throws(() => { checkStartup('background', transport) }, {
    code: REFUSED, message: /'transport' must be a function with startup 'background'/
  })
  t.throws(() => connection({ transport }, 'background'), { code: REFUSED })
})

t.test('without brokers messages stay in memory, and what is written is known', async (t) => {
  t.match(connection({}), { brokers: [], transport: 'memory', clientId: 'shop', isWritten: false })
  t.match(connection({ transport: 'memory' }), { transport: 'memory', isWritten: true })
  t.match(connection({ brokers: ['a:1'] }), { brokers: ['a:1'], transport: 'kafkajs', isWritten: true })
  t.match(connection({ brokers: ['a:1'], transport: 'memory' }), { transport: 'memory', isWritten: true })
  t.strictSame(connection({}).brokers, [])
  t.ok(Object.isFrozen(connection({})))
  t.throws(() => connection({ transport: 'kafkajs' }, 'strict', 'clusters.a.'), {
    code: REFUSED, message: /'clusters\.a\.brokers' must be given with transport 'kafkajs'/
  })
})

t.test('a cluster is found by its name, and of one cluster no name is needed', async (t) => {
  const [a, b] = [connection({ clientId: 'a' }), connection({ clientId: 'b' })]
  t.equal(chosenCluster(new Map([['a', a]]), undefined), a)
  t.equal(chosenCluster(new Map([['a', a], ['b', b]]), 'b'), b)
  t.equal(chosenCluster(new Map(), undefined), undefined)
  t.throws(() => chosenCluster(new Map([['a', a], ['b', b]]), undefined), {
    code: REFUSED, message: /'cluster' must name one of 'clusters': a, b/
  })
  t.throws(() => chosenCluster(new Map(), 'a'), { code: REFUSED, message: /'cluster' needs the option 'clusters'/ })
  const code = 'FASTSTREAM_ERR_UNKNOWN_CLUSTER'
  t.throws(() => clusterNamed(new Map([['a', a], ['b', b]]), 'c'), { code, message: /'c': there are a, b/ })
  t.throws(() => clusterNamed(new Map(), 'c'), { code, message: /none, for the option 'clusters' is not given/ })
})

t.test('only production needs a cluster that is written', async (t) => {
  const { NODE_ENV } = process.env
  t.teardown(() => {
    if (NODE_ENV === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = NODE_ENV
  })
  for (const environment of ['production', 'test']) {
    process.env.NODE_ENV = environment
    requireWritten({ ...connection({}), isWritten: true })
    const run = (): void => { requireWritten(connection({})) }
    if (environment === 'test') run()
    else t.throws(run, { code: 'FASTSTREAM_ERR_BROKERS_REQUIRED' })
  }
})

t.test('a time-out of ours is shorter than that of the hook', async (t) => {
  const cases = [
    [undefined, 0, 9000], [undefined, 10_000, 9000], [undefined, 20_000, 19_000], [undefined, 1000, 900],
    [undefined, 100, 90], [5, 10, 5], [9, 10, 9], [99_999, 0, 99_999]
  ] as const
  for (const [given, pluginTimeout, expected] of cases) {
    t.equal(hookTimeout('drainTimeout', given, pluginTimeout), expected, `${given} of ${pluginTimeout}`)
  }
  for (const given of [10, 11]) {
    t.throws(() => hookTimeout('drainTimeout', given, 10), {
      code: REFUSED, message: /'drainTimeout' must be below Fastify's pluginTimeout of 10 ms/
    })
  }
})
