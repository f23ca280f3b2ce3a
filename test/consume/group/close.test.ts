import t from 'tap'
import { turn } from '../../support/manual-clock.js'
import { ASSIGNED, build } from '../../support/group-fixture.js'

t.test('close reads no more, lets handlers end, commits and leaves, once', async (t) => {
  const { group, consumer, receive, assign, end, log } = build({ name: 'take' })
  assign(0)
  receive(0, 0, 2)
  const closed = group.close(5000)
  t.equal(group.close(5000), closed)
  await end('orders[0] 0')
  await closed
  t.same(consumer.calls, ['stop', 'close'])
  t.same(consumer.commits, [['orders[0] 1']])
  t.same(log.lines, [ASSIGNED], 'nothing was late')
  t.match(log.details[0], { groupId: 'shop', subscribers: ['take'], partitions: { orders: [0] } })
})

t.test('close ends in time when handlers and the cluster do not', async (t) => {
  const { clock, group, consumer, receive, assign, end, log } = build()
  assign(0, 1)
  receive(0, 0, 1)
  receive(1, 0, 1)
  await end('orders[0] 0')
  consumer.outcomes.push(() => new Promise(() => {}))
  const closed = group.close(5000)
  await clock.advance(3750)
  t.equal(consumer.commits.length, 1, 'the rest of the time is for the last commit')
  await clock.advance(1250)
  await closed
  t.equal(clock.waiting, 0, 'no timer is left')
  t.same(log.lines, [
    ASSIGNED,
    'warn handlers did not end in time: their messages will be redelivered',
    'warn the last commit did not end in time: its messages will be redelivered'
  ])
})

t.test('a commit that fails when the group is closed arms nothing', async (t) => {
  const { clock, group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  let fail = (_: Error): void => {}
  consumer.outcomes.push(() => new Promise((resolve, reject) => { fail = reject }))
  const closed = group.close(5000)
  await clock.advance(5000)
  await closed
  fail(new Error('too late'))
  await turn()
  t.equal(clock.waiting, 0)
})

t.test('leaving the group may go on when close has ended', async (t) => {
  const { clock, group, consumer, assign } = build()
  assign(0)
  consumer.close = () => new Promise(() => {})
  const closed = group.close(5000)
  await clock.advance(500)
  await closed
  t.equal(clock.waiting, 0)
})

t.test('a generation that begins while the group closes runs nothing', async (t) => {
  const { group, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  const closed = group.close(5000)
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  await closed
  t.equal(started.length, 1)
})
