import t from 'tap'
import { SendError } from '../../../lib/transport/transport.js'
import { until } from '../../support/consumer-recorder.js'
import { record, build, send } from '../../support/memory-transport.js'

t.test('records get the offsets of their partitions, in the order given', async (t) => {
  const { producer } = await build(t)
  t.same(
    await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'), record('orders', 0, 'c')), [0n, 0n, 1n]
  )
  t.same(await send(producer, record('orders', 0, 'd'), record('orders', 1, 'e')), [2n, 1n])
})

t.test('sends arrive in the order of their calls', async (t) => {
  const { cluster, producer } = await build(t)
  await Promise.all(['a', 'b', 'c', 'd'].map((value) => send(producer, record('orders', 0, value))))
  t.same(cluster.records('orders').map(({ value }) => String(value)), ['a', 'b', 'c', 'd'])
})

t.test('the partition count is there at once, also when it has grown', async (t) => {
  const { cluster, producer } = await build(t)
  t.equal(producer.partitionCount('orders'), 2)
  cluster.createPartitions('orders', 5)
  t.equal(producer.partitionCount('orders'), 5)
  cluster.createPartitions('orders', 3)
  t.equal(producer.partitionCount('orders'), 5, 'never shrinks')
})

t.test('an unknown topic is an error, nothing creates it', async (t) => {
  const { cluster, transport, producer } = await build(t)
  await t.rejects(async () => producer.partitionCount('nope'), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  await t.rejects(send(producer, record('nope', 0, 'a')), { name: 'SendError', reason: 'refused', outcome: 'not-sent' })
  cluster.createPartitions('nope', 3)
  t.same(await transport.describeTopics(['nope']), new Map())
  t.same(cluster.records('nope'), [])
})

t.test('the records of one partition are stored or refused as a whole, apart from other partitions', async (t) => {
  const { cluster, producer } = await build(t)
  const tooLarge = Buffer.alloc(1024 * 1024)
  for (const bad of [
    record('orders', 2, 'x'), record('orders', -1, 'x'), record('nope', 0, 'x'), record('orders', 0, tooLarge)
  ]) {
    const err = await send(producer, bad, record('orders', 1, 'good'), {
      ...bad, value: Buffer.from('beside it')
    }).catch((err) => err)
    t.ok(err instanceof SendError)
    t.match(err, { reason: bad.value?.length === tooLarge.length ? 'too-large' : 'refused', outcome: 'not-sent' })
    t.same(err.offsets, [undefined, cluster.partition('orders', 1)!.end - 1n, undefined])
  }
  t.same(
    cluster.records('orders').map(({ partition, value }) => [partition, String(value)]),
    Array.from({ length: 4 }, () => [1, 'good'])
  )
  t.same(
    await send(producer, record('orders', 0, Buffer.alloc(1024 * 1024 - 100))),
    [0n],
    'a little less than 1 MiB is taken'
  )
})

t.test('records of a partition that are too large together are refused as a whole', async (t) => {
  const { cluster, producer } = await build(t)
  const half = Buffer.alloc(600_000)
  await t.rejects(send(producer, record('orders', 0, half), record('orders', 0, half)), {
    offsets: [undefined, undefined], message: /^1200144 bytes for partition 0 of 'orders', the cluster takes 1048588$/
  })
  t.same(await send(producer, record('orders', 0, half), record('orders', 1, half)), [0n, 0n])
  t.equal(cluster.records('orders').length, 2)
})

t.test('key, value and headers all count for the size of a record', async (t) => {
  const { producer } = await build(t)
  const third = Buffer.alloc(400_000)
  const big = record('orders', 0, third, { key: third, headers: [['h', third]] })
  await t.rejects(send(producer, big), { name: 'SendError', reason: 'too-large' })
})

t.test('a closed producer sends nothing, not even what was under way', async (t) => {
  const { cluster, producer } = await build(t)
  const underWay = send(producer, record('orders', 0, 'a'))
  await producer.close()
  await producer.close()
  await t.rejects(underWay, { name: 'SendError', reason: 'closed', outcome: 'not-sent' })
  await t.rejects(send(producer, record('orders', 0, 'b')), {
    name: 'SendError', reason: 'closed', outcome: 'not-sent'
  })
  t.same(cluster.records('orders'), [])
})

t.test('null, empty and binary bytes arrive as they were sent', async (t) => {
  const { producer, join } = await build(t)
  const binary = Buffer.from([0, 255, 254, 10])
  const sent = [
    record('orders', 0, null),
    record('orders', 0, '', { key: Buffer.alloc(0), timestamp: 1_700_000_000_000 }),
    record('orders', 0, binary, {
      key: binary, headers: [['a', Buffer.from('1')], ['__proto__', null], ['a', binary], ['', Buffer.alloc(0)]]
    })
  ]
  await send(producer, ...sent)
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.deliveries.length > 0)
  t.same(listener.deliveries[0]?.records.map(({ key, value, headers, timestamp }) => ({
    key, value, headers, timestamp
  })),
  sent.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })))
  t.same(listener.deliveries[0]?.records.map(({ size }) => size > 0 && size < 200), [true, true, true])
})

t.test('a Buffer that a publisher or a consumer changes does not change the log', async (t) => {
  const { cluster, producer, join } = await build(t)
  const bytes = { key: Buffer.from('key'), value: Buffer.from('value'), header: Buffer.from('header') }
  const sending = send(producer, record('orders', 0, bytes.value, { key: bytes.key, headers: [['h', bytes.header]] }))
  for (const buffer of Object.values(bytes)) buffer.fill('!')
  await sending

  for (const groupId of ['first', 'second']) {
    const { listener, consumer } = join(['orders'], groupId)
    await consumer.start()
    await until(() => listener.deliveries.length > 0)
    const [read] = listener.deliveries[0]?.records ?? []
    t.match(
      [read, ...cluster.records('orders')].map((r) => [r?.key, r?.value, r?.headers[0]?.[1]].join()),
      ['key,value,header', 'key,value,header']
    )
    for (const buffer of [read?.key, read?.value, read?.headers[0]?.[1]]) buffer?.fill('!')
  }
})

t.test('a record that was read may be sent as it is, and is a copy in the log', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, record('orders', 0, 'value'))
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.deliveries.length > 0)
  const read = listener.deliveries[0]!.records[0]!
  t.same(await producer.send([Object.assign(read, { topic: 'orders', partition: 0 })], Infinity), [1n])
  read.value?.fill('!')
  t.equal(read.offset, 0n)
  t.same(cluster.records('orders').map(({ offset, value }) => `${offset} ${value}`), ['0 value', '1 value'])
})

t.test('a topic can be read back in the order of its appends', async (t) => {
  const { cluster, producer } = await build(t)
  await send(producer, record('orders', 1, 'a'), record('orders', 0, 'b'))
  await send(producer, record('orders', 1, 'c', { key: Buffer.from('k') }))
  t.match(cluster.records('orders'), [
    { partition: 1, offset: 0n, value: Buffer.from('a'), key: null },
    { partition: 0, offset: 0n, value: Buffer.from('b') },
    { partition: 1, offset: 1n, value: Buffer.from('c'), key: Buffer.from('k'), timestamp: 1, headers: [] }
  ])
})
