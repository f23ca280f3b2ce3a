import t, { type Test } from 'tap'
import type { InheritedConsumerOptions } from '../../../../index.js'
import type { Handlers } from '../../../support/fake-wire.js'
import { startOnWire } from '../../../support/wire-app.js'

/* The offset of the first fetch: of a log from 0 to 9, of which an open transaction keeps back the records from 5 on. */

const AT = 1_700_000_000_000
const NOT_LEADER = 6

/** `byTime`: the offset that the node has for a time, −1 for none; or the error codes of its answers, in turn. */
function node (byTime: bigint, errorCodes: number[] = []): Handlers['ListOffsets'] {
  return ({ isolationLevel, topics }) => ({
    topics: topics.map(({ topic, partitions }) => ({
      topic,
      partitions: partitions.map(({ partition, timestamp }) => {
        if (timestamp > 0n) return { partition, errorCode: errorCodes.shift() ?? 0, offset: byTime }
        const end = isolationLevel === 1 ? 5n : 9n
        return { partition, errorCode: 0, offset: timestamp === -2n ? 0n : end }
      })
    }))
  })
}

async function begun (
  t: Test, options: InheritedConsumerOptions, ListOffsets = node(7n)
): Promise<{ offset: bigint | undefined, levels: readonly number[] }> {
  const { clock, sent } = await startOnWire(t, {}, (app) => {
    app.broker.subscriber('orders', options, () => {})
  }, { ListOffsets })
  await clock.advance(5000)
  const [fetch] = sent('Fetch').filter(({ maxWait }) => maxWait > 0)
  const byTime = sent('ListOffsets').filter(({ topics }) => topics[0]!.partitions[0]!.timestamp > 0n)
  return {
    offset: fetch?.topics[0]?.partitions[0]?.offset,
    levels: byTime.map(({ isolationLevel }) => isolationLevel)
  }
}

t.test('the latest record is the last stable one, unless uncommitted records are read', async (t) => {
  t.same(await begun(t, { offsetReset: 'latest' }), { offset: 5n, levels: [] })
  t.same(await begun(t, { offsetReset: 'latest', isolationLevel: 'read_uncommitted' }), { offset: 9n, levels: [] })
  t.same(await begun(t, { offsetReset: 'earliest', isolationLevel: 'read_uncommitted' }), { offset: 0n, levels: [] })
})

t.test('a time is asked for with the isolation level of the consumer', async (t) => {
  const offsetReset = { timestamp: AT }
  t.same(await begun(t, { offsetReset }), { offset: 7n, levels: [1] })
  t.same(await begun(t, { offsetReset, isolationLevel: 'read_uncommitted' }), { offset: 7n, levels: [0] })
})

t.test('without a record of that time reading begins at the end', async (t) => {
  const offsetReset = { timestamp: new Date(AT) }
  t.same(await begun(t, { offsetReset }, node(-1n)), { offset: 5n, levels: [1] })
  t.same(await begun(t, { offsetReset, isolationLevel: 'read_uncommitted' }, node(-1n)), { offset: 9n, levels: [0] })
})

t.test('a leader that does not tell the offset of the time is asked again', async (t) => {
  t.same(await begun(t, { offsetReset: { timestamp: AT } }, node(7n, [NOT_LEADER])), { offset: 7n, levels: [1, 1] })
})
