import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import type { FaststreamOptions, InheritedConsumerOptions, InheritedOptions } from '../../index.js'
import { CONSUMER, differenceOf } from '../../lib/options/consumer-options.js'
import { resolveInherited } from '../../lib/options/inherited.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { build } from '../support/plugin-app.js'

const REFUSED = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }

t.test('offsetReset takes a Date, or ms since the epoch', async (t) => {
  const at = new Date('2024-05-01T00:00:00Z')
  for (const timestamp of [at, at.getTime()]) {
    t.same(resolveInherited([{ offsetReset: { timestamp } }]).offsetReset, { timestamp: at.getTime() })
  }
  t.same(resolveInherited([{ offsetReset: { timestamp: 0 } }]).offsetReset, { timestamp: 0 })
})

t.test('offsetReset takes no other times: not microseconds, no text, no invalid Date', async (t) => {
  for (const [timestamp, message] of [
    [1.7e15, /'offsetReset.timestamp' must be a number of at least 0 and at most 4102444800000/],
    [-1, /'offsetReset.timestamp' must be a number of at least 0/],
    [0.5, /'offsetReset.timestamp' must be a whole number/],
    [new Date('soon'), /'offsetReset.timestamp' must be a whole number/],
    ['2024-05-01', /'offsetReset.timestamp' must be a whole number/],
    [undefined, /'offsetReset.timestamp' must be a whole number/]
  ] as const) {
    t.throws(() => resolveInherited([{ offsetReset: { timestamp: timestamp as number } }]), { ...REFUSED, message })
  }
  for (const [given, message] of [
    [{ time: 1 }, /'offsetReset.time' is not known: there are timestamp/],
    ['none', /'offsetReset' must be one of 'earliest', 'latest', 'fail'/],
    [null, /'offsetReset' must be one of/]
  ] as const) {
    t.throws(() => resolveInherited([{ offsetReset: given as never }]), { ...REFUSED, message })
  }
})

t.test('impossible values are refused, for the plugin and for a subscriber', async (t) => {
  const impossible: ReadonlyArray<readonly [options: InheritedConsumerOptions, message: RegExp]> = [
    [{ isolationLevel: 'committed' as never }, /'isolationLevel' must be one of 'read_committed', 'read_uncommitted'/],
    [{ fetch: { maxWaitTime: 1 } as object }, /'fetch.maxWaitTime' is not known: there are minBytes, maxBytes/],
    [{ checkCrcs: 'no' as never }, /'checkCrcs' must be true or false/],
    [{ clientRack: '' }, /'clientRack' must be a string that is not empty/],
    [{ groupInstanceId: 'a b' }, /'groupInstanceId' must be 1 to 249 letters/],
    [{ heartbeatInterval: 99 }, /'heartbeatInterval' must be a number of at least 100/]
  ]
  const app = await build(t)
  for (const [options, message] of impossible) {
    t.throws(() => normaliseOptions(options, 0), { ...REFUSED, message })
    t.throws(() => app.broker.subscriber('orders', options, () => {}), { ...REFUSED, message })
  }
})

/** A subscriber of an app of its own, which is made ready. */
async function started (
  t: Test, options: FaststreamOptions, own: InheritedOptions, declare: (app: FastifyInstance) => void = () => {}
) {
  const app = await build(t, options)
  app.broker.subscriber('orders', own, function take () {})
  declare(app)
  await app.ready()
}

t.test('a heartbeat is at most a third of the session, whichever level names them', async (t) => {
  const cure = /'heartbeatInterval' must be at most 3333, a third of the sessionTimeout of 10000 ms: raise that, too$/
  const seldom = { sessionTimeout: 10_000, heartbeatInterval: 3334 }
  t.throws(() => normaliseOptions(seldom, 0), { ...REFUSED, message: cure })
  t.match(normaliseOptions({ sessionTimeout: 10_000, heartbeatInterval: 3333 }, 0), { heartbeatInterval: 3333 })
  const options = { heartbeatInterval: 5000 }
  await t.rejects(started(t, options, { sessionTimeout: 10_000 }), {
    ...REFUSED, message: /3333, .* \(subscriber 'take' of 'orders' in scope 'fastify'\)/
  })
  await started(t, options, { groupId: 'b', sessionTimeout: 15_000 })
})

t.test('a drain and the rejoin fit into the rebalance, whichever level names its time-out', async (t) => {
  const heartbeats = { rebalanceTimeout: 30_000, revokeDrain: 10_001, heartbeatInterval: 10_000 }
  t.throws(() => normaliseOptions(heartbeats, 0), {
    ...REFUSED, message: /'revokeDrain' must be at most 10000, 20 s below the rebalanceTimeout of 30000 ms: raise that/
  })
  t.doesNotThrow(() => normaliseOptions({ ...heartbeats, revokeDrain: 10_000 }, 0))
  await t.rejects(started(t, { revokeDrain: 10_000 }, { rebalanceTimeout: 10_999 }), {
    ...REFUSED, message: /'revokeDrain' must be at most 9999, .* \(subscriber 'take' of 'orders' in scope 'fastify'\)/
  })
  await started(t, { revokeDrain: 10_000 }, { rebalanceTimeout: 11_000 })
})

t.test('options of groups are refused beside groupId: null, and may be inherited there', async (t) => {
  const inherited = { groupInstanceId: 'shop-0', sessionTimeout: 20_000 }
  for (const options of [
    { sessionTimeout: 20_000 }, { heartbeatInterval: 500 }, { rebalanceTimeout: 30_000 }, { groupInstanceId: 'a' }
  ]) {
    const [name = ''] = Object.keys(options)
    await t.rejects(started(t, inherited, { groupId: null, ...options }), {
      ...REFUSED, message: new RegExp(`'${name}' has no effect with groupId: null.*subscriber 'take' of 'orders'`)
    })
  }
  await started(t, inherited, { groupId: null, fetch: { maxWait: 5 } })
})

/** Another value than the default, for each option of the consumer. */
const OTHERS: Required<InheritedConsumerOptions> = {
  offsetReset: { timestamp: new Date(1000) },
  isolationLevel: 'read_uncommitted',
  fetch: { maxWait: 5 },
  checkCrcs: false,
  clientRack: 'a',
  sessionTimeout: 20_000,
  heartbeatInterval: 500,
  rebalanceTimeout: 30_000,
  groupInstanceId: 'shop-1'
}

t.test('subscribers of one group agree on each option of their consumer', async (t) => {
  t.same(Object.keys(OTHERS).sort(), Object.keys(CONSUMER).sort(), 'all options of the table')
  for (const [name, value] of Object.entries(OTHERS)) {
    const options: FaststreamOptions = { [name]: value }
    const both = (own: InheritedOptions) => started(t, { groupId: 'shop' }, options, (app) => {
      app.broker.subscriber('bills', own, () => {})
    })
    await t.rejects(both({}), {
      code: 'FASTSTREAM_ERR_GROUP_CLASH',
      message: new RegExp(`group 'shop' has different values of '${name}' .*'orders'`)
    })
    await both({ ...options })
    await both({ groupId: 'other' })
  }
})

t.test('consumers with equal options do not differ', async (t) => {
  const one = resolveInherited([{ fetch: { maxWait: 5 }, offsetReset: { timestamp: 7 } }])
  const same = resolveInherited([{ fetch: { maxWait: 5, minBytes: 1 }, offsetReset: { timestamp: new Date(7) } }])
  t.equal(differenceOf(one, same), undefined)
  t.equal(differenceOf(one, { ...same, clientRack: 'a' }), 'clientRack')
})
