import t from 'tap'
import { checkedAssignment } from '../../lib/transport/kafkajs/checked-assignment.js'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'

const { MemberAssignment } = loadKafkajs().AssignerProtocol

/** `counts`: what the metadata says, at first and after each refresh; the last stays. */
function checkOf (...counts: Array<Record<string, number>>) {
  const warnings: Array<{ readonly refused: unknown }> = []
  const log = { debug () {}, info () {}, error () {}, warn: (details: object) => { warnings.push(details as typeof warnings[number]) } }
  let refreshes = 0
  const cluster = {
    findTopicPartitionMetadata: (topic: string) => Array.from({ length: counts[Math.min(refreshes, counts.length - 1)]![topic] ?? 0 }),
    async refreshMetadata () {
      refreshes++
      if (counts.length === 1) throw new Error('unreachable')
    }
  }
  async function check (bytes: Buffer) {
    return MemberAssignment.decode(await checkedAssignment(bytes, { groupId: 'shop', topics: ['a', 'b'], log, cluster }))?.assignment
  }
  return { check, warnings, refreshes: () => refreshes }
}

function assignmentOf (assignment: Record<string, number[]>) {
  return MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) })
}

t.test('an assignment that the cluster agrees to is taken as it is', async (t) => {
  const { check, warnings, refreshes } = checkOf({ a: 2, b: 1 })
  t.same(await check(assignmentOf({ a: [0, 1], b: [0] })), { a: [0, 1], b: [0] })
  t.equal(await check(Buffer.alloc(0)), undefined, 'the leader gave nothing')
  t.same([warnings.length, refreshes()], [0, 0])
})

t.test('what a foreign leader assigns beyond that is refused with one warning, and the rest is used', async (t) => {
  const { check, warnings } = checkOf({ a: 2, b: 1 })
  t.same(await check(assignmentOf({ a: [0, 0, 7, -1], b: [0], c: [0] })), { a: [0], b: [0] })
  t.match(warnings, [{ groupId: 'shop', refused: { topics: 1, partitions: 2, duplicates: 1, examples: [{ topic: 'a', partition: 7 }, { topic: 'a', partition: -1 }] } }])
  t.same(await check(Buffer.from('garbage')), {})
  t.match(warnings[1], { refused: { unreadable: /\w/ } })
  t.equal(warnings.length, 2)
})

t.test('a leader may have heard of new partitions first', async (t) => {
  const { check, warnings, refreshes } = checkOf({ a: 2 }, { a: 4 })
  t.same(await check(assignmentOf({ a: [3] })), { a: [3] })
  t.same([warnings.length, refreshes()], [0, 1])
})
