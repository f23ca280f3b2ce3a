import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { promisify } from 'node:util'
import type { LogEntry } from 'kafkajs'
import type { Test } from 'tap'
import t from 'tap'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { createLogCreator } from '../../lib/transport/kafkajs/log.js'
import type { Transport, TransportLog, TransportOptions } from '../../lib/transport/transport.js'
import { failure, inSeconds, record, transportOptions } from './client.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { createTopic, uniqueName } from './fixture.js'
import { idleListener } from '../support/idle-listener.js'

const group = { offsetReset: 'earliest', rebalanceTimeout: 6000, sessionTimeout: 6000 } as const

t.test('connect reaches the cluster, and may be called again', async (t) => {
  const transport = openTransport(t)
  await transport.connect()
  await transport.connect()
  t.equal(transport.name, 'kafkajs')
})

t.test('one broker of the list is enough', async (t) => {
  const [alive] = transportOptions().brokers
  await openTransport(t, { brokers: ['127.0.0.1:1', alive!, 'localhost:2'] }).connect()
})

t.test('when no broker is there, connect rejects in time and names them all', async (t) => {
  const transport = openTransport(t, { brokers: ['127.0.0.1:1', '[::1]:2'], connectTimeout: 500 })
  const started = Date.now()
  await t.rejects(transport.connect(), {
    code: 'FASTSTREAM_ERR_CONNECT', message: /at 127\.0\.0\.1:1, \[::1\]:2 .*ECONNREFUSED/
  })
  t.ok(Date.now() - started < 1000)
})

t.test('a port that accepts and never answers does not block the connect', async (t) => {
  const silence = await listen(t)
  const transport = openTransport(t, { brokers: [silence], connectTimeout: 500 })
  await t.rejects(transport.connect(), { code: 'FASTSTREAM_ERR_CONNECT', message: new RegExp(silence) })

  const patient = openTransport(t, { brokers: [silence] })
  const connecting = patient.connect()
  const started = Date.now()
  await Promise.all([
    t.rejects(connecting, { code: 'FASTSTREAM_ERR_CONNECT', message: /it was closed/ }), patient.close()
  ])
  t.ok(Date.now() - started < 500)
})

t.test('what would be refused again is not tried again: sasl where there is none', async (t) => {
  const password = 'correct horse'
  const lines: unknown[] = []
  const collect = (details: object, message: string): void => { lines.push(details, message) }
  const log: TransportLog = { debug: collect, info: collect, warn: collect, error: collect }
  const transport = openTransport(t, { sasl: { mechanism: 'plain', username: 'u', password }, log })
  const started = Date.now()
  await t.rejects(transport.connect(), { code: 'FASTSTREAM_ERR_SASL', message: /takes no credentials on this port/ })
  t.ok(Date.now() - started < 2000)
  t.ok(lines.length > 0)
  t.notMatch(JSON.stringify(lines), password)
})

t.test('tls is spoken when it is asked for', async (t) => {
  const firstByte = new Promise<number>((resolve) => {
    listen(t, (bytes) => resolve(bytes[0]!)).then(
      (address) => openTransport(t, { brokers: [address], ssl: true, connectTimeout: 500 }).connect()
    ).catch(() => {})
  })
  const handshake = 0x16
  t.equal(await firstByte, handshake)
})

t.test('after close nothing is done any more, and closing again is fine', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const transport = openTransport(t)
  const producer = transport.producer()
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  await Promise.all([transport.close(), transport.close()])
  await transport.close()

  t.match(
    await failure(producer.send([record(topic, 0, 'b')], inSeconds(10))), { reason: 'closed', outcome: 'not-sent' }
  )
  await t.rejects(transport.connect(), { code: 'FASTSTREAM_ERR_CONNECT' })
})

t.test('close takes about two seconds at most, also when the cluster is frozen', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const topic = await createTopic({ partitions: 1 }, cluster.brokers)
  const transport = openTransport(t, { brokers: cluster.brokers })
  const producer = transport.producer()
  await producer.send([record(topic, 0, 'a')], inSeconds(10))
  await transport.consumer({ groupId: uniqueName('group'), topics: [topic], ...group }, idleListener).start()
  cluster.freeze(0)
  const inFlight = failure(producer.send([record(topic, 0, 'b')], inSeconds(10)))

  const started = Date.now()
  await transport.close()
  t.ok(Date.now() - started < 3000)
  t.match(await inFlight, { reason: 'closed' })
})

t.test('a process that has closed its transport ends by itself and has written nothing', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const options = { ...transportOptions(), log: undefined }
  const program = `
    import { createKafkajsTransport } from './lib/transport/kafkajs/index.js'
    const log = { debug () {}, info () {}, warn () {}, error () {} }
    const transport = createKafkajsTransport({ ...${JSON.stringify(options)}, log })
    await transport.connect()
    const record = { topic: '${topic}', partition: 0, key: null, value: null, headers: [], timestamp: 0 }
    await transport.producer().send([record], performance.now() + 5000)
    await transport.close()
    const unreachable = createKafkajsTransport({ ...${JSON.stringify({
      ...options, brokers: ['127.0.0.1:1'], connectTimeout: 300
    })}, log })
    await unreachable.connect().catch((error) => console.log(error.code))
    await unreachable.close()
    console.log('closed')
  `
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [
    ...process.execArgv, '--input-type=module', '--eval', program
  ], {
    timeout: 20_000
  })
  t.equal(stdout, 'FASTSTREAM_ERR_CONNECT\nclosed\n')
  t.equal(stderr, '')
})

t.test('what KafkaJS logs comes in the app\'s words, at the level that it deserves', async (t) => {
  const lines: Array<[level: string, details: object, message: string]> = []
  const at = (level: string) => (details: object, message: string): void => { lines.push([level, details, message]) }
  const write = createLogCreator({ debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') })(0)
  const entry = (namespace: string, label: string, message: string, extra: object = {}): LogEntry =>
    ({ namespace, label, level: 0, log: { timestamp: '', logger: 'kafkajs', message, ...extra } })

  write(entry('BrokerPool', 'ERROR', 'Failed to connect to broker, reconnecting', {
    retryCount: 1, payload: 'bytes', data: 'bytes', stack: 'at'
  }))
  write(entry('Producer', 'WARN', 'Limiting retries'))
  write(entry('Consumer', 'INFO', '[Consumer] Starting'))
  write(entry('Connection', 'ERROR', 'Connection error: ECONNREFUSED', { broker: 'localhost:1' }))
  write(entry('Runner', 'ERROR', 'Response Heartbeat', { error: 'The group is rebalancing, so a rejoin is needed' }))

  t.strictSame(lines, [
    ['warn', { client: 'kafkajs BrokerPool', retryCount: 1 }, 'failed to connect to broker, reconnecting'],
    ['info', { client: 'kafkajs Producer' }, 'limiting retries'],
    ['debug', { client: 'kafkajs Consumer' }, 'starting'],
    ['debug', { client: 'kafkajs Connection', broker: 'localhost:1' }, 'connection error: ECONNREFUSED'],
    [
      'debug',
      { client: 'kafkajs Runner', error: 'The group is rebalancing, so a rejoin is needed' },
      'response Heartbeat'
    ]
  ])
})

function openTransport (t: Test, changes: Partial<TransportOptions> = {}): Transport {
  const transport = createKafkajsTransport(transportOptions(changes))
  t.teardown(() => transport.close())
  return transport
}

/** A server that takes connections and never answers. */
async function listen (t: Test, onData = (_bytes: Buffer): void => {}): Promise<string> {
  const server = createServer((socket) => {
    socket.on('data', onData).on('error', () => {})
    t.teardown(() => socket.destroy())
  }).listen(0, '127.0.0.1')
  t.teardown(() => server.close())
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}
