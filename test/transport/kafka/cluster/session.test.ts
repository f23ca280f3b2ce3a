import t, { type Test } from 'tap'
import { API_KEYS, WireError } from '../../../../lib/transport/kafka/wire.js'
import { gate } from '../../../support/inbox.js'
import { fakeWire, type FakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

/* Sessions of 10 s, with a chance of a half: they are replaced after 7.5 s, and take requests for 9 s. */

const GROUP = { groupId: 'g' }
const FOUND = { errorCode: 0, nodeId: 1, host: 'a', port: 1 }

function build (t: Pick<Test, 'teardown'>, wire: FakeWire = fakeWire({ FindCoordinator: () => FOUND })) {
  wire.sessionLifetime = 10_000
  const environment = manualEnvironment()
  const { cluster } = clientOf(t, wire, environment)
  const node = cluster.at('a:1')
  return { wire, clock: environment.clock, node, ask: () => node.request('FindCoordinator', GROUP) }
}

t.test('a connection is replaced before its session ends, and requests do not wait for that', async (t) => {
  const { wire, clock, ask, node } = build(t)
  await ask()
  await clock.advance(7499)
  await ask()
  t.equal(wire.made, 1)
  const connecting = gate()
  wire.connecting = () => connecting.opened
  await clock.advance(1)
  const [first] = wire.open
  await ask()
  await ask()
  t.equal(wire.made, 1, 'answered over the old connection')
  connecting.open()
  await turn()
  t.equal(wire.made, 2, 'one other connection for both')
  t.notOk(wire.open.has(first!), 'the old one is closed')
  t.equal(wire.open.size, 1)
  t.ok(node.connected)
  await ask()
  await clock.advance(7499)
  await ask()
  t.equal(wire.made, 2, 'and its own session counts')
})

t.test('requests in flight are answered over the connection that is replaced', async (t) => {
  const answer = gate()
  const { wire, clock, node, ask } = build(t, fakeWire({
    FindCoordinator: () => FOUND,
    Heartbeat: async () => {
      await answer.opened
      return { errorCode: 7 }
    }
  }))
  const identity = { groupId: 'g', memberId: 'm', groupInstanceId: null, generationId: 1 }
  const beat = node.request('Heartbeat', identity, { timeout: 60_000 })
  await turn()
  await clock.advance(7500)
  await ask()
  await turn()
  t.equal(wire.made, 2)
  t.equal(wire.open.size, 2)
  answer.open()
  t.same(await beat, { errorCode: 7 })
  t.equal(wire.open.size, 1, 'then it is closed')
})

t.test('a node that is cut closes the connections that it has replaced, too', async (t) => {
  const { wire, clock, node, ask } = build(t, fakeWire({
    FindCoordinator: () => FOUND, Heartbeat: () => new Promise(() => {})
  }))
  const identity = { groupId: 'g', memberId: 'm', groupInstanceId: null, generationId: 1 }
  const beat = rejects(t, node.request('Heartbeat', identity, { timeout: 60_000 }), { message: 'closed' })
  await turn()
  await clock.advance(7500)
  await ask()
  await turn()
  t.equal(wire.open.size, 2)
  node.cut()
  t.equal(wire.open.size, 0)
  await beat
})

t.test('near its end a session takes no request: the next one waits for another connection', async (t) => {
  const { wire, clock, ask } = build(t)
  await ask()
  await clock.advance(9000)
  const connecting = gate()
  wire.connecting = () => connecting.opened
  const asked = ask()
  await turn()
  t.equal(wire.sent.length, 1)
  connecting.open()
  await asked
  t.equal(wire.made, 2)
  t.equal(wire.open.size, 1)
})

t.test('another connection that cannot be made is tried again in the rest of the session, ever sooner', async (t) => {
  const { wire, clock, ask } = build(t)
  await ask()
  let tries = 0
  wire.connecting = async () => {
    tries++
    throw new WireError('no credentials', 'authentication', undefined, 'sasl')
  }
  const expectTries = async (ms: number, expected: number): Promise<void> => {
    await clock.advance(ms)
    await ask()
    await turn()
    t.equal(tries, expected)
  }
  await expectTries(7500, 1)
  await expectTries(749, 1)
  await expectTries(1, 2)
  await expectTries(374, 2)
  await expectTries(1, 3)
  await clock.advance(375)
  await rejects(t, ask(), { message: 'no credentials', option: 'sasl' })
  wire.connecting = async () => {}
  await ask()
  t.equal(wire.made, 2)
})

t.test('sessions that end before they can be used make a connection for each request, and nothing more', async (t) => {
  const { wire, clock, ask } = build(t)
  wire.sessionLifetime = 1
  for (const made of [1, 2, 3]) {
    await ask()
    await clock.advance(1)
    t.equal(wire.made, made)
    t.equal(wire.open.size, 1)
  }
})

t.test('a connection that cannot be used does not replace one that can', async (t) => {
  const { wire, clock, ask } = build(t)
  await ask()
  wire.ranges.delete(API_KEYS.Fetch)
  await clock.advance(7500)
  await ask()
  await turn()
  await ask()
  t.equal(wire.made, 2)
  t.equal(wire.open.size, 1)
})

t.test('a connection without the end of a session is kept', async (t) => {
  const { wire, clock, ask } = build(t)
  wire.sessionLifetime = undefined
  await ask()
  await clock.advance(2 ** 40)
  await ask()
  t.equal(wire.made, 1)
})

t.test('a connection that takes too long is told as what the wire says of an option, else as a time-out', async (t) => {
  const { wire, clock, ask } = build(t)
  const cases = [['sasl', 'no token'], [undefined, /took no connection within 3000 ms/]] as const
  for (const [option, message] of cases) {
    wire.connect = (_address, signal) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => { reject(new WireError('no token', 'connection', undefined, option)) })
    })
    const asked = rejects(t, ask(), { message })
    await clock.advance(3000)
    await asked
  }
})
