import t from 'tap'
import { systemClock as clock } from '../../lib/clock.js'
import { endsOf, readLog } from '../../lib/dead-letters/log-reader.js'
import { hindered } from '../support/hindered-transport.js'
import { build, numbered, send } from '../support/memory-transport.js'

const START = { topic: 'orders', partition: 0, offset: 0n }

t.test('ends are in the order of the topics, and a topic that does not exist has none', async (t) => {
  const { transport, producer } = await build(t, { b: 1, a: 2 })
  await send(producer, ...numbered('a', 1, 3))
  t.same(await endsOf({ transport, clock }, ['gone', 'a', 'b']), [
    { topic: 'a', partition: 0, offset: 0n },
    { topic: 'a', partition: 1, offset: 3n },
    { topic: 'b', partition: 0, offset: 0n }
  ])
})

t.test('a rebalance repeats no record', async (t) => {
  const { cluster, transport, producer } = await build(t)
  await send(producer, ...numbered('orders', 0, 1200))
  const events: string[] = []
  const reading = hindered(transport, (consumer, listener) => {
    const { records, revoking, lost } = listener
    const changes = [() => { cluster.createPartitions('orders', 3) }, () => { consumer.expire() }]
    Object.assign(listener, {
      records (...args: Parameters<typeof records>) {
        records(...args)
        if (args[2].length > 0) changes.shift()?.()
      },
      async revoking () {
        events.push('revoking')
        await revoking()
      },
      lost () {
        events.push('lost')
        lost()
      }
    } satisfies Partial<typeof listener>)
  })
  const offsets: bigint[] = []
  const at = await readLog({ transport: reading, clock }, START, 1200n, (offset) => offsets.push(offset) > 0)
  t.equal(at, 1200n)
  t.same(offsets, Array.from({ length: 1200 }, (_, i) => BigInt(i)))
  t.same(events, ['revoking', 'lost'])
})

t.test('behind a damage nothing is found where its end is not known', async (t) => {
  const { transport, producer } = await build(t)
  await send(producer, ...numbered('orders', 0, 3))
  for (const [nextOffset, goesOn, end] of [[-1n, true, 3n], [3n, true, 3n], [1n, false, 1n], [9n, true, 3n]] as const) {
    const reading = hindered(transport, (_consumer, listener) => {
      Object.assign(listener, {
        records (topic: string, partition: number) {
          listener.corrupt(topic, partition, { offset: 0n, nextOffset, error: new Error('checksum') })
        }
      })
    })
    const taken: unknown[] = []
    const at = await readLog({ transport: reading, clock }, START, 3n, (offset, record) => {
      taken.push([offset, record])
      return goesOn
    })
    t.equal(at, end)
    t.same(taken, [[0n, undefined]])
  }
})
