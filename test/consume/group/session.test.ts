import t from 'tap'
import { turn } from '../../support/manual-clock.js'
import { build } from '../../support/group-fixture.js'

t.test('after a silence as long as a session nothing begins before the coordinator is heard', async (t) => {
  const { clock, consumer, waits, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 3)
  const retry = waits.get('orders[0] 0')?.(20_001)
  let again: boolean | undefined
  retry?.then((waited) => { again = waited })
  await clock.advance(20_001)
  t.equal(again, undefined, 'no other try')
  consumer.lastContact = clock.now()
  await clock.advance(50)
  t.equal(again, true)
  await clock.advance(20_000)
  await end('orders[0] 0')
  t.equal(started.length, 1, 'not the next one')
  await clock.advance(1000)
  t.equal(started.length, 1)
  consumer.lastContact = clock.now()
  await clock.advance(50)
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
})

t.test('a partition that turns out to be lost after a silence drops its queue', async (t) => {
  const { clock, group, started, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await clock.advance(20_001)
  await end('orders[0] 0')
  group.lost()
  await turn()
  t.equal(started.length, 1)
  consumer.lastContact = clock.now()
  assign(0)
  receive(0, 0, 1)
  t.same(started, ['orders[0] 0', 'orders[0] 0'])
  await end('orders[0] 0')
})

t.test('without a group a silence of the coordinator does not hold back messages', async (t) => {
  const { clock, started, receive, assign, end } = build({ groupId: null })
  assign(0)
  receive(0, 0, 2)
  await clock.advance(60_000)
  await end('orders[0] 0')
  t.equal(started.length, 2)
})

t.test('a silence of exactly a session holds back nothing yet', async (t) => {
  const { clock, started, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await clock.advance(20_000)
  await end('orders[0] 0')
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
})
