import t from 'tap'
import { addressOf } from '../../../../lib/transport/kafka/cluster/cluster.js'
import { reasonOf } from '../../../../lib/to-error.js'
import {
  CODE, isFinal, isRefused, isTooLarge, ProtocolError
} from '../../../../lib/transport/kafka/cluster/protocol-errors.js'
import { FASTSTREAM_ERR_FENCED } from '../../../../lib/errors.js'
import { API_KEYS, WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

t.test('an unsupported API range is a coded error that names the API, both ranges and the cure', async (t) => {
  for (const [range, theirs] of [
    [{ min: 10, max: 12 }, 'versions 10 to 12'], [undefined, 'none'], [{ min: 20, max: 20 }, 'version 20']
  ] as const) {
    const wire = fakeWire({ Metadata: metadataOf({}) })
    if (range === undefined) wire.ranges.delete(API_KEYS.Fetch)
    else wire.ranges.set(API_KEYS.Fetch, range)
    const { learn } = clientOf(t, wire, manualEnvironment())
    const message = new RegExp(
      `the Fetch request .* the broker takes ${theirs}, this client sends versions 0 to 9; use a Kafka release`
    )
    await t.rejects(learn('orders'), { code: 'FASTSTREAM_ERR_API_VERSION', message })
    t.same([...wire.open], [], 'and the connection is not kept')
    t.same(wire.sent, [])
  }
})

t.test('a request that gets no answer in time costs its connection, with all that waits on it', async (t) => {
  const environment = manualEnvironment()
  const wire = fakeWire({ Heartbeat: () => new Promise(() => {}), FindCoordinator: () => new Promise(() => {}) })
  const { cluster } = clientOf(t, wire, environment)
  const node = cluster.at('a:1')
  const identity = { groupId: 'g', memberId: 'm', groupInstanceId: null, generationId: 1 }
  const late = node.request('Heartbeat', identity, { timeout: 1000 })
  const behind = node.request('FindCoordinator', { groupId: 'g' })
  const ended = Promise.all([
    t.rejects(late, { message: 'a:1 did not answer Heartbeat within 1000 ms' }),
    t.rejects(behind, { message: 'closed' })
  ])
  await environment.clock.advance(1000)
  await ended
  t.equal(wire.open.size, 0)
  t.equal(environment.clock.waiting, 0, 'no timer is left')
  wire.handlers.Heartbeat = () => ({ errorCode: 0 })
  t.same(await node.request('Heartbeat', identity), { errorCode: 0 })
  t.equal(wire.made, 2)
})

t.test('connecting to a node times out, and requests that wait share one connection', async (t) => {
  const environment = manualEnvironment()
  const wire = fakeWire({ FindCoordinator: () => ({ errorCode: 0, nodeId: 1, host: 'a', port: 1 }) })
  wire.connecting = () => new Promise(() => {})
  const node = clientOf(t, wire, environment).cluster.at('a:1')
  const both = [node.request('FindCoordinator', { groupId: 'g' }), node.request('FindCoordinator', { groupId: 'g' })]
  const rejected = Promise.all(both.map((request) => t.rejects(request, {
    message: 'a:1 took no connection within 3000 ms'
  })))
  await environment.clock.advance(3000)
  await rejected
  wire.connecting = async () => {}
  await Promise.all([1, 2, 3].map(() => node.request('FindCoordinator', { groupId: 'g' })))
  t.equal(wire.made, 1)
})

t.test('a request that times out closes its connection, and a closed connection is not reused', async (t) => {
  const wire = fakeWire({ FindCoordinator: () => new Promise(() => {}) })
  const { cluster } = clientOf(t, wire, manualEnvironment())
  const node = cluster.at('a:1')
  const abort = new AbortController()
  const waiting = t.rejects(node.request('FindCoordinator', { groupId: 'g' }, abort), { message: 'enough' })
  await turn()
  abort.abort(new Error('enough'))
  await waiting
  t.equal(wire.open.size, 0)
  await t.rejects(node.request('FindCoordinator', { groupId: 'g' }, abort), { message: 'enough' })

  let connect = (): void => {}
  wire.connecting = () => new Promise((resolve) => { connect = resolve })
  node.cut()
  const cut = t.rejects(node.request('FindCoordinator', { groupId: 'g' }), { message: 'the connection was cut' })
  await turn()
  node.cut()
  connect()
  await cut
  t.equal(wire.open.size, 0)
})

t.test('work ends with its time, with its owner and with the client', async (t) => {
  const environment = manualEnvironment()
  const { cluster } = clientOf(t, fakeWire(), environment)
  const never = (): Promise<never> => new Promise(() => {})
  const late = rejects(t, cluster.until(100, never), { reason: 'timeout' })
  await environment.clock.advance(100)
  await late
  const owner = new AbortController()
  const owned = rejects(t, cluster.until(100, never, owner.signal), { reason: 'closed' })
  owner.abort()
  await owned
  await rejects(t, cluster.until(100, never, owner.signal), { reason: 'closed' })
  const closed = rejects(t, cluster.until(100, never), { reason: 'closed' })
  cluster.close()
  await closed
  await rejects(t, cluster.until(100, never), { reason: 'closed' })
})

t.test('what fails is repeated with growing pauses that differ by chance, and a final error is not', async (t) => {
  const clock = manualEnvironment().clock
  const { cluster } = clientOf(t, fakeWire(), { clock, random: () => 0 })
  let tries = 0
  const work = cluster.until(10_000, (operation) => operation.repeat(async () => {
    tries++
    throw new Error('again')
  }))
  const ended = rejects(t, work, { reason: 'timeout', message: 'again' })
  await clock.advance(19)
  t.equal(tries, 1, 'the first pause is 25 ms, and 20 at least')
  await clock.advance(1)
  t.equal(tries, 2)
  await clock.advance(10_000)
  await ended
  t.ok(tries < 30)
  await rejects(
    t,
    cluster.until(100, (operation) => operation.repeat(async () => { throw new ProtocolError(29) })),
    { errorCode: 29 }
  )
})

t.test('nodes that fail are asked last', async (t) => {
  const wire = fakeWire({
    Metadata: (_parameters, address) => {
      if (address === 'a:1') throw new WireError('gone', 'connection')
      return metadataOf({})({ topics: [] }, address)
    }
  })
  const { learn } = clientOf(t, wire, manualEnvironment(), { brokers: ['a:1', 'b:1'] })
  await learn('orders')
  await learn('orders')
  t.same(wire.sent, ['a:1 Metadata', 'b:1 Metadata', 'b:1 Metadata'])
})

t.test('a connection that broke is not closed in place of the one that could not be made', async (t) => {
  const wire = fakeWire({ FindCoordinator: () => ({ errorCode: 0, nodeId: 1, host: 'a', port: 1 }) })
  const node = clientOf(t, wire, manualEnvironment()).cluster.at('a:1')
  await node.request('FindCoordinator', { groupId: 'g' })
  for (const connection of wire.open) connection.close()
  wire.connecting = async () => { throw new WireError('refused', 'connection') }
  await rejects(t, node.request('FindCoordinator', { groupId: 'g' }), { message: 'refused' })
})

t.test('a topic whose metadata cannot be fetched is an error that says why', async (t) => {
  const wire = fakeWire({ Metadata: metadataOf({}) })
  wire.ranges.delete(API_KEYS.Fetch)
  const { metadata } = clientOf(t, wire, manualEnvironment())
  await rejects(t, Promise.resolve(metadata.partitionCount('orders')), { code: 'FASTSTREAM_ERR_API_VERSION' })
})

t.test('an IPv6 host stands in brackets', async (t) => {
  t.equal(addressOf({ host: '::1', port: 9092 }), '[::1]:9092')
  t.equal(addressOf({ host: 'kafka', port: 9092 }), 'kafka:9092')
})

t.test('only what the cluster would answer again is final', async (t) => {
  t.ok(isFinal(new ProtocolError(29)))
  t.notOk(isFinal(new ProtocolError(6)))
  t.ok(isFinal(new WireError('no', 'authentication')))
  t.notOk(isFinal(new WireError('no', 'connection')))
  t.ok(isFinal(new FASTSTREAM_ERR_FENCED('a', 'b')))
  t.notOk(isFinal(new Error('no')))
  t.same([
    new ProtocolError(29),
    new ProtocolError(23),
    new WireError('no', 'authentication'),
    new FASTSTREAM_ERR_FENCED('a', 'b'),
    'no'
  ].map(isRefused),
  [true, false, true, true, false])
  t.equal(new ProtocolError(CODE.messageTooLarge).message, 'message too large (MESSAGE_TOO_LARGE, 10)')
  t.equal(new ProtocolError(12345).type, 'UNKNOWN_SERVER_ERROR')
  t.equal(reasonOf('no'), 'no')
  t.same(
    [new ProtocolError(10), new ProtocolError(18), new ProtocolError(3), new Error('no')].map(isTooLarge),
    [true, true, false, false]
  )
})
