import t from 'tap'
import { build } from '../../support/group-fixture.js'

t.test('the first assignment is logged as a group that was joined, the next ones with what has changed', async (t) => {
  const { group, log, assign } = build({ name: 'take' })
  await group.start()
  assign(0, 1)
  t.same(log.lines, ['info joined the group'])
  const always = { groupId: 'shop', subscribers: ['take'], duration: 0 }
  t.same(log.details[0], { ...always, partitions: { orders: [0, 1] } })
  await group.revoking()
  assign(1, 2)
  t.equal(log.lines[1], 'info partitions were assigned anew')
  t.same(log.details[1], {
    ...always, partitions: { orders: [1, 2] }, reason: 'revoked', given: { orders: [2] }, taken: { orders: [0] }
  })
})

t.test('a subscriber without a group reads its partitions, and joins nothing', async (t) => {
  const { group, log, assign } = build({ groupId: null })
  await group.start()
  assign(0)
  t.same(log.lines, ['info reads its partitions, without a group'])
})

t.test('where the level is off, no line is written of an assignment', async (t) => {
  const { log, assign } = build()
  Object.assign(log, { isLevelEnabled: (level: string) => level !== 'info' })
  assign(0)
  t.same(log.lines, [])
})
