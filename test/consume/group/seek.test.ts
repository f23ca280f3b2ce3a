import t from 'tap'
import { build } from '../../support/group-fixture.js'

/** A group that reads partitions 0 and 1 of `orders`. */
function reading () {
  const fixture = build()
  fixture.assign(0, 1)
  return fixture
}

t.test('a seek to an offset moves its partition only, and reads the same topics', async (t) => {
  const { group, consumer } = reading()
  await group.seek(['orders'], { topic: 'orders', partition: 1, offset: 7n })
  t.same(consumer.calls, ['subscribe orders orders[1] 7'])
})

t.test('a seek to an offset of a partition that the process does not own is refused', async (t) => {
  const { group, consumer } = reading()
  await t.rejects(group.seek(['orders'], { topic: 'orders', partition: 2, offset: 7n }), {
    code: 'FASTSTREAM_ERR_SEEK', message: /does not own partition 2 now/
  })
  await t.rejects(group.seek(['orders'], { topic: 'others', partition: 0, offset: 7n }), {
    code: 'FASTSTREAM_ERR_SEEK'
  })
  t.same(consumer.calls, [])
})

for (const place of ['start', 'end', { timestamp: 5 }] as const) {
  t.test(`a seek to ${JSON.stringify(place)} asks the cluster, and moves the owned partitions only`, async (t) => {
    const { group, consumer } = reading()
    consumer.places = [0, 1, 2].map((partition) => ({ topic: 'orders', partition, offset: BigInt(partition + 3) }))
    await group.seek(['orders'], place)
    t.same(consumer.calls, [
      `offsets ${JSON.stringify(place)}`, 'subscribe orders orders[0] 3, orders[1] 4'
    ])
  })
}

t.test('a seek gives up what the reader of the subscriber has not settled', async (t) => {
  const reasons: string[] = []
  const reader = {
    connect: () => {},
    drain: () => {},
    resume: () => {},
    end: () => {},
    giveUp: (reason: string) => { reasons.push(reason) }
  }
  const { group, assign } = build({ reader })
  assign(0)
  await group.seek(['orders'], 'start')
  t.same(reasons, ['its subscriber reads on elsewhere'])
})

t.test('a group that was not joined says why, and says nothing once it was', async (t) => {
  const { group, consumer } = build()
  const unreached = new Error('no coordinator')
  consumer.unreached = unreached
  t.equal(group.unreached, unreached)
  await group.start()
  t.equal(group.unreached, undefined)
})
