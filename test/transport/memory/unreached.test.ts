import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'

t.test('the cluster in memory is always reached', async (t) => {
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  t.teardown(() => transport.close())
  const options = {
    groupId: 'g', topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 6000, rebalanceTimeout: 6000
  } as const
  const consumer = transport.consumer(options, {} as never)
  t.equal(consumer.unreached, undefined)
})
