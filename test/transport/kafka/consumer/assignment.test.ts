import t from 'tap'
import { Assignment, Owned } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { MissingTopics } from '../../../../lib/transport/kafka/consumer/missing-topics.js'
import { manualEnvironment, SILENT } from '../../../support/kafka-client.js'

const ORDERS = { topic: 'orders', partition: 0 }

t.test('a partition is behind from the first news of what is not handed over yet', async (t) => {
  const owned = new Owned(ORDERS)
  t.same([owned.end, owned.behindSince], [undefined, undefined])
  owned.told(5n, 100)
  t.same([owned.end, owned.behindSince], [5n, undefined], 'the start position is not known yet')
  owned.position = 5n
  t.equal(owned.behindSince, undefined, 'at its end')
  owned.told(7n, 200)
  t.equal(owned.behindSince, 200)
  owned.told(9n, 300)
  t.same([owned.end, owned.behindSince], [9n, 200], 'still the same lag')
  owned.position = 9n
  t.equal(owned.behindSince, undefined)
  owned.told(10n, 400)
  t.equal(owned.behindSince, 400, 'another lag')
})

t.test('an assignment has its partitions, and those that are not fetched', async (t) => {
  const bills = [1, 2].map((partition) => ({ topic: 'bills', partition }))
  const assignment = new Assignment('m', 3, [ORDERS, ...bills])
  t.same([assignment.memberId, assignment.generationId], ['m', 3])
  t.equal(assignment.partitions.length, 3)
  t.same(assignment.unread, [])
  assignment.owned(ORDERS)!.paused = true
  assignment.owned({ topic: 'bills', partition: 2 })!.stopped = true
  t.match(assignment.unread, [ORDERS, { topic: 'bills', partition: 2 }])
  t.equal(assignment.unread.length, 2)
  t.equal(assignment.owned({ topic: 'orders', partition: 1 }), undefined)
  assignment.assertOwned([ORDERS])
  t.throws(() => assignment.assertOwned([ORDERS, { topic: 'orders', partition: 1 }]), {
    name: 'GenerationLostError', message: /partition 1 of 'orders'/
  })
})

t.test('a topic that stays away is told once for each absence, when the news had time to spread', async (t) => {
  const environment = manualEnvironment()
  const { clock } = environment
  const warnings: unknown[] = []
  const log = { ...SILENT, warn: (details: unknown) => { warnings.push(details) } }
  const missing = new MissingTopics('shop', log, environment)
  t.same([missing.names, missing.wasMissing('orders')], [[], false])
  missing.isMissing('orders')
  await clock.advance(1499)
  missing.isMissing('orders')
  t.same([missing.names, warnings], [['orders'], []])
  await clock.advance(1)
  missing.isMissing('orders')
  missing.isMissing('orders')
  t.same(warnings, [{ topic: 'orders', groupId: 'shop' }])
  missing.exists('orders')
  t.same(missing.names, [])
  t.ok(missing.wasMissing('orders'), 'nothing of it was left out')
  missing.isMissing('orders')
  t.equal(warnings.length, 1)
  await clock.advance(1500)
  missing.isMissing('orders')
  t.equal(warnings.length, 2)
})

t.test('topics that the consumer does not ask for any more are forgotten', async (t) => {
  const missing = new MissingTopics(null, SILENT, manualEnvironment())
  missing.isMissing('orders')
  missing.isMissing('bills')
  missing.keep((topic) => topic === 'bills')
  t.same(missing.names, ['bills'])
  t.same(['orders', 'bills'].map((topic) => missing.wasMissing(topic)), [false, true])
})
