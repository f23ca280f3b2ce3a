import { setTimeout as wait } from 'node:timers/promises'
import t from 'tap'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { Operation } from '../../lib/transport/kafka/cluster/retry-until.js'
import { systemEnvironment } from '../../lib/transport/kafka/environment.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { failure, inSeconds, interceptAnswers, openProducer, readRaw, record } from './client.js'
import { createTopic, readLog, uniqueName, until, withAdmin } from './fixture.js'

t.test('send resolves with the offset of each record, over several topics and partitions', async (t) => {
  const [orders, invoices] = await Promise.all([createTopic({ partitions: 2 }), createTopic({ partitions: 1 })])
  const producer = openProducer(t)

  t.same(await producer.send([record(orders, 0, 'a')], inSeconds(10)), [0n])
  t.same(await producer.send([
    record(
      invoices, 0, 'x'
    ), record(orders, 1, 'b'), record(orders, 0, 'c'), record(
      invoices, 0, 'y'
    ), record(orders, 0, 'd'), record(orders, 0, 'e')
  ], inSeconds(10)), [0n, 0n, 1n, 1n, 2n, 3n])
  t.same(await producer.send([], inSeconds(10)), [])

  t.same(await values(orders), ['0:a', '0:c', '0:d', '0:e', '1:b'])
  t.same(await values(invoices), ['0:x', '0:y'])
})

t.test('null and empty keys and values, and any headers, come out of the log as they went in', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  const empty = Buffer.alloc(0)
  const headers: RawHeader[] = [
    ['twice', Buffer.from('1')], ['__proto__', Buffer.from('2')], [
      'twice', Buffer.from([0xff, 0x00])
    ], ['none', null], ['', empty], ['größe', Buffer.from('ü')]
  ]
  const records = [
    record(topic, 0, null, { headers, timestamp: 0 }),
    record(topic, 0, '', { key: empty, timestamp: 1_700_000_000_000 }),
    record(topic, 0, Buffer.from([0, 0xff]), { key: Buffer.from([0xc3, 0x28]), timestamp: 1_600_000_000_000 })
  ]
  await producer.send(records, inSeconds(10))

  const stored = await readRaw(t, topic)
  t.same(
    stored.map(({ key, value, headers, timestamp }) => ({ topic, partition: 0, key, value, headers, timestamp })),
    records
  )
})

t.test('a partition that the answer leaves out is sent again, and is in the log once', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const producer = openProducer(t)
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  const requests = interceptAnswers(t, 'Produce', (answer, count) => {
    if (count === 1) {
      answer.topics[0].partitions = answer.topics[0].partitions.filter(
        (row: { partition: number }) => row.partition !== 0
      )
    }
    return answer
  })

  t.same(
    await producer.send([record(topic, 0, 'b'), record(topic, 1, 'c'), record(topic, 0, 'd')], inSeconds(10)),
    [1n, 0n, 2n]
  )
  t.equal(requests.count, 2)
  t.same(await producer.send([record(topic, 0, 'e')], inSeconds(10)), [3n])
  t.same(await values(topic), ['0:a', '0:b', '0:d', '0:e', '1:c'])
})

t.test('an answer that is lost makes no duplicate', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  const requests = interceptAnswers(t, 'Produce', (answer, count) => {
    if (count <= 2) throw new Error('connection lost')
    return answer
  })

  t.same(await producer.send([record(topic, 0, 'a'), record(topic, 0, 'b')], inSeconds(10)), [0n, 1n])
  t.equal(requests.count, 3)
  t.same(await values(topic), ['0:a', '0:b'])
})

t.test('an error that the cluster gets over is not the publisher\'s', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const producer = openProducer(t)
  interceptAnswers(t, 'Produce', (answer, count) => {
    const notLeaderAfterAppend = 6
    if (count === 1) answer.topics[0].partitions[0].errorCode = notLeaderAfterAppend
    return answer
  })
  interceptAnswers(t, 'InitProducerId', (answer, count) => ({ ...answer, errorCode: count === 1 ? 14 : 0 }))

  t.same(await producer.send([record(topic, 0, 'a'), record(topic, 1, 'b')], inSeconds(10)), [0n, 0n])
  t.same(await values(topic), ['0:a', '1:b'])
})

t.test('leaders are looked up until there is one', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  interceptAnswers(t, 'Metadata', (answer, count) => {
    if (count === 1) answer.topics[0].partitions[0].leader = -1
    if (count === 2) answer.brokers = []
    if (count === 3) throw new Error('connection lost')
    return answer
  })

  t.same(await producer.send([record(topic, 0, 'a')], inSeconds(10)), [0n])
})

t.test('a record that is too large is refused, and the next send is fine', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  const requests = interceptAnswers(t, 'Produce', (answer) => answer)

  const error = await failure(producer.send([record(topic, 0, Buffer.alloc(2_000_000))], inSeconds(10)))
  t.match(error, { outcome: 'not-sent', reason: 'too-large', message: /MESSAGE_TOO_LARGE/ })
  t.equal(requests.count, 1)
  t.same(await producer.send([record(topic, 0, 'b')], inSeconds(10)), [1n])
  t.same(await values(topic), ['0:a', '0:b'])
})

t.test('a refused partition does not block the others, and the error lists what was stored', async (t) => {
  const [topic, other] = await Promise.all([createTopic({ partitions: 2 }), createTopic({ partitions: 1 })])
  const producer = openProducer(t)

  const error = await failure(producer.send([
    record(topic, 1, 'a'), record(topic, 0, Buffer.alloc(2_000_000)), record(other, 0, 'x'), record(topic, 1, 'b')
  ], inSeconds(10)))
  t.match(error, { outcome: 'not-sent', reason: 'too-large' })
  t.same(error.offsets, [0n, undefined, 0n, 1n])

  t.same(await producer.send([record(topic, 0, 'c'), record(topic, 1, 'd')], inSeconds(10)), [0n, 2n])
  t.same(await values(topic), ['0:c', '1:a', '1:b', '1:d'])
  t.same(await values(other), ['0:x'])
})

t.test('a partition or topic that stays unknown is refused once metadata had time to spread', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)

  const error = await failure(producer.send([record(topic, 7, 'a')], inSeconds(10)))
  t.match(error, { outcome: 'not-sent', reason: 'refused' })
  t.match(await failure(producer.send([record('not/a topic', 0, 'a')], inSeconds(10))), {
    outcome: 'not-sent', reason: 'refused', message: /invalid topic/
  })
  t.same(await producer.send([record(topic, 0, 'b')], inSeconds(10)), [0n])
})

t.test('an identity that the cluster does not know any more is replaced after the send that it failed', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  const identities = interceptAnswers(t, 'InitProducerId', (answer) => answer)
  interceptAnswers(t, 'Produce', (answer, count) => {
    const outOfOrderSequence = 45
    if (count === 1) answer.topics[0].partitions[0].errorCode = outOfOrderSequence
    return answer
  })

  t.match(
    await failure(producer.send([record(topic, 0, 'a')], inSeconds(10))), { outcome: 'unknown', reason: 'refused' }
  )
  t.same(await producer.send([record(topic, 0, 'b')], inSeconds(10)), [1n])
  t.equal(identities.count, 2)
  t.same(await values(topic), ['0:a', '0:b'])
})

t.test('a producer that may not have an identity says so at once', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  interceptAnswers(t, 'InitProducerId', (answer) => ({ ...answer, errorCode: 31 }))

  t.match(await failure(producer.send([record(topic, 0, 'a')], inSeconds(10))), {
    outcome: 'not-sent', reason: 'refused', message: /refuses IdempotentWrite on the cluster/
  })
})

t.test('at the deadline a send without an answer may be stored, and the next one goes under a new epoch', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  let lost = true
  const epochs = new Set<number>()
  const identities = interceptAnswers(t, 'InitProducerId', (answer) => answer)
  interceptAnswers(t, 'Produce', (answer, _count, { topics }) => {
    const producerEpoch = 51
    epochs.add(topics[0].partitions[0].records.readInt16BE(producerEpoch))
    if (lost) throw new Error('connection lost')
    return answer
  })

  const started = Date.now()
  t.match(await failure(producer.send([record(topic, 0, 'a')], inSeconds(1))), {
    outcome: 'unknown', reason: 'timeout', message: 'connection lost'
  })
  t.ok(Date.now() - started < 1500)
  lost = false
  t.same(await producer.send([record(topic, 0, 'b')], inSeconds(10)), [1n])
  t.same([...epochs], [0, 1])
  t.equal(identities.count, 1)
  t.same(await values(topic), ['0:a', '0:b'])
})

t.test('after the last epoch comes a new identity', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  const identities = interceptAnswers(
    t, 'InitProducerId', (answer, count) => count === 1 ? { ...answer, producerEpoch: 32767 } : answer
  )
  interceptAnswers(t, 'Produce', (answer, count) => {
    if (count === 1) return new Promise(() => {})
    return answer
  })

  t.match(
    await failure(producer.send([record(topic, 0, 'a')], inSeconds(0.5))), { outcome: 'unknown', reason: 'timeout' }
  )
  t.same(await producer.send([record(topic, 0, 'b')], inSeconds(10)), [1n])
  t.equal(identities.count, 2)
})

t.test('an answer that comes after the deadline changes nothing', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  let answered = (): void => {}
  const late = new Promise<void>((resolve) => { answered = resolve })
  interceptAnswers(t, 'Produce', async (answer, count) => {
    if (count === 1) await late
    return answer
  })

  t.match(
    await failure(producer.send([record(topic, 0, 'b')], inSeconds(0.5))), { outcome: 'unknown', reason: 'timeout' }
  )
  const next = producer.send([record(topic, 0, 'c')], inSeconds(10))
  answered()
  t.same(await next, [2n])
  t.same(await producer.send([record(topic, 0, 'd')], inSeconds(10)), [3n])
  t.same(await values(topic), ['0:a', '0:b', '0:c', '0:d'])
})

t.test('too few replicas may be no answer, or one that comes when the records are in the log', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const notEnoughReplicas = 19
  for (const [errorCode, outcome] of [[notEnoughReplicas, 'not-sent'], [notEnoughReplicas + 1, 'unknown']] as const) {
    const producer = openProducer(t)
    const { restore } = t.capture(Node.prototype, 'request', Node.prototype.request)
    interceptAnswers(t, 'Produce', (answer) => {
      answer.topics[0].partitions[0].errorCode = errorCode
      return answer
    })
    t.match(await failure(producer.send([record(topic, 0, 'a')], inSeconds(0.5))), { outcome, reason: 'timeout' })
    restore()
  }
})

t.test('what was given up as not sent while a node was being reached is not sent when it is', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  let reach = (): void => {}
  const reached = new Promise<void>((resolve) => { reach = resolve })
  const requests = interceptAnswers(t, 'Produce', (answer) => answer)
  const slow = t.intercept(Node.prototype, 'connect', { configurable: true, writable: true, value: () => reached })

  t.match(
    await failure(producer.send([record(topic, 0, 'b')], inSeconds(0.5))), { outcome: 'not-sent', reason: 'timeout' }
  )
  // The connection that was there is cut by now.
  await wait(0)
  reach()
  await wait(0)
  slow.restore()
  t.same(await producer.send([record(topic, 0, 'c')], inSeconds(10)), [1n])
  t.same(await values(topic), ['0:a', '0:c'], 'under the same number, the second one would be taken for the first')
  t.equal(requests.count, 1)
})

t.test('a send that never reached a node is certainly not in the log', async (t) => {
  const producer = openProducer(t, { brokers: ['127.0.0.1:1'] })
  t.match(await failure(producer.send([record('orders', 0, 'a')], inSeconds(0.5))), {
    outcome: 'not-sent', reason: 'timeout', message: /ECONNREFUSED/
  })
})

t.test('close ends a send in flight, and none is taken afterwards', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const producer = openProducer(t)
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  const sent = new Promise<void>((resolve) => {
    interceptAnswers(t, 'Produce', () => {
      resolve()
      return new Promise(() => {})
    })
  })

  const inFlight = failure(producer.send([record(topic, 0, 'b')], inSeconds(10)))
  await sent
  await Promise.all([producer.close(), producer.close()])
  t.match(await inFlight, { outcome: 'unknown', reason: 'closed' })
  t.match(
    await failure(producer.send([record(topic, 0, 'c')], inSeconds(10))), { outcome: 'not-sent', reason: 'closed' }
  )
})

t.test('the partition count is cached after the first request, and added partitions are noticed', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const producer = openProducer(t)

  const looks = [producer.partitionCount(topic), producer.partitionCount(topic)]
  t.equal(looks[0], looks[1], 'one look for both')
  t.equal(await looks[0], 2)
  t.equal(producer.partitionCount(topic), 2)

  await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 5 }] }))
  const grown = Date.now()
  await until(async () => producer.partitionCount(topic) === 5)
  t.ok(Date.now() - grown < 10_000)
  t.same(await producer.send([record(topic, 4, 'a')], inSeconds(10)), [0n])
})

t.test('a topic that the cluster does not have is an error, is not created, and is found once it exists', async (t) => {
  const topic = uniqueName('late')
  const producer = openProducer(t)

  await t.rejects(async () => producer.partitionCount(topic), {
    code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC', message: new RegExp(topic)
  })
  t.notOk((await withAdmin((admin) => admin.listTopics())).includes(topic))

  const look = producer.partitionCount(topic)
  await withAdmin((admin) => admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: false }))
  t.equal(await look, 4)
})

t.test('a topic that may not be seen, and a cluster that does not answer, are other errors', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  interceptAnswers(t, 'Metadata', (answer) => {
    answer.topics[0] = { ...answer.topics[0], errorCode: 29, partitions: [] }
    return answer
  })
  await t.rejects(async () => openProducer(t).partitionCount(topic), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Write on topic/
  })

  const unreachable = openProducer(t, { brokers: ['127.0.0.1:1'], connectTimeout: 300 })
  await t.rejects(async () => unreachable.partitionCount(topic), {
    code: 'FASTSTREAM_ERR_CONNECT', message: /127\.0\.0\.1:1 .*ECONNREFUSED/
  })
})

t.test('news of new partitions that cannot be had leaves what is known', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const producer = openProducer(t)
  await producer.partitionCount(topic)
  const lost = interceptAnswers(t, 'Metadata', () => { throw new Error('connection lost') })

  t.equal(producer.partitionCount(topic), 2)
  await until(async () => lost.count > 0)
  await wait(0)
  t.equal(producer.partitionCount(topic), 2)
})

t.test('a time limit beyond what a timer can hold is a long one', async (t) => {
  const operation = new Operation(1e12, systemEnvironment)
  t.equal(await operation.run(async () => 'done'), 'done')
  t.notOk(operation.signal.aborted)
})

async function values (topic: string): Promise<string[]> {
  return (await readLog(topic)).map(({ partition, value }) => `${partition}:${value}`)
}
