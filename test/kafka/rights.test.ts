import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import { createRequire } from 'node:module'
import { type AclEntry, Kafka, logLevel } from 'kafkajs'
import type { FaststreamOptions } from '../../index.js'
import faststreamPlugin from '../../index.js'
import { CLIENT_NAME } from '../../tools/kafka/certificates.js'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { addAcls, removeAcls } from './acls.js'
import { transportOptions } from './client.js'
import { createTopic, readLog, uniqueName, until, withAdmin } from './fixture.js'

// Node does not find these names among the exports of the CommonJS module.
const require = createRequire(import.meta.url)
const {
  AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes
} = require('kafkajs') as typeof import('kafkajs')

/* On a cluster that gives its users no right but those that a test adds. What prepares a test may do everything. */

const USER = { username: 'shop', password: 'shop-secret' }
const PRINCIPAL = `User:${USER.username}`
const cluster = await startCluster({ nodes: 1, users: [USER] })
t.teardown(() => cluster.stop())
const { saslPlaintext, saslSsl, ssl, ca, client } = cluster.security!

// The first client waits for what this process and the broker load then.
for (const listener of [{ brokers: saslPlaintext }, { brokers: saslSsl, ssl: { ca } }]) {
  const sasl = { mechanism: 'plain', ...USER } as const
  await until(async () => {
    const transport = createKafkajsTransport(transportOptions({ ...listener, sasl }))
    await transport.connect().finally(() => transport.close())
    return true
  }, 60_000)
}

type Operation = keyof typeof AclOperationTypes
type Grant = readonly ['topic' | 'group' | 'cluster', name: string, ...operations: readonly Operation[]]

const RESOURCES = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP, cluster: AclResourceTypes.CLUSTER }

function entriesOf (grants: readonly Grant[], principal = PRINCIPAL): AclEntry[] {
  return grants.flatMap(([resource, name, ...operations]) => operations.map((operation) => ({
    resourceType: RESOURCES[resource],
    resourceName: name,
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal,
    host: '*',
    operation: AclOperationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW
  })))
}

async function grant (t: Test, ...grants: readonly Grant[]): Promise<void> {
  t.teardown(() => revoke(...grants))
  await addAcls(entriesOf(grants), cluster.brokers)
}

async function revoke (...grants: readonly Grant[]): Promise<void> {
  await removeAcls(entriesOf(grants), cluster.brokers)
}

interface Names {
  readonly orders: string
  readonly letters: string
  readonly invoices: string
  readonly groupId: string
}

/** Topics that exist, and a group that does not. */
async function names (): Promise<Names> {
  const make = (prefix: string) => createTopic({ partitions: 1, prefix }, cluster.brokers)
  const orders = await make('orders')
  const [letters, invoices] = [`${orders}.dlq`, await make('invoices')]
  await withAdmin(
    (admin) => admin.createTopics({ topics: [{ topic: letters }], waitForLeaders: false }), cluster.brokers
  )
  return { orders, letters, invoices, groupId: uniqueName('group') }
}

/** All that an app needs which reads orders and publishes invoices. */
function least ({ orders, letters, invoices, groupId }: Names): Grant[] {
  return [
    ['topic', orders, 'READ'], ['topic', letters, 'WRITE'], ['topic', invoices, 'WRITE'], ['group', groupId, 'READ']
  ]
}

interface Shop {
  readonly app: FastifyInstance
  readonly inbox: Inbox<unknown>
  readonly lines: Array<Record<string, unknown>>
}

async function shop (
  t: Test, { orders, invoices, groupId }: Names, options: Partial<FaststreamOptions> = {},
  handle = (value: unknown): unknown => value
): Promise<Shop> {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  const sasl = { mechanism: 'scram-sha-256', ...USER } as const
  // A member that has lost the right to its group cannot leave it: its session has to end.
  const quick = { commit: { interval: 50 }, sessionTimeout: 6000 }
  await app.register(faststreamPlugin, { brokers: saslPlaintext, sasl, groupId, ...quick, ...options })
  const inbox = new Inbox<unknown>()
  const publish = app.broker.publisher(invoices)
  app.broker.subscriber(orders, { publish }, (value) => {
    inbox.add(value)
    return handle(value) as never
  })
  return { app, inbox, lines }
}

/** Rejects in time, with all rights that are missing. */
async function refused (t: Test, app: FastifyInstance, message: RegExp): Promise<void> {
  const began = performance.now()
  const error = await app.ready().then(() => undefined, (error: Error) => error)
  t.match(error, { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message })
  t.ok(performance.now() - began < 5000, `${performance.now() - began} ms`)
}

async function stopped (app: FastifyInstance): Promise<void> {
  await until(async () => app.broker.health().subscribers[0]?.state === 'stopped')
}

t.test('each listener takes the clients that it is for, and gives them their names', async (t) => {
  const sasl = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512') => ({ mechanism, ...USER })
  const claims = [{ alg: 'none' }, { sub: USER.username, iat: 0, exp: 2 ** 31 - 1 }]
  const token = `${claims.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')}.`
  const oauthbearer = { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: token }) } as const
  const clients: Array<[name: string, options: Partial<FaststreamOptions>, principal: string]> = [
    ['PLAIN', { brokers: saslPlaintext, sasl: sasl('plain') }, PRINCIPAL],
    ['SCRAM', { brokers: saslPlaintext, sasl: sasl('scram-sha-256') }, PRINCIPAL],
    ['PLAIN in TLS', { brokers: saslSsl, ssl: { ca }, sasl: sasl('plain') }, PRINCIPAL],
    ['SCRAM in TLS', { brokers: saslSsl, ssl: { ca }, sasl: sasl('scram-sha-512') }, PRINCIPAL],
    ['OAUTHBEARER in TLS', { brokers: saslSsl, ssl: { ca }, sasl: oauthbearer }, PRINCIPAL],
    ['a certificate', { brokers: ssl, ssl: { ca, ...client } }, `User:CN=${CLIENT_NAME}`]
  ]
  for (const [name, options, principal] of clients) {
    const topic = await createTopic({ partitions: 1 }, cluster.brokers)
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { groupId: null, ...options })
    app.broker.publisher(topic)
    const ready = await app.ready().then(() => 'ready', (error: { code?: string }) => error.code)
    t.equal(ready, 'FASTSTREAM_ERR_NOT_AUTHORIZED', `${name}: known, and without rights`)
    await app.close()

    const rights = entriesOf([['topic', topic, 'WRITE']], principal)
    await addAcls(rights, cluster.brokers)
    const allowed = Fastify()
    t.teardown(() => allowed.close())
    await allowed.register(faststreamPlugin, { groupId: null, ...options })
    allowed.broker.publisher(topic)
    await allowed.ready()
    t.match(await allowed.broker.publish(topic, name), { topic, offset: 0n }, name)
    await allowed.close()
    await removeAcls(rights, cluster.brokers)
  }
})

t.test('an app that has the least rights reads and publishes', async (t) => {
  const all = await names()
  await grant(t, ...least(all))
  for (const options of [
    { brokers: saslPlaintext, sasl: { mechanism: 'plain', ...USER } },
    { brokers: saslSsl, ssl: { ca }, sasl: { mechanism: 'scram-sha-512', ...USER } }
  ] as const) {
    const { app, inbox } = await shop(t, all, options)
    await app.ready()
    await produce(all.orders, 'one')
    await inbox.count(1)
    await until(async () => app.broker.health().subscribers[0]?.lag === 0)
    t.ok(app.broker.health().healthy)
    await app.close()
  }
  t.equal((await readLog(all.invoices, cluster.brokers)).length, 2)
})

t.test('without any right ready() fails at once and names all of them, and the user', async (t) => {
  const { orders, letters, invoices, groupId } = await names()
  const { app } = await shop(t, { orders, letters, invoices, groupId })
  await refused(t, app, new RegExp(
    `Read on group '${groupId}', Read on topic '${orders}', Write on topic '${invoices}', ` +
      `Write on topic '${letters}' to ${PRINCIPAL}:`))
})

t.test('each right that is missing at start is named', async (t) => {
  const all = await names()
  const grants = least(all)
  for (const missing of grants) {
    await grant(t, ...grants.filter((each) => each !== missing))
    const [resource, name, operation] = missing
    const { app } = await shop(t, all)
    await refused(
      t, app, new RegExp(`refuses ${operation === 'READ' ? 'Read' : 'Write'} on ${resource} '${name}' to ${PRINCIPAL}:`)
    )
    await app.close()
    await revoke(...grants)
  }
})

t.test('the right to create a topic is named, and is enough', async (t) => {
  const orders = uniqueName('orders')
  const missing = { orders, letters: `${orders}.dlq`, invoices: uniqueName('invoices'), groupId: uniqueName('group') }
  await grant(t, ...least(missing))
  const { app } = await shop(t, missing)
  await refused(t, app, new RegExp(
    `Create on topic '${missing.invoices}', Create on topic '${orders}', ` +
      `Create on topic '${missing.letters}' to ${PRINCIPAL}:`))
  await app.close()
  await grant(
    t, ...[missing.orders, missing.letters, missing.invoices].map((name) => ['topic', name, 'CREATE'] as const)
  )
  const { app: allowed } = await shop(t, missing)
  await allowed.ready()
  t.ok(allowed.broker.health().healthy)
})

t.test('in the background the right is named by health(), and the app goes on when it has it', async (t) => {
  const all = await names()
  const { app, inbox } = await shop(t, all, { startup: 'background' })
  await app.ready()
  await until(async () => app.broker.health().lastError?.code === 'FASTSTREAM_ERR_NOT_AUTHORIZED')
  t.notOk(app.broker.health().healthy)
  await grant(t, ...least(all))
  await until(async () => app.broker.health().healthy)
  await produce(all.orders, 'one')
  await inbox.count(1)
})

t.test('a right to read or to commit that is taken away stops the subscriber, and nothing is skipped', async (t) => {
  for (const resource of ['topic', 'group'] as const) {
    const all = await names()
    const grants = least(all)
    await grant(t, ...grants)
    const { app, inbox, lines } = await shop(t, all)
    await app.ready()
    await produce(all.orders, 'one')
    await inbox.count(1)
    const taken = grants.find(([of, name]) => of === resource && name !== all.letters && name !== all.invoices)!
    await revoke(taken)
    await stopped(app)
    const { healthy, lastError } = app.broker.health().subscribers[0]!
    t.match({ healthy, lastError }, { healthy: false, lastError: { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED' } })
    t.match(lastError!.message, new RegExp(`refuses Read on ${resource} '${taken[1]}' to ${PRINCIPAL}:`))
    t.equal(lines.filter(({ msg }) => /the consumer has stopped/.test(String(msg))).length, 1)
    await app.close()

    await produce(all.orders, 'two')
    await grant(t, taken)
    const again = await shop(t, all)
    await again.app.ready()
    await again.inbox.until((values) => values.includes('two'))
    t.same((await readLog(all.letters, cluster.brokers)).length, 0)
    await again.app.close()
  }
})

t.test('a right to publish that is taken away stops the subscriber: no result becomes a dead letter', async (t) => {
  const all = await names()
  const grants = least(all)
  await grant(t, ...grants)
  const { app, inbox, lines } = await shop(t, all)
  await app.ready()
  await revoke(['topic', all.invoices, 'WRITE'])
  await produce(all.orders, 'one')
  await stopped(app)
  t.notOk(app.broker.health().healthy)
  t.match(
    app.broker.health().subscribers[0]?.lastError?.message, new RegExp(`refuses Write on topic '${all.invoices}':`)
  )
  t.equal(inbox.items.length, 1)
  t.match(
    lines.find(({ msg }) => /the subscriber stops/.test(String(msg))), { level: 50, topic: all.orders, offset: '0' }
  )
  await app.close()
  t.same(await readLog(all.letters, cluster.brokers), [])

  await grant(t, ...grants)
  const again = await shop(t, all)
  await again.app.ready()
  t.same(await again.inbox.count(1), ['one'])
})

t.test('without the right to write dead letters the subscriber stops: the message is handled again', async (t) => {
  const all = await names()
  const grants = least(all)
  await grant(t, ...grants)
  const fail = (): never => { throw new Error('broken') }
  const { app } = await shop(t, all, { retry: { retries: 0 } }, fail)
  await app.ready()
  await revoke(['topic', all.letters, 'WRITE'])
  await produce(all.orders, 'one')
  await stopped(app)
  t.match(
    app.broker.health().subscribers[0]?.lastError?.message, new RegExp(`refuses Write on topic '${all.letters}':`)
  )
  await app.close()

  await grant(t, ...grants)
  const again = await shop(t, all)
  await again.app.ready()
  t.same(await again.inbox.count(1), ['one'])
})

t.test('a route that may not publish is told which right is missing, and not who the app is', async (t) => {
  const all = await names()
  await grant(t, ...least(all))
  const other = await createTopic({ partitions: 1 }, cluster.brokers)
  const { app } = await shop(t, all)
  app.post('/:topic', async (request) => await app.broker.publish((request.params as { topic: string }).topic, 1))
  await app.ready()
  const answer = await app.inject({ method: 'POST', url: `/${other}` })
  t.match(answer.json(), { statusCode: 500, code: 'FASTSTREAM_ERR_NOT_AUTHORIZED' })
  t.match(answer.body, `Write on topic '${other}':`)
  t.notMatch(answer.body, PRINCIPAL)
  // Seen, but not written to.
  await grant(t, ['topic', other, 'DESCRIBE'])
  const seen = await app.inject({ method: 'POST', url: `/${other}` })
  t.match(seen.body, `Write on topic '${other}':`)
  t.notMatch(seen.body, PRINCIPAL)
})

t.test('an app that may write to no topic at all is told that it may not be an idempotent producer', async (t) => {
  const orders = await createTopic({ partitions: 1 }, cluster.brokers)
  const groupId = uniqueName('group')
  await grant(t, ['topic', orders, 'READ'], ['group', groupId, 'READ'])
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: saslPlaintext, sasl: { mechanism: 'plain', ...USER }, groupId })
  app.broker.subscriber(orders, { deadLetter: false }, () => {})
  await app.ready()
  await t.rejects(app.broker.publish(orders, 1), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED',
    message: /refuses IdempotentWrite on the cluster:/,
    rights: [{
      operation: 'IdempotentWrite'
    }]
  })
})

async function produce (topic: string, value: string): Promise<void> {
  const producer = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).producer()
  await producer.connect()
  await producer.send({ topic, messages: [{ value: JSON.stringify(value) }] })
  await producer.disconnect()
}
