import t, { type Test } from 'tap'
import { systemClock } from '../../lib/clock.js'
import { removeFromCluster } from '../../lib/transport/kafkajs/index.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import type { Producer } from '../../lib/produce/producer.js'
import { Faults } from '../../lib/testing/faults.js'
import { kafkaTestCluster } from '../../lib/testing/test-cluster.js'
import { Isolation, isolatedTransport } from '../../lib/testing/isolated-transport.js'
import { Readers } from '../../lib/testing/readers.js'
import { Recorder } from '../../lib/testing/recorder.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerListener, Transport } from '../../lib/transport/transport.js'
import { logLines } from '../support/log-lines.js'
import { useEnvironment } from '../support/environment.js'
import { buildShop } from '../support/shop.js'
import { eventually } from '../conformance/eventually.js'

const cluster = createMemoryCluster()

async function isolatedShop (t: Test, isolation: Isolation) {
  const shop = await buildShop(t)
  const transport = createMemoryTransport({ cluster })
  useEnvironment(shop.app, { createTransport: async () => isolatedTransport(transport, isolation) })
  await shop.app.ready()
  return shop
}

t.test('two runs on one cluster do not meet, and know their own names', async (t) => {
  const isolations = [new Isolation('one.'), new Isolation('two.')] as const
  const [one] = [await isolatedShop(t, isolations[0]), await isolatedShop(t, isolations[1])]
  await one.orders.publish({ id: '1', total: 9 })
  await eventually(async () => cluster.records('one.invoices').length === 1)
  t.equal(cluster.records('two.orders').length, 0)
  t.same([...isolations[0].topics].sort(), ['one.invoices', 'one.orders', 'one.orders.dlq'])
  t.same([...isolations[0].groups], ['one.shop'])
  t.match(one.app.broker.health(), { healthy: true, subscribers: [{ topics: ['orders'], missingTopics: [] }] })
})

/** A transport that tells how it was called, and the listener that its consumer got. */
function spied () {
  const calls: unknown[] = []
  const listeners: ConsumerListener[] = []
  const call = (...name: unknown[]) => (...args: unknown[]): never => {
    calls.push([...name, ...args])
    return undefined as never
  }
  const transport: Transport = {
    name: 'own',
    clusterId: () => 'id',
    connect: call('connect'),
    ping: call('ping'),
    checkRights: call('rights'),
    describeTopics: async (topics) => new Map([...topics.map((topic) => [topic, 1] as const), ['foreign', 2]]),
    createTopics: call('create'),
    producer: () => ({ partitionCount: call('count'), send: call('send'), close: call('close of producer') }),
    consumer: (options, listener) => {
      calls.push(['consumer', options])
      listeners.push(listener)
      return {
        start: call('start'),
        subscribe: call('subscribe'),
        offsets: async () => ['run.a', 'foreign'].map((topic) => ({ topic, partition: 0, offset: 3n })),
        pause: call('pause'),
        resume: call('resume'),
        seek: call('seek'),
        progress: () => ({ position: 1n, end: 2n }),
        missing: () => ['run.orders', 'foreign'],
        lastContact: 7,
        unreached: undefined,
        commit: call('commit'),
        stop: call('stop'),
        close: call('close of consumer')
      }
    },
    close: call('close')
  }
  return { calls, listeners, transport: isolatedTransport(transport, new Isolation('run.')) }
}

t.test('every name is another one on the cluster', async (t) => {
  const { calls, listeners, transport } = spied()
  const heard: unknown[] = []
  const hear = (name: string) => (...args: unknown[]): never => {
    heard.push([name, ...args])
    return undefined as never
  }
  t.equal(transport.clusterId?.(), 'id')
  await transport.connect(1)
  transport.ping?.(2)
  transport.checkRights?.({ read: ['a'], write: ['b'], groups: ['g'] })
  t.same(await transport.describeTopics(['a']), new Map([['a', 1], ['foreign', 2]]))
  transport.createTopics([{ topic: 'a', partitions: 1, replicas: 1 }])
  const producer = transport.producer()
  producer.partitionCount('a')
  producer.send([{ topic: 'a' } as never], 5)
  producer.close()
  const consumer = transport.consumer(
    {
      groupId: null,
      topics: (topic: string) => topic === 'a',
      positions: [{ topic: 'a', partition: 0, offset: 3n }]
    } as never,
    {
      assigned: hear('assigned'),
      revoking: hear('revoking'),
      lost: hear('lost'),
      records: hear('records'),
      stored: hear('stored'),
      corrupt: hear('corrupt'),
      reset: hear('reset'),
      failed: hear('failed')
    })
  consumer.start()
  const at = { topic: 'a', partition: 0, offset: 3n }
  consumer.subscribe(['b'])
  consumer.subscribe(['b'], [at])
  t.same(await consumer.offsets('end'), [at, { ...at, topic: 'foreign' }])
  for (const name of ['pause', 'resume', 'seek'] as const) consumer[name](at)
  t.match(consumer.progress(at), { position: 1n })
  t.same([consumer.missing(), consumer.lastContact, consumer.unreached], [['orders', 'foreign'], 7, undefined])
  consumer.commit([at])
  consumer.stop()
  consumer.close()
  transport.close()
  const there = { topic: 'run.a', partition: 0, offset: 3n }
  const { topics } = (calls.find((call) => Array.isArray(call) && call[0] === 'consumer') as [string, {
    topics: ReadonlyArray<(name: string) => boolean>
  }])[1]
  t.same(['run.a', 'run.b', 'a'].map((name) => topics[0]?.(name)), [true, false, false])
  t.match(calls, [
    ['connect', 1], ['ping', 2], ['rights', { read: ['run.a'], write: ['run.b'], groups: ['run.g'] }],
    ['create', [{ topic: 'run.a' }]], ['count', 'run.a'], ['send', [{ topic: 'run.a' }], 5], ['close of producer'],
    ['consumer', { groupId: null, positions: [there] }], ['start'], ['subscribe', ['run.b'], undefined],
    ['subscribe', ['run.b'], [there]],
    ['pause', there], ['resume', there], ['seek', there], ['commit', [there]], ['stop'], ['close of consumer'],
    ['close']
  ])
  const [listener] = listeners as [ConsumerListener]
  listener.assigned([{ topic: 'run.a', partition: 0 }])
  listener.revoking()
  listener.lost()
  listener.records('run.a', 0, [], 1n)
  listener.stored('run.a', 0, 1n, '')
  listener.corrupt('foreign', 0, {} as never)
  listener.reset('run.a', 0, {} as never)
  listener.failed(new Error('no'), true)
  t.match(heard, [
    ['assigned', [{ topic: 'a' }]], ['revoking'], ['lost'], ['records', 'a', 0], ['stored', 'a'],
    ['corrupt', 'foreign'], ['reset', 'a'], ['failed', { message: 'no' }, true]
  ])
})

t.test('what a test has left is removed, and nothing else', async (t) => {
  const calls: unknown[] = []
  const admin = (topics: string[], groups: string[]) => async () => ({
    connect: async () => { calls.push('connect') },
    listTopics: async () => topics,
    deleteTopics: async (deleted: object) => { calls.push(deleted) },
    listGroups: async () => ({ groups: groups.map((groupId) => ({ groupId })) }),
    deleteGroups: async (deleted: string[]) => { calls.push(deleted) },
    disconnect: async () => { calls.push('disconnect') }
  })
  const left = { topics: new Set(['run.a', 'run.b']), groups: new Set(['run.g']) }
  const connection = { brokers: ['localhost:1'], clientId: 'test' }
  await removeFromCluster(connection, left, admin(['run.a', 'mine'], ['run.g', 'mine']))
  await removeFromCluster(connection, left, admin(['mine'], []))
  t.same(calls, ['connect', { topics: ['run.a'] }, ['run.g'], 'disconnect', 'connect', 'disconnect'])
})

t.test('a test on a real Kafka needs brokers, and its clock is that of the system', async (t) => {
  const { app } = await buildShop(t)
  await t.rejects(testBroker(app, { transport: 'kafkajs' }), {
    code: 'FASTSTREAM_ERR_TEST_BROKER', message: /set FASTSTREAM_TEST_BROKERS/
  })
  const { app: other } = await buildShop(t)
  await t.rejects(testBroker(other, { transport: 'kafkajs', clock: 'manual' }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'clock' must be/
  })
  await t.rejects(testBroker(other, { brokers: '127.0.0.1:1', clock: 'manual' }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'clock' must be 'system' on a real Kafka/
  }, 'the option brokers chooses the transport')
  await t.rejects(testBroker(other, { brokers: '127.0.0.1:1', transport: 'memory' }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'brokers' must be left out with transport 'memory'/
  })
  await t.rejects(testBroker(other, { brokers: ['nowhere'] }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'brokers' must be a list of addresses/
  })
  process.env.FASTSTREAM_TEST_BROKERS = '127.0.0.1:1'
  t.teardown(() => { delete process.env.FASTSTREAM_TEST_BROKERS })
  await t.rejects(testBroker(other, { clock: 'manual' }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'clock' must be 'system' on a real Kafka/
  }, 'the environment chooses the transport')
  await t.rejects(testBroker(other, { transport: 'pulsar' as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('a real cluster says what is not settled, and a clean-up that fails is seen', async (t) => {
  const { app } = await buildShop(t)
  // Nothing listens there.
  const cluster = kafkaTestCluster(new Recorder(), new Faults(systemClock), ['127.0.0.1:1'])
  cluster.onChange(() => {})()
  await cluster.settled([], new Readers([]), 1)
  await t.rejects(cluster.settled([{ pending: 1 } as Producer], new Readers([]), 1), {
    code: 'FASTSTREAM_ERR_NOT_SETTLED', message: /waits for/
  })
  await cluster.close()
  await app.ready()
  const [broker] = brokersOf(app).byName.values()
  t.equal((await cluster.transportsOf(app)(broker!.settings, logLines())).name, 'kafkajs')
  await t.rejects(cluster.close(), { message: /ECONNREFUSED/ })
  const sasl = { mechanism: 'scram-sha-256', username: 'a', password: 'b' } as const
  const nowhere = { brokers: ['127.0.0.1:1'], clientId: 'test', ssl: true, sasl }
  await t.rejects(removeFromCluster(nowhere, { topics: new Set(), groups: new Set() }), { message: /ECONNREFUSED/ })
})
