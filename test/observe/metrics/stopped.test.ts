import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { Transport } from '../../../lib/transport/transport.js'
import { useEnvironment } from '../../support/environment.js'
import { gate } from '../../support/inbox.js'
import { newRegistry } from '../../support/metrics.js'
import { build } from '../../support/plugin-app.js'

/** A transport of a new in-memory cluster, whose second batch of a partition cannot be decoded. */
function damaged (): Transport {
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  return {
    ...transport,
    consumer: (options, listener) => transport.consumer(options, {
      assigned: (partitions) => { listener.assigned(partitions) },
      revoking: () => listener.revoking(),
      lost: () => { listener.lost() },
      records (topic, partition, records, nextOffset) {
        const [{ offset } = { offset: 0n }] = records
        if (offset === 0n) listener.records(topic, partition, records, nextOffset)
        else listener.corrupt(topic, partition, { offset, nextOffset, error: new Error('wrong checksum') })
      },
      stored: (...args) => { listener.stored(...args) },
      corrupt: (...args) => { listener.corrupt(...args) },
      reset: (...args) => { listener.reset(...args) },
      failed: (...args) => { listener.failed(...args) }
    })
  }
}

t.test('a partition that is stopped has a lag, and a commit age of 0', async (t) => {
  const { client, registry, value } = newRegistry()
  const app = await build(t, { groupId: 'shop', metrics: { client, registry } })
  useEnvironment(app, { createTransport: async () => damaged() })
  const handled = gate()
  app.broker.subscriber('orders', () => { handled.open() })
  await app.ready()
  const place = { topic: 'orders', partition: '0', group: 'shop' }
  await app.broker.publish('orders', 1, { partition: 0 })
  await handled.opened
  while (await value('faststream_lag', place) > 0) await new Promise(setImmediate)
  t.equal(await value('faststream_corrupt_batches_total'), 0)
  await app.broker.publish('orders', 2, { partition: 0 })
  while (await value('faststream_corrupt_batches_total') === 0) await new Promise(setImmediate)
  const [now] = app.broker.health().subscribers
  t.equal(now?.partitions.filter(({ stopped }) => stopped !== undefined).length, 1)
  t.equal(await value('faststream_lag', place), 1)
  t.equal(await value('faststream_commit_age_seconds', place), 0)
})
