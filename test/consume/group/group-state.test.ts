import t from 'tap'
import { GroupState } from '../../../lib/consume/group/group-state.js'
import { ManualClock } from '../../support/manual-clock.js'

function build (contactInterval?: number) {
  const clock = new ManualClock()
  const settings = { rebalanceTimeout: 20_000, ...contactInterval === undefined ? {} : { contactInterval } }
  return { clock, condition: new GroupState(clock, settings) }
}

t.test('a group joins, reads, rebalances, fails and closes', async (t) => {
  const { clock, condition } = build()
  t.equal(condition.state(0), 'joining')
  condition.enter('reading')
  t.equal(condition.state(clock.now()), 'reading')
  condition.enter('rebalancing')
  t.equal(condition.state(clock.now()), 'rebalancing')
  condition.failed(new Error('gone'))
  t.equal(condition.state(clock.now()), 'failed')
  t.match(condition.lastError, { error: { message: 'gone' }, at: clock.now() })
  condition.enter('reading')
  t.equal(condition.state(clock.now()), 'reading')
  condition.enter('closed')
  condition.enter('reading')
  t.equal(condition.state(clock.now()), 'closed', 'and stays so')
})

t.test('a consumer without an answer of the cluster for ten seconds is failed until the next one', async (t) => {
  const { clock, condition } = build()
  condition.enter('reading')
  await clock.advance(10_000)
  t.equal(condition.state(0), 'reading', 'it has just begun to read')
  await clock.advance(1)
  t.equal(condition.state(0), 'failed')
  t.equal(condition.state(clock.now() - 10_000), 'reading')
  t.equal(condition.state(clock.now() - 10_001), 'failed')
})

t.test('a rebalance that takes longer than the group waits has failed', async (t) => {
  const { clock, condition } = build()
  condition.enter('rebalancing')
  await clock.advance(20_000)
  t.equal(condition.state(0), 'rebalancing', 'the coordinator gives no answer meanwhile')
  await clock.advance(1)
  t.equal(condition.state(0), 'failed')
})

t.test('the time of a rebalance is none of joining and reading', async (t) => {
  const { clock, condition } = build()
  await clock.advance(20_001)
  t.equal(condition.state(0), 'joining')
  condition.enter('reading')
  await clock.advance(20_001)
  t.equal(condition.state(clock.now()), 'reading')
})

t.test('a consumer that asks the cluster rarely may be silent for twice that time', async (t) => {
  const { clock, condition } = build(8_000)
  condition.enter('reading')
  await clock.advance(16_000)
  t.equal(condition.state(0), 'reading')
  await clock.advance(1)
  t.equal(condition.state(0), 'failed')
})
