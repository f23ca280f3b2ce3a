import t from 'tap'
import { encodeBatch, endMarker, readHeader } from './batches.js'
import { Bench } from './bench.js'
import { CODE } from './codes.js'

const RECORDS = ['a', 'b'].map((value) => ({ key: null, value: Buffer.from(value) }))

async function begin (): Promise<Bench> {
  const bench = new Bench()
  bench.cluster.createTopic('t', 1)
  await bench.pass(1000)
  return bench
}

t.test('a batch that is sent again is answered with its first offset and stored once', async (t) => {
  const bench = await begin()
  t.match(await bench.produce(1, RECORDS), { errorCode: 0, baseOffset: 0n })
  t.match(await bench.produce(1, RECORDS, { baseSequence: 2 }), { errorCode: 0, baseOffset: 2n })
  t.match(await bench.produce(1, RECORDS), { errorCode: 0, baseOffset: 0n })
  t.equal(bench.cluster.partitions('t')[0]!.newest.end, 4)
})

t.test('sequence numbers and epochs are held', async (t) => {
  const bench = await begin()
  await bench.produce(1, RECORDS)
  t.equal((await bench.produce(1, RECORDS, { baseSequence: 5 })).errorCode, CODE.outOfOrderSequenceNumber)
  t.equal(
    (await bench.produce(1, RECORDS, { producerEpoch: 1, baseSequence: 2 })).errorCode, CODE.outOfOrderSequenceNumber
  )
  t.match(await bench.produce(1, RECORDS, { producerEpoch: 1 }), { errorCode: 0, baseOffset: 2n })
  t.equal((await bench.produce(1, RECORDS, { baseSequence: 2 })).errorCode, CODE.invalidProducerEpoch)
})

t.test('what is damaged or goes to the wrong node is refused', async (t) => {
  const bench = await begin()
  const damaged = encodeBatch(RECORDS, { producerId: 7n, producerEpoch: 0, baseSequence: 0 }, 0)
  damaged[damaged.length - 2]! ^= 1
  const { topics } = await bench.ask(1, 'Produce', {
    timeout: 1000,
    topics: [{ topic: 't', partitions: [{ partition: 0, records: damaged }, { partition: 1, records: damaged }] }]
  })
  t.match(topics[0]!.partitions, [{ errorCode: CODE.corruptMessage }, { errorCode: CODE.unknownTopicOrPartition }])
  t.equal((await bench.produce(2, RECORDS)).errorCode, CODE.notLeader)
})

t.test('what was acknowledged survives its leader, and a repetition is still recognised', async (t) => {
  const bench = await begin()
  await bench.produce(1, RECORDS)
  bench.cluster.kill(1)
  await bench.pass(4000)
  const [partition] = bench.cluster.partitions('t')
  t.not(partition!.leader, 1)
  t.match(await bench.produce(partition!.leader, RECORDS), { errorCode: 0, baseOffset: 0n })
  t.equal(partition!.newest.end, 2)
})

t.test('a leader that was frozen cannot commit what it takes, and loses it', async (t) => {
  const bench = await begin()
  const connection = await bench.connect(1)
  bench.cluster.freeze(1)
  const late = connection.send('Produce', {
    timeout: 500,
    topics: [{
      topic: 't',
      partitions: [{
        partition: 0, records: encodeBatch(RECORDS, { producerId: 7n, producerEpoch: 0, baseSequence: 0 }, 0)
      }]
    }]
  })
  await bench.pass(4000)
  const [partition] = bench.cluster.partitions('t')
  await bench.produce(partition!.leader, [RECORDS[0]!], { producerId: 8n })
  bench.cluster.revive(1)
  t.match(await bench.run(late), { topics: [{ partitions: [{ errorCode: CODE.notLeader }] }] })
  await bench.pass(2000)
  t.same(partition!.replica(1).batches, partition!.newest.batches)
  t.equal(partition!.newest.end, 1)
})

t.test('with one replica in sync nothing is taken', async (t) => {
  const bench = await begin()
  bench.cluster.kill(2)
  bench.cluster.kill(3)
  await bench.pass(4000)
  t.equal((await bench.produce(1, RECORDS)).errorCode, CODE.notEnoughReplicas)
})

t.test('a fetch gets whole batches, the last one perhaps cut, and waits at the end', async (t) => {
  const bench = await begin()
  await bench.produce(1, RECORDS)
  await bench.produce(1, RECORDS, { baseSequence: 2 })
  const all = await bench.fetch(1, 1n)
  t.match(all, { errorCode: 0, highWatermark: 4n, lastStableOffset: 4n })
  const size = all.records.readInt32BE(8) + 12
  t.equal(all.records.length, 2 * size)
  t.match(readHeader(all.records.subarray(0, size)), { count: 2, baseSequence: 0 })
  t.equal((await bench.fetch(1, 0n, 1, size + 20)).records.length, size + 20)
  t.equal((await bench.fetch(1, 0n, 1, 1)).records.length, size)
  const before = bench.scheduler.now
  t.equal((await bench.fetch(1, 4n)).records.length, 0)
  t.ok(bench.scheduler.now - before >= 100)
  t.equal((await bench.fetch(1, 5n)).errorCode, CODE.offsetOutOfRange)
  bench.cluster.deleteRecords('t', 0, 2)
  t.equal((await bench.fetch(1, 1n)).errorCode, CODE.offsetOutOfRange)
})

t.test('readers of committed records stop before an open transaction and are told of aborted ones', async (t) => {
  const bench = await begin()
  await bench.produce(1, RECORDS, { producerId: 9n, transactional: true })
  t.match(await bench.fetch(1, 0n), { highWatermark: 2n, lastStableOffset: 0n, records: Buffer.alloc(0) })
  t.ok((await bench.fetch(1, 0n, 0)).records.length > 0)
  const [partition] = bench.cluster.partitions('t')
  const marker = endMarker(false, 9n, 1000)
  bench.cluster.append(bench.cluster.node(1), partition!, partition!.epoch, marker, readHeader(marker))
  await bench.pass(100)
  const fetched = await bench.fetch(1, 0n)
  t.match(fetched, { lastStableOffset: 3n, aborted: [{ producerId: 9n, firstOffset: 0n }] })
  t.same((await bench.fetch(1, 3n)).aborted, [])
})

t.test('offsets are listed by the leader only', async (t) => {
  const bench = await begin()
  await bench.produce(1, RECORDS)
  const list = async (node: number, timestamp: bigint) => (await bench.ask(node, 'ListOffsets', {
    isolationLevel: 1, topics: [{ topic: 't', partitions: [{ partition: 0, timestamp }] }]
  })).topics[0]!.partitions[0]
  t.match(await list(1, -1n), { errorCode: 0, offset: 2n })
  t.match(await list(1, -2n), { errorCode: 0, offset: 0n })
  t.match(await list(1, 1000n), { errorCode: 0, offset: 0n })
  t.match(await list(1, 1001n), { errorCode: 0, offset: -1n })
  t.match(await list(2, -1n), { errorCode: CODE.notLeader })
})
