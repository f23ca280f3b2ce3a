import t from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { Owned } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { PartitionFetch } from '../../../../lib/transport/kafka/consumer/partition-fetch.js'
import { encodeBatch } from '../../../../lib/transport/kafka/records/encode-batch.js'

const records = [{ key: null, value: Buffer.from('v'), headers: [], timestamp: 1 }]
const fetched = {
  partition: 0,
  errorCode: 0,
  highWatermark: 9n,
  lastStableOffset: 9n,
  aborted: [],
  preferredReadReplica: -1,
  records: encodeBatch(records, { producerId: -1n, producerEpoch: -1, firstSequence: -1 })
}

t.test('a seek while a set is decoded: nothing of the set is handed over', async (t) => {
  const handedOver: bigint[] = []
  const fetch = new PartitionFetch(
    new Owned({ topic: 'orders', partition: 0 }),
    { records: (_, __, ___, position) => { handedOver.push(position) }, corrupt: () => {} },
    { codecs: createCodecs(), checkCrcs: true }
  )
  fetch.moveTo(0n)
  fetch.take(fetched)
  let asked = 0
  await fetch.drain(() => {
    // The first question comes before the decoder, which takes some turns of the queue of microtasks.
    if (++asked === 1) queueMicrotask(() => { fetch.moveTo(5n) })
    return true
  })
  t.same(handedOver, [])
  t.equal(fetch.next, 5n)

  fetch.moveTo(0n)
  fetch.take(fetched)
  await fetch.drain(() => true)
  t.same(handedOver, [1n], 'without a seek it is')
})
