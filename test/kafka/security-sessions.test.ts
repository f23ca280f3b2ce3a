import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { type SaslOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { createTopic, readLog, uniqueName, until } from './fixture.js'
import { setPassword } from './scram.js'
import { securedCluster, type SecurityOptions, tokenOf } from './secured.js'

/* Sessions that end, on a cluster that bounds them to two seconds, and credentials that change meanwhile (KIP-368). */

const LIFETIME = 2000
const USERS = [{ username: 'shop', password: 'shop-secret' }, { username: 'shop-2', password: 'another' }]
const [USER] = USERS as [typeof USERS[0]]
const cluster = await securedCluster({ users: USERS, sessionLifetime: LIFETIME })
const { saslPlaintext, saslSsl, ca } = cluster.security

interface Shop {
  readonly app: FastifyInstance
  readonly inbox: Inbox<unknown>
  readonly lines: ReturnType<typeof memoryLog>['lines']
  readonly orders: string
  readonly invoices: string
}

/** An app that reads orders and publishes their invoices. */
async function shop (t: Test, options: SecurityOptions): Promise<Shop> {
  const [orders, invoices] = [
    await createTopic({ partitions: 1, prefix: 'orders' }, cluster.brokers),
    await createTopic({ partitions: 1, prefix: 'invoices' }, cluster.brokers)
  ]
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: uniqueName('group'), commit: { interval: 100 }, ...options })
  const inbox = new Inbox<unknown>()
  const publish = app.broker.publisher(invoices)
  app.broker.subscriber(orders, { publish }, (value) => {
    inbox.add(value)
    return value as never
  })
  await app.ready()
  return { app, inbox, lines, orders, invoices }
}

/** Connections that the app has at least: for fetches, for the group, and for the rest. */
const CONNECTIONS = 3
const RENEWALS = 3
const BURST = 20

t.test('connections are replaced before their sessions end: nothing is lost, repeated or out of order', async (t) => {
  let calls = 0
  const rotating: SaslOptions = {
    mechanism: 'scram-sha-512', credentials: async () => USERS[calls++ % USERS.length]!
  }
  let tokens = 0
  const expiring: SaslOptions = {
    mechanism: 'oauthbearer',
    oauthBearerProvider: async () => {
      tokens++
      return { value: tokenOf(USER.username, Date.now() + LIFETIME) }
    }
  }
  const cases: Array<[name: string, SecurityOptions, renewals: () => number]> = [
    ['two users in turn, sessions of the cluster', { brokers: saslSsl, ssl: { ca }, sasl: rotating }, () => calls],
    ['tokens that expire', { brokers: saslPlaintext, sasl: expiring }, () => tokens]
  ]
  await Promise.all(cases.map(async ([name, options, renewals]) => {
    const { app, inbox, lines, orders, invoices } = await shop(t, options)
    let count = 0
    while (renewals() < CONNECTIONS * (RENEWALS + 1)) {
      await Promise.all(Array.from({ length: BURST }, () => app.broker.publish(orders, count++)))
    }
    const sent = Array.from({ length: count }, (_, i) => i)
    t.same(await inbox.count(count), sent, `${name}: ${count} orders`)
    t.ok(app.broker.health().healthy, name)
    await app.close()
    const values = (await readLog(invoices, cluster.brokers)).map(({ value }) => Number(value))
    t.same(values, sent, `${name}: an invoice of each`)
    t.same(lines.filter(({ level }) => level > 30).map(({ msg, reason }) => [msg, reason]), [], name)
  }))
})

t.test('a password that is wrong for a while is seen in health and log, and reading goes on after it', async (t) => {
  const sasl: SaslOptions = { mechanism: 'scram-sha-512', ...USER }
  const { app, inbox, lines, orders } = await shop(t, { brokers: saslSsl, ssl: { ca }, sasl })
  await app.broker.publish(orders, 'before')
  await inbox.count(1)

  await setPassword(cluster.brokers[0]!, USER.username, 'changed')
  await until(async () => app.broker.health().subscribers[0]?.state === 'failed')
  const { healthy, lastError } = app.broker.health().subscribers[0]!
  t.match({ healthy, lastError }, {
    healthy: false, lastError: { code: 'FASTSTREAM_ERR_SASL', message: /invalid credentials.*Check the option 'sasl'/ }
  })
  const published = app.broker.publish(orders, 'meanwhile')

  await setPassword(cluster.brokers[0]!, USER.username, USER.password)
  t.match(await published, { topic: orders }, 'the publish waits for that')
  t.same(await inbox.count(2), ['before', 'meanwhile'])
  await until(async () => app.broker.health().healthy)
  const failed = lines.filter(({ msg }) => msg === 'the consumer failed and is started again')
  t.match(failed[0], { level: 50, err: { code: 'FASTSTREAM_ERR_SASL' } })
  t.notMatch(JSON.stringify(lines), USER.password)
})
