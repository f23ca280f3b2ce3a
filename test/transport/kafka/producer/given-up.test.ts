import t from 'tap'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import { gate } from '../../../support/inbox.js'
import { partitionLogs, record } from '../../../support/partition-logs.js'

/* Sends that end without all offsets: what is said of them, and under which identity the next one goes. */

const LOST = new WireError('lost at host a', 'connection')

function identities (sent: readonly string[]): number {
  return sent.filter((each) => each.endsWith('InitProducerId')).length
}

t.test('at the deadline a batch without an answer may be stored, and the next one has a new epoch', async (t) => {
  const world = partitionLogs(t)
  await world.send([record('orders', 0), record('orders', 1)])
  world.answer = () => { throw LOST }
  t.match(await world.send([record('orders', 0)], 1000), {
    outcome: 'unknown', reason: 'timeout', message: 'lost at host a', offsets: [undefined]
  })
  world.answer = () => 0
  await world.send([record('orders', 0), record('orders', 1)])
  t.same(world.batches.slice(-2).map(({ producerId, epoch, sequence }) => [producerId, epoch, sequence]), [
    [7n, 1, 0], [7n, 1, 0]
  ])
  t.equal(identities(world.wire.sent), 1)
})

t.test('an answer that comes after the deadline changes nothing', async (t) => {
  const world = partitionLogs(t)
  const late = gate()
  world.answer = () => late.opened.then(() => 0)
  t.match(await world.send([record('orders', 0)], 500), { outcome: 'unknown', reason: 'timeout' })
  world.answer = () => 0
  late.open()
  await world.clock.advance(100)
  await world.send([record('orders', 0)])
  await world.send([record('orders', 0)])
  t.same(world.batches.map(({ epoch, sequence }) => [epoch, sequence]), [[0, 0], [1, 0], [1, 1]])
})

t.test('the last epoch is used, and after it comes a new identity', async (t) => {
  const world = partitionLogs(t)
  world.identity = () => ({ errorCode: 0, producerId: 7n, producerEpoch: 32_766 })
  world.answer = () => { throw LOST }
  await world.send([record('orders', 0)], 500)
  await world.send([record('orders', 0)], 500)
  world.identity = () => ({ errorCode: 0, producerId: 8n, producerEpoch: 0 })
  world.answer = () => 0
  await world.send([record('orders', 0)])
  t.same([...new Set(world.batches.map(({ producerId, epoch }) => `${producerId} ${epoch}`))], [
    '7 32766', '7 32767', '8 0'
  ])
})

t.test('an identity that the cluster objects to is replaced after the send that it failed', async (t) => {
  const world = partitionLogs(t)
  world.answer = () => 45
  t.match(await world.send([record('orders', 0)]), {
    outcome: 'unknown', reason: 'refused', message: /OUT_OF_ORDER_SEQUENCE_NUMBER/
  })
  t.equal(world.batches.length, 1)
  world.answer = () => 0
  t.same(await world.send([record('orders', 0)]), [0n])
  t.equal(identities(world.wire.sent), 2)
})

t.test('an identity that one partition objects to is replaced, also when others took it', async (t) => {
  const world = partitionLogs(t)
  world.answer = ({ partition }) => partition === 0 ? 45 : 0
  const error = await world.send([record('orders', 0), record('orders', 1)])
  t.match(error, { outcome: 'unknown', offsets: [undefined, 0n] })
  world.answer = () => 0
  await world.send([record('orders', 0)])
  t.equal(identities(world.wire.sent), 2)
})

t.test('two sends that lose the same identity both say what became of them', async (t) => {
  const world = partitionLogs(t)
  await world.send([record('orders', 0)])
  world.answer = () => 45
  const errors = await Promise.all([world.send([record('orders', 0)]), world.send([record('orders', 1)])])
  for (const error of errors) t.match(error, { name: 'SendError', outcome: 'unknown', reason: 'refused' })
  world.answer = () => 0
  await world.send([record('orders', 0)])
  t.equal(identities(world.wire.sent), 2)
})

t.test('a refusal stores nothing, and burns no number', async (t) => {
  const world = partitionLogs(t)
  const cases = [
    [10, 'too-large', /MESSAGE_TOO_LARGE/], [18, 'too-large', /RECORD_LIST_TOO_LARGE/],
    [87, 'refused', /INVALID_RECORD/], [29, 'refused', /refuses Write on topic 'orders'/]
  ] as const
  for (const [code, reason, message] of cases) {
    world.answer = () => code
    t.match(await world.send([record('orders', 0)]), { outcome: 'not-sent', reason, message, offsets: [undefined] })
  }
  t.equal(world.batches.length, cases.length, 'each was sent once')
  world.answer = () => 0
  t.same(await world.send([record('orders', 0)]), [0n])
  t.same(world.batches.at(-1), { ...world.batches[0]! })
})

t.test('a refused partition does not hold up the others, whose offsets are in the error', async (t) => {
  const world = partitionLogs(t)
  let lost = 0
  world.answer = ({ topic, partition }) => {
    if (topic === 'bills' && lost++ === 0) return 6
    return partition === 1 ? 10 : 0
  }
  t.match(await world.send([
    record('orders', 0), record('orders', 1), record('bills', 0), record('orders', 0)
  ]), { outcome: 'not-sent', reason: 'too-large', offsets: [0n, undefined, 0n, 1n] })
  t.equal(world.batches.filter(({ partition }) => partition === 1).length, 1)
})

t.test('too few replicas may be no answer, or one that comes when the records are in the log', async (t) => {
  for (const [code, outcome] of [[19, 'not-sent'], [3, 'not-sent'], [20, 'unknown']] as const) {
    const world = partitionLogs(t)
    world.answer = () => code
    t.match(await world.send([record('orders', 0)], 500), { outcome, reason: 'timeout' })
  }
})

t.test('one attempt that may have stored a batch is enough, whatever the others say', async (t) => {
  const world = partitionLogs(t)
  let count = 0
  world.answer = () => count++ === 0 ? 7 : 19
  t.match(await world.send([record('orders', 0)], 500), { outcome: 'unknown', reason: 'timeout' })
})

t.test('a batch is uncertain beside one that was refused, and the identity outlives that', async (t) => {
  const world = partitionLogs(t)
  world.answer = ({ partition }) => partition === 1 ? 10 : 20
  t.match(await world.send([record('orders', 0), record('orders', 1)], 500), { outcome: 'unknown', reason: 'timeout' })
  world.answer = () => 0
  await world.send([record('orders', 0)])
  t.match(world.batches.at(-1), { producerId: 7n, epoch: 1, sequence: 0 })
  t.equal(identities(world.wire.sent), 1)
})

t.test('what was given up while a node was reached is not sent afterwards, and the node did not fail', async (t) => {
  const world = partitionLogs(t)
  await world.send([record('orders', 0)])
  for (const connection of world.wire.open) connection.close()
  const reached = gate()
  world.wire.connecting = () => reached.opened
  t.match(await world.send([record('orders', 0)], 500), { outcome: 'not-sent', reason: 'timeout' })
  world.wire.connecting = async () => {}
  reached.open()
  await world.clock.advance(100)
  t.equal(world.batches.length, 1)
  const asked = world.wire.sent.length
  await world.cluster.until(1000, (operation) => world.cluster.connect(operation))
  t.equal(world.wire.sent[asked], 'a:1 Metadata')
  t.same(await world.send([record('orders', 0)]), [1n])
  t.match(world.batches.at(-1), { epoch: 0, sequence: 1 })
})

t.test('the message of an error that is no answer names no host', async (t) => {
  const world = partitionLogs(t)
  const failure = Object.assign(new Error('no host a'), { code: 'FASTSTREAM_ERR_X' })
  world.wire.handlers.InitProducerId = () => { throw failure }
  t.match(await world.send([record('orders', 0)]), {
    outcome: 'not-sent', reason: 'refused', message: 'it could not be sent', cause: { message: 'no host a' }
  })
})
