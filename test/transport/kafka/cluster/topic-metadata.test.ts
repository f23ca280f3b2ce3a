import t from 'tap'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

t.test('an answer has as many partitions as it lists, whatever numbers it gives them', async (t) => {
  const partitions = [2 ** 31 - 1, 1, -1].map((partition) => ({ partition, errorCode: 0, leader: 7 }))
  const wire = fakeWire({
    Metadata: () => ({ brokers: [], controllerId: 1, topics: [{ topic: 'orders', errorCode: 0, partitions }] })
  })
  const { metadata, learn } = clientOf(t, wire, manualEnvironment())
  await learn('orders')
  t.same(metadata.get('orders').leaders, [-1, 7, -1])
})

t.test('a topic that cannot be had says why: without the right to it, and otherwise', async (t) => {
  for (const [errorCode, expected] of [
    [29, { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /refuses Write on topic 'orders':/ }],
    [17, { code: 'FASTSTREAM_ERR_TOPICS', message: /INVALID_TOPIC_EXCEPTION/ }]
  ] as const) {
    const wire = fakeWire({
      Metadata: () => ({ brokers: [], controllerId: 1, topics: [{ topic: 'orders', errorCode, partitions: [] }] })
    })
    const { metadata } = clientOf(t, wire, manualEnvironment())
    await rejects(t, Promise.resolve(metadata.partitionCount('orders')), expected)
  }
})
