import t from 'tap'
import type { RebalanceListener, TopicPartition } from '../../../index.js'
import { build as buildGroup } from '../../support/group-fixture.js'
import { turn } from '../../support/manual-clock.js'

/** A group whose subscriber has a listener that writes down its calls; those of `calls` are made, too. */
function build (calls: RebalanceListener = {}, options: Parameters<typeof buildGroup>[0] = {}) {
  const told: string[] = []
  const call = (name: keyof RebalanceListener) => async (partitions: readonly TopicPartition[]): Promise<void> => {
    told.push(`${name} ${partitions.map(({ topic, partition }) => `${topic}[${partition}]`).join()}`)
    await calls[name]?.(partitions)
  }
  const listener = { onAssigned: call('onAssigned'), onRevoked: call('onRevoked'), onLost: call('onLost') }
  return { ...buildGroup({ name: 'count', handlerTimeout: 1000, listener, ...options }), told }
}

/** A promise, and the function that settles it. */
function held (): { promise: Promise<void>, end: () => void } {
  let end = (): void => {}
  const promise = new Promise<void>((resolve) => { end = resolve })
  return { promise, end }
}

t.test('messages are handled once onAssigned has ended, at the latest after handlerTimeout', async (t) => {
  const { promise, end: endCall } = held()
  const { assign, receive, started, clock, told, group, log } = build({ onAssigned: () => promise })
  assign(0)
  receive(0, 0, 1)
  await clock.advance(999)
  t.same([started, told], [[], ['onAssigned orders[0]']])
  await clock.advance(1)
  t.same(started, ['orders[0] 0'])
  t.match(log.lines.at(-1), 'error the rebalance listener did not end in time: the group goes on')
  endCall()
  group.lost()
  await turn()
  t.same(told, ['onAssigned orders[0]', 'onLost orders[0]'])
})

t.test('before the app is ready a listener hears nothing', async (t) => {
  const { assign, receive, started, told, group } = build({}, { dispatch: false })
  assign(0)
  receive(0, 0, 1)
  await turn()
  t.same([started, told], [[], []])
  group.dispatch()
  await turn()
  t.same([started, told], [['orders[0] 0'], ['onAssigned orders[0]']])
})

t.test('onRevoked is called when no handler runs, and before the commit', async (t) => {
  const { promise, end: endCall } = held()
  const { assign, receive, end, told, group, consumer } = build({ onRevoked: () => promise })
  assign(0, 1)
  await turn()
  receive(0, 0, 1)
  const revoked = group.revoking()
  await turn()
  t.same(told, ['onAssigned orders[0],orders[1]'], 'a handler runs')
  await end('orders[0] 0')
  t.same(told.slice(1), ['onRevoked orders[0],orders[1]'])
  t.same(consumer.commits, [])
  endCall()
  await revoked
  t.same(consumer.commits, [['orders[0] 1']])
})

t.test('a message that waits for its decision holds up no onRevoked, which may decide it', async (t) => {
  let decide = async (): Promise<void> => {}
  const { assign, receive, end, slots, group, consumer, told } = build({ onRevoked: () => decide() })
  assign(0)
  await turn()
  receive(0, 0, 1)
  slots.get('orders[0] 0')?.awaitsDecision?.()
  decide = () => end('orders[0] 0')
  await group.revoking()
  t.same(told, ['onAssigned orders[0]', 'onRevoked orders[0]'])
  t.same(consumer.commits, [['orders[0] 1']])
})

t.test('a message that gets no decision in onRevoked is given up at the end of the drain', async (t) => {
  const { assign, receive, slots, group, consumer, clock, givenUp, log } = build()
  assign(0)
  await turn()
  receive(0, 0, 1)
  givenUp.length = 0
  slots.get('orders[0] 0')?.awaitsDecision?.()
  const revoked = group.revoking()
  await clock.advance(5000)
  await revoked
  t.same(givenUp, ['its partition goes to another member of the group'])
  t.same(consumer.commits, [])
  t.match(log.lines.at(-1), 'warn handlers did not end in time: their messages will be redelivered')
})

t.test('a handler that takes too long is given up before onRevoked, which has a quarter of the time', async (t) => {
  const { promise } = held()
  const { assign, receive, group, clock, givenUp, told, log } = build({ onRevoked: () => promise })
  assign(0)
  await turn()
  receive(0, 0, 1)
  givenUp.length = 0
  let ended = false
  const revoked = group.revoking().then(() => { ended = true })
  // 5 s, of which a quarter is for the commit; three quarters of the rest are for handlers.
  await clock.advance(2812)
  t.same([givenUp, told.length], [[], 1])
  await clock.advance(1)
  t.same(givenUp, ['its partition goes to another member of the group'])
  t.same(told.slice(1), ['onRevoked orders[0]'])
  t.equal(ended, false)
  await clock.advance(938)
  await revoked
  t.same(log.lines.slice(1).sort(), [
    'error the rebalance listener did not end in time: the group goes on',
    'warn handlers did not end in time: their messages will be redelivered'
  ])
})

t.test('partitions that are lost in a drain are not revoked, and a new generation is not revoked by it', async (t) => {
  const { assign, receive, end, group, told } = build()
  assign(0)
  await turn()
  receive(0, 0, 1)
  const revoked = group.revoking()
  group.lost()
  assign(1)
  await end('orders[0] 0', 'unsettled')
  await revoked
  await turn()
  t.same(told, ['onAssigned orders[0]', 'onLost orders[0]', 'onAssigned orders[1]'])
})

t.test('a subscriber that has stopped hears of no new partitions', async (t) => {
  const { assign, receive, end, group, told } = build()
  assign(0)
  await turn()
  receive(0, 0, 1)
  await end('orders[0] 0', 'stop')
  await group.close(1000)
  assign(0)
  await turn()
  t.same(told, ['onAssigned orders[0]', 'onRevoked orders[0]'])
})

t.test('a message that was decided holds its place no more: onRevoked waits for the next one', async (t) => {
  const { assign, receive, end, slots, group, told, log } = build()
  assign(0)
  await turn()
  receive(0, 0, 2)
  slots.get('orders[0] 0')?.awaitsDecision?.()
  await end('orders[0] 0')
  const revoked = group.revoking()
  await turn()
  t.same(told, ['onAssigned orders[0]'], 'the next one runs')
  await end('orders[0] 1')
  await revoked
  t.same(told.slice(1), ['onRevoked orders[0]'])
  t.notOk(log.lines.some((line) => line.includes('did not end in time')))
})
