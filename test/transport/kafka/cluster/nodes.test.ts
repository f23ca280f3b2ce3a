import { getEventListeners } from 'node:events'
import t, { type Test } from 'tap'
import type { Operation } from '../../../../lib/transport/kafka/cluster/retry-until.js'
import { API_KEYS, WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, type Handlers, metadataOf } from '../../../support/fake-wire.js'
import { gate } from '../../../support/inbox.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

/* Which nodes are asked, over which connections, and for how long. */

const FOUND = { errorCode: 0, nodeId: 1, host: 'a', port: 1 }
const GROUP = { groupId: 'g' }

function build (t: Pick<Test, 'teardown'>, handlers: Handlers = {}, options: Parameters<typeof clientOf>[3] = {}) {
  const environment = manualEnvironment()
  const wire = fakeWire({ Metadata: metadataOf({}), FindCoordinator: () => FOUND, ...handlers })
  const client = clientOf(t, wire, environment, { brokers: ['a:1', 'b:1', 'c:1'], ...options })
  const find = (check?: () => void, ms = 5000) => client.cluster.until(ms, (operation) => (
    client.cluster.ask(operation, 'FindCoordinator', GROUP, check)))
  return { ...client, wire, clock: environment.clock, find }
}

/** Ends the connection of each node that is named. */
function lostAt (...addresses: string[]): NonNullable<Handlers['FindCoordinator']> {
  return (_parameters, address) => {
    if (addresses.includes(address)) throw new WireError(`${address} is gone`, 'connection')
    return FOUND
  }
}

t.test('nodes that fail are asked after all others, in the order in which they failed', async (t) => {
  const { wire, find } = build(t, { FindCoordinator: lostAt('a:1', 'b:1') })
  await find()
  wire.handlers.FindCoordinator = lostAt('c:1')
  await find()
  wire.handlers.FindCoordinator = lostAt()
  await find()
  t.same(wire.sent.map((sent) => sent.slice(0, 3)), ['a:1', 'b:1', 'c:1', 'c:1', 'a:1', 'a:1'])
})

t.test('when all fail, the failure of the last one is told, unless one points at an option', async (t) => {
  const { wire, find } = build(t, { FindCoordinator: lostAt('a:1', 'b:1', 'c:1') })
  await rejects(t, find(), { message: 'c:1 is gone' })
  wire.connecting = async (address) => {
    throw new WireError(`no way to ${address}`, 'connection', undefined, address === 'c:1' ? undefined : 'sasl')
  }
  for (const connection of wire.open) connection.close()
  await rejects(t, find(), { message: 'no way to a:1' })
})

t.test('a final error is not retried at another node', async (t) => {
  const { wire, find } = build(t)
  const tried: string[] = []
  wire.connecting = async (address) => {
    tried.push(address)
    throw new WireError('wrong password', 'authentication')
  }
  await rejects(t, find(), { message: 'wrong password' })
  t.same(tried, ['a:1'])
  wire.connecting = async () => {}
  await find()
  t.same(wire.sent, ['a:1 FindCoordinator'], 'and it is no failure of the node')
})

t.test('an answer that is not taken counts as a failure of its node', async (t) => {
  const { wire, find } = build(t)
  let answers = 0
  await find(() => { if (answers++ === 0) throw new Error('not this one') })
  t.same(wire.sent, ['a:1 FindCoordinator', 'b:1 FindCoordinator'])
})

t.test('work that was interrupted asks no further node', async (t) => {
  const { wire, clock, find } = build(t, { FindCoordinator: () => new Promise(() => {}) })
  const asked = rejects(t, find(undefined, 1000), { reason: 'timeout' })
  await clock.advance(1000)
  await asked
  await turn()
  t.same(wire.sent, ['a:1 FindCoordinator'])
  t.equal(wire.open.size, 0)
})

t.test('metadata name nodes that are asked, too, and the last ones tell where a node is', async (t) => {
  const { cluster, learn, wire, find } = build(t, {
    Metadata: () => ({
      brokers: [{ nodeId: 1, host: 'a', port: 1 }, { nodeId: 7, host: 'd', port: 9 }], controllerId: 7, topics: []
    })
  })
  t.same(cluster.nodeIds, [])
  t.equal(cluster.controller(), undefined)
  await learn()
  t.same(cluster.nodeIds, [1, 7])
  t.equal(cluster.node(7)?.address, 'd:9')
  t.equal(cluster.node(2), undefined)
  t.equal(cluster.controller(), cluster.node(7))
  t.equal(cluster.node(7), cluster.at('d:9'), 'one connection serves all requests to it')
  wire.sent.length = 0
  wire.handlers.FindCoordinator = lostAt('a:1', 'b:1', 'c:1')
  await find()
  t.same(wire.sent.map((sent) => sent.slice(0, 3)), ['a:1', 'b:1', 'c:1', 'd:9'], 'each one once')
})

t.test('connections of one user are its own, and end when they are released', async (t) => {
  const { cluster, learn, wire } = build(t)
  await learn('orders')
  const own = cluster.connections()
  const node = cluster.node(1, own)!
  t.not(node, cluster.node(1))
  t.equal(own.to('a:1'), node)
  await node.connect()
  t.ok(node.connected)
  t.equal(wire.open.size, 2)
  cluster.release(own)
  t.notOk(node.connected)
  t.equal(wire.open.size, 1)
  t.not(own.to('a:1'), node)
})

t.test('a client that is closed cuts all its connections', async (t) => {
  const { cluster, learn, wire } = build(t)
  await learn('orders')
  await cluster.node(1, cluster.connections())!.connect()
  t.equal(wire.open.size, 2)
  cluster.close()
  t.equal(wire.open.size, 0)
})

t.test('a node has a third of the time to connect, and three seconds at most', async (t) => {
  for (const [connectTimeout, ms] of [[900, 300], [8999, 8999 / 3], [60_000, 3000]] as const) {
    const { cluster, wire, clock } = build(t, {}, { connectTimeout })
    wire.connecting = () => new Promise(() => {})
    const connecting = rejects(t, cluster.at('a:1').connect(), {
      reason: 'connection', message: new RegExp(`within ${ms} ms`)
    })
    await clock.advance(ms)
    await connecting
  }
})

t.test('a connection that is cut while it is made has failed like any other', async (t) => {
  const { cluster, wire } = build(t)
  wire.connecting = () => new Promise(() => {})
  const connecting = rejects(t, cluster.at('a:1').connect(), { name: 'WireError', reason: 'connection' })
  cluster.at('a:1').cut()
  await connecting
})

t.test('a node has the time of a request to answer, unless the request says otherwise', async (t) => {
  const { cluster, clock } = build(t, { FindCoordinator: () => new Promise(() => {}) })
  t.equal(cluster.requestTimeout, 5000)
  for (const [timeout, ms] of [[undefined, 5000], [700, 700]] as const) {
    const asked = rejects(t, cluster.at('a:1').request('FindCoordinator', GROUP, { timeout }), {
      reason: 'connection', message: `a:1 did not answer FindCoordinator within ${ms} ms`
    })
    await clock.advance(ms)
    await asked
  }
})

t.test('a request leaves no timer and no listener behind', async (t) => {
  const answers = [gate(), gate()]
  const { cluster, clock } = build(t, {
    FindCoordinator: async () => {
      await answers[0]!.opened
      return FOUND
    }
  })
  const { signal } = new AbortController()
  const listeners = (): number => getEventListeners(signal, 'abort').length
  const asked = cluster.at('a:1').request('FindCoordinator', GROUP, { signal })
  await turn()
  t.same([listeners(), clock.waiting], [1, 1])
  answers[0]!.open()
  await asked
  await turn()
  t.same([listeners(), clock.waiting], [0, 0])
  const work = cluster.until(1000, () => answers[1]!.opened, signal)
  t.same([listeners(), clock.waiting], [1, 1])
  answers[1]!.open()
  await work
  t.same([listeners(), clock.waiting], [0, 0])
})

t.test('a caller that gives up while a node is reached sends nothing', async (t) => {
  const { cluster, wire } = build(t)
  const connecting = gate()
  wire.connecting = () => connecting.opened
  const caller = new AbortController()
  const asked = rejects(t, cluster.at('a:1').request('FindCoordinator', GROUP, caller), { message: 'enough' })
  await turn()
  caller.abort(new Error('enough'))
  connecting.open()
  await asked
  t.same(wire.sent, [])
})

t.test('only requests that a node cannot do without need a version that both sides know', async (t) => {
  const ranges = [[0, 0, true], [9, 12, true], [10, 12, false], [-3, -1, false]] as const
  for (const [min, max, isKnown] of ranges) {
    const { cluster, wire } = build(t)
    wire.ranges.set(API_KEYS.Fetch, { min, max })
    wire.ranges.delete(API_KEYS.DescribeConfigs)
    wire.ranges.delete(API_KEYS.DescribeGroups)
    const expected = isKnown ? undefined : { code: 'FASTSTREAM_ERR_API_VERSION' }
    const outcome = await cluster.at('a:1').connect().catch((error: unknown) => error)
    if (expected === undefined) t.equal(outcome, undefined)
    else t.match(outcome, expected)
  }
})

t.test('pauses double from 25 to 800 ms, each within a fifth of that', async (t) => {
  for (const [chance, factor] of [[0, 0.8], [0.5, 1], [1, 1.2]] as const) {
    const clock = manualEnvironment().clock
    const { cluster } = clientOf(t, fakeWire(), { clock, random: () => chance })
    const at: number[] = []
    const work = (operation: Operation) => operation.repeat(async () => {
      at.push(clock.elapsed())
      throw new Error('again')
    })
    const ended = rejects(t, cluster.until(10_000, work), { reason: 'timeout' })
    await clock.advance(10_000)
    await ended
    const pauses = at.slice(1, 9).map((time, i) => Math.round((time - at[i]!) / factor))
    t.same(pauses, [25, 50, 100, 200, 400, 800, 800, 800])
  }
})

t.test('work without time ends at once, work with more than a timer can hold goes on', async (t) => {
  const { cluster, clock } = build(t)
  const scheduled = t.capture(clock, 'schedule', clock.schedule.bind(clock))
  const never = (): Promise<never> => new Promise(() => {})
  const ended = rejects(t, cluster.until(-5, never), { reason: 'timeout', message: /no answer in time/ })
  await clock.advance(0)
  await ended
  t.equal(await cluster.until(1e12, async () => 'done'), 'done')
  t.same(scheduled().map(({ args: [ms] }) => ms), [0, 2 ** 31 - 1])
})

t.test('of what fails only the first attempt is told, the last one is the cause of the end', async (t) => {
  const { cluster, clock } = build(t)
  const told: string[] = []
  let count = 0
  const onFailure = ({ message }: Error): void => { told.push(message) }
  const ended = rejects(t, cluster.until(100, (operation) => operation.repeat(async () => {
    throw new Error(`failure ${++count}`)
  }, { onFailure })), { reason: 'timeout', message: 'failure 3', cause: { message: 'failure 3' } })
  await clock.advance(100)
  await ended
  t.same(told, ['failure 1'])
})
