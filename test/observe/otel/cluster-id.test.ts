import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { eventually } from '../../conformance/eventually.js'
import { useEnvironment } from '../../support/environment.js'
import { collectSpans } from '../../support/otel.js'
import { build } from '../../support/plugin-app.js'

t.test('spans have the id of the cluster once it is known', async (t) => {
  const { spans } = collectSpans(t)
  const app = await build(t, { groupId: 'shop', otel: true })
  const known: string[] = []
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return { ...transport, clusterId: () => known[0] }
    }
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await app.broker.publish('orders', 1)
  await eventually(async () => spans().length === 2)
  const clusterId = 'MkU3OEVBNTcwNTJENDM2Qk'
  known.push(clusterId)
  await app.broker.publish('orders', 2)
  await eventually(async () => spans().length === 4)
  const ids = spans().map(({ attributes }) => attributes['messaging.kafka.cluster.id'])
  t.same(ids, [undefined, undefined, clusterId, clusterId])
})
