import t from 'tap'
import { LoggedRecord } from '../../../lib/transport/memory/logged-record.js'
import type { ProducedRecord } from '../../../lib/transport/transport.js'
import { until } from '../../support/consumer-recorder.js'
import { build, record, send } from '../../support/memory-transport.js'

/** Kafka's default of `message.max.bytes`. */
const LARGEST_BATCH = 1_048_588
const READ_BYTES = 1024 * 1024

/** A record that has `size` bytes in the log. */
function sized (size: number, partition = 0): ProducedRecord {
  return record('orders', partition, Buffer.alloc(size - LoggedRecord.of([record('orders', partition, '')])[0]!.size))
}

t.test('the cluster takes a batch of exactly message.max.bytes', async (t) => {
  const { producer } = await build(t)
  t.same(await send(producer, sized(LARGEST_BATCH - 1)), [0n])
  t.same(await send(producer, sized(LARGEST_BATCH)), [1n])
  const tooLarge = { message: /the cluster takes 1048588$/, reason: 'too-large', outcome: 'not-sent' }
  await t.rejects(send(producer, sized(LARGEST_BATCH + 1)), tooLarge)
  t.same(await send(producer, sized(1000), sized(LARGEST_BATCH - 1000)), [2n, 3n])
  await t.rejects(send(producer, sized(1000), sized(LARGEST_BATCH - 999)), tooLarge)
  t.same(
    await send(producer, sized(LARGEST_BATCH), sized(LARGEST_BATCH, 1)), [4n, 0n], 'each partition has its own batch'
  )
})

t.test('the names of headers count for the record that has them, and for no other', async (t) => {
  const { producer } = await build(t)
  const named = (bytes: number) => record('orders', 0, null, { headers: [['n'.repeat(bytes), null]] })
  await t.rejects(send(producer, named(LARGEST_BATCH)), { message: /the cluster takes/, reason: 'too-large' })
  t.same(await send(producer, named(600_000), record('orders', 0, null)), [0n, 1n])
})

t.test('one read hands over exactly 500 records, or exactly 1 MiB', async (t) => {
  for (const [title, records, expected] of [
    ['499 records', Array.from({ length: 499 }, () => sized(100)), [499]],
    ['500 records', Array.from({ length: 500 }, () => sized(100)), [500]],
    ['501 records', Array.from({ length: 501 }, () => sized(100)), [500, 1]],
    ['1 MiB - 1', [sized(READ_BYTES - 1000), sized(999)], [2]],
    ['1 MiB', [sized(READ_BYTES - 1000), sized(1000)], [2]],
    ['1 MiB + 1', [sized(READ_BYTES - 1000), sized(1001)], [1, 1]],
    ['more than 1 MiB', [sized(LARGEST_BATCH)], [1]]
  ] as const) {
    const { producer, join } = await build(t)
    await send(producer, ...records)
    const { listener, consumer } = join()
    await consumer.start()
    await until(() => listener.values().length === records.length)
    t.same(listener.deliveries.map(({ records }) => records.length), expected, title)
  }
})

t.test('an offset is in the log from its start to its end', async (t) => {
  const { cluster, producer } = await build(t)
  await send(producer, sized(100), sized(100), sized(100))
  cluster.deleteRecords('orders', 0, 1n)
  const log = cluster.partition('orders', 0)
  t.same([0n, 1n, 3n, 4n].map((offset) => log?.holds(offset)), [false, true, true, false])
})
