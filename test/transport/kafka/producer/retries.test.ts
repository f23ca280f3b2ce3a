import t from 'tap'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import { type Answer, partitionLogs, record } from '../../../support/partition-logs.js'

/* Attempts that fail, and what the next ones send. */

const LOST = new WireError('lost', 'connection')

/** Answers one after the other, then no error. An error is thrown. */
function answers (...codes: Array<Answer | Error>): () => Answer {
  return () => {
    const code = codes.shift() ?? 0
    if (code instanceof Error) throw code
    return code
  }
}

t.test('after an answer that is lost, or without the partition, the same batch is sent once more', async (t) => {
  for (const lost of [LOST, 'left out'] as const) {
    const world = partitionLogs(t)
    world.answer = answers(0, lost, lost)
    await world.send([record('orders', 0)])
    t.same(await world.send([record('orders', 0), record('orders', 0)]), [1n, 2n])
    t.same(world.batches.map(({ sequence, epoch }) => [sequence, epoch]), [[0, 0], [1, 0], [1, 0], [1, 0]])
    t.equal(world.warnings.length, 1, 'told once')
    const reason = lost === LOST ? 'lost' : /nothing about the partition/
    t.match(world.warnings[0], [{ topic: 'orders', partition: 0, reason }])
  }
})

t.test('a failure is told when it comes first, with the next attempt', async (t) => {
  const world = partitionLogs(t)
  world.answer = answers(6)
  await world.send([record('orders', 0)])
  t.match(world.warnings, [[{ topic: 'orders', partition: 0, reason: /NOT_LEADER/ }]])
})

t.test('a partition that the answer leaves out is not taken for another one of its topic', async (t) => {
  const world = partitionLogs(t)
  world.leaders.orders = [1, 1]
  world.answer = answers('left out')
  t.same(await world.send([record('orders', 0), record('orders', 1), record('orders', 1)]), [0n, 0n, 1n])
  t.same(world.batches.map(({ partition }) => partition), [0, 1, 0])
})

t.test('only what is not stored yet is sent once more', async (t) => {
  const world = partitionLogs(t)
  let count = 0
  world.answer = ({ partition }) => partition === 1 && count++ === 0 ? 6 : 0
  t.same(await world.send([record('orders', 0), record('orders', 1), record('bills', 0)]), [0n, 0n, 0n])
  t.same(world.batches.map(({ topic, partition }) => [topic, partition]), [
    ['orders', 0], ['orders', 1], ['bills', 0], ['orders', 1]
  ])
})

t.test('a partition that has moved is found at its new leader', async (t) => {
  const world = partitionLogs(t)
  await world.send([record('orders', 0)])
  world.leaders.orders = [2, 1]
  world.answer = ({ address }) => address === 'a:1' ? 6 : 0
  t.same(await world.send([record('orders', 0)]), [1n])
  t.same(world.batches.map(({ address }) => address), ['a:1', 'a:1', 'b:1'])
})

t.test('a node that does not answer is asked last from then on, one that answers an error is not', async (t) => {
  for (const [failure, next] of [[LOST, 'b:1 Metadata'], [6, 'a:1 Metadata']] as const) {
    const world = partitionLogs(t)
    world.answer = answers(failure)
    await world.send([record('orders', 0)])
    const at = world.wire.sent.indexOf('a:1 Produce')
    t.equal(world.wire.sent[at + 1], next)
  }
})

t.test('leaders are looked up until there is one whose address is known', async (t) => {
  const world = partitionLogs(t)
  const { nodes } = world
  world.leaders.orders = [-1]
  const sending = world.send([record('orders', 0)])
  await world.clock.advance(2000)
  world.leaders.orders = [3]
  await world.clock.advance(2000)
  t.equal(world.requests.length, 0)
  world.nodes = [...nodes, { nodeId: 3, host: 'c', port: 1 }]
  t.same(await sending, [0n])
  t.equal(world.batches[0]!.address, 'c:1')
})

t.test('without a leader in time nothing was sent, and the reason says so', async (t) => {
  const world = partitionLogs(t)
  for (const leader of [-1, 9]) {
    world.leaders.orders = [leader]
    const error = await world.send([record('orders', 0)], 3000)
    t.match(error, { outcome: 'not-sent', reason: 'timeout', message: /LEADER_NOT_AVAILABLE/ })
  }
  t.equal(world.requests.length, 0)
})

t.test('node 0 leads a partition like any other', async (t) => {
  const world = partitionLogs(t)
  world.nodes = [{ nodeId: 0, host: 'a', port: 1 }]
  world.leaders.orders = [0]
  t.same(await world.send([record('orders', 0)]), [0n])
})

t.test('a partition that is not there may still appear, until the news had time to spread', async (t) => {
  const world = partitionLogs(t)
  const { clock, leaders, send } = world
  const soon = send([record('orders', 2)])
  await clock.advance(1400)
  leaders.orders = [1, 2, 1]
  t.same(await soon, [0n])
  const before = clock.elapsed()
  const error = await send([record('orders', 3), record('orders', 0)])
  t.match(error, { outcome: 'not-sent', reason: 'refused', message: /UNKNOWN_TOPIC_OR_PARTITION/ })
  t.match(error, { offsets: [undefined, 0n] })
  t.ok(clock.elapsed() - before > 1500 && clock.elapsed() - before < 4000)
})

t.test('a topic that may not exist, or not be written, is refused at once', async (t) => {
  for (const [code, message] of [
    [17, /INVALID_TOPIC_EXCEPTION/], [29, /refuses Write on topic 'secret' to User:shop/]
  ] as const) {
    const world = partitionLogs(t, { principal: 'User:shop' })
    world.missing = code
    const before = world.clock.elapsed()
    const error = await world.send([record('secret', 0)])
    t.match(error, { outcome: 'not-sent', reason: 'refused', message })
    t.ok(world.clock.elapsed() - before < 100)
  }
})

t.test('an identity is asked for until a node gives one, and a right that is missing ends that', async (t) => {
  const world = partitionLogs(t)
  let asked = 0
  world.identity = (address) => {
    asked++
    return { errorCode: asked < 4 || address === 'a:1' ? 14 : 0, producerId: 7n, producerEpoch: 0 }
  }
  t.same(await world.send([record('orders', 0)]), [0n])
  t.equal(asked, 4)
  const denied = partitionLogs(t)
  denied.identity = () => ({ errorCode: 31, producerId: -1n, producerEpoch: -1 })
  t.match(await denied.send([record('orders', 0)]), {
    outcome: 'not-sent', reason: 'refused', message: /refuses IdempotentWrite on the cluster/
  })
  t.equal(denied.requests.length, 0)
})
