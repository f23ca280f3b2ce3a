import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { type FaststreamOptions, type SaslOptions } from '../../index.js'
import { makeCertificates } from '../../tools/kafka/certificates.js'
import { uniqueName } from './fixture.js'
import { securedCluster, type SecurityOptions, tokenOf } from './secured.js'

/* Mistakes in `ssl` and `sasl`, on listeners of a real cluster. */

const USER = { username: 'shop', password: 'shop-secret' }
const WRONG = 'not-the-secret'
const cluster = await securedCluster({ users: [USER] })
const { saslPlaintext, saslSsl, ssl, ca, client } = cluster.security
const plain = cluster.brokers

const folder = await mkdtemp(join(tmpdir(), 'faststream-tls-'))
const other = await makeCertificates(folder, '127.0.0.1')
t.teardown(() => rm(folder, { recursive: true }))

const scram: SaslOptions = { mechanism: 'scram-sha-512', ...USER }
const AT_ONCE = 4000

/** What ready() ends with, and after how many ms. */
async function start (t: Test, options: Partial<FaststreamOptions>): Promise<{ error: unknown, ms: number }> {
  const app = Fastify({ pluginTimeout: 20_000 })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: null, ...options })
  app.broker.publisher(uniqueName('orders'))
  const began = performance.now()
  const error = await app.ready().then(() => undefined, (error: unknown) => error)
  await app.close()
  return { error, ms: performance.now() - began }
}

type Mistake = readonly [what: string, options: SecurityOptions, message: RegExp]

async function expectAtOnce (t: Test, code: string, mistakes: readonly Mistake[]): Promise<void> {
  for (const [what, options, message] of mistakes) {
    const { error, ms } = await start(t, options)
    t.match(error, { code, message }, what)
    t.ok(ms < AT_ONCE, `${what}: ${Math.round(ms)} ms`)
    t.notMatch(String(error), new RegExp(`${WRONG}|${USER.password}`), what)
  }
}

t.test('a mistake in ssl ends the start at once, and names the option and the cure', async (t) => {
  await expectAtOnce(t, 'FASTSTREAM_ERR_SSL', [
    ['no authority', { brokers: saslSsl, ssl: true, sasl: scram }, /'ssl\.ca'\. Check the option 'ssl'/],
    ['another authority', { brokers: saslSsl, ssl: { ca: other.ca }, sasl: scram }, /'ssl\.ca'/],
    [
      'another host', { brokers: saslSsl, ssl: { ca, servername: 'kafka.example' }, sasl: scram },
      /kafka\.example.*or set 'ssl\.servername'/
    ],
    ['no certificate', { brokers: ssl, ssl: { ca } }, /'ssl\.cert' and 'ssl\.key'/],
    ['a foreign certificate', { brokers: ssl, ssl: { ca, ...other.client } }, /'ssl\.cert' and 'ssl\.key'/],
    ['TLS, and a port without it', { brokers: plain, ssl: { ca } }, /speaks no TLS on this port/],
    ['TLS, and a port with SASL alone', { brokers: saslPlaintext, ssl: { ca }, sasl: scram }, /speaks no TLS/],
    ['no TLS, and a port with it', { brokers: ssl }, /speaks TLS on this port, and this app does not/],
    ['no TLS, and a port with it and SASL', { brokers: saslSsl, sasl: scram }, /speaks TLS on this port/]
  ])
})

t.test('a mistake in sasl ends the start at once, and names the option and what the broker offers', async (t) => {
  const safe = { brokers: saslSsl, ssl: { ca } }
  const offer = 'it offers (?=.*PLAIN)(?=.*SCRAM-SHA-256)(?=.*SCRAM-SHA-512)(?=.*OAUTHBEARER)'
  const password = (mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', username = USER.username) => (
    { ...safe, sasl: { mechanism, username, password: WRONG } })
  const token = (value: string) => (
    { ...safe, sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value }) } } as const)
  const aws = { mechanism: 'aws', authorizationIdentity: 'i', accessKeyId: 'k', secretAccessKey: WRONG } as const
  await expectAtOnce(t, 'FASTSTREAM_ERR_SASL', [
    ['PLAIN', password('plain'), /Invalid username or password\. Check the option 'sasl'/],
    ['SCRAM-SHA-256', password('scram-sha-256'), /invalid credentials.*'sasl'/],
    ['SCRAM-SHA-512', password('scram-sha-512'), /invalid credentials.*'sasl'/],
    ['a user that there is not', password('scram-sha-512', 'stranger'), /invalid credentials.*'sasl'/],
    ['an expired token', token(tokenOf(USER.username, Date.now() - 1000)), /refuses the token: invalid_token/],
    ['no token', token(WRONG), /refuses the token: invalid_token/],
    [
      'a function that returns something else',
      { ...safe, sasl: { mechanism: 'plain', credentials: async () => ({ username: WRONG }) as never } },
      /'sasl\.credentials' must return \{ username, password \}/
    ],
    ['another mechanism', { ...safe, sasl: aws }, new RegExp(`does not offer AWS, ${offer}`)],
    ['no credentials', safe, new RegExp(`asks for credentials, ${offer}`)],
    ['no credentials, without TLS', { brokers: saslPlaintext }, new RegExp(`asks for credentials, ${offer}`)],
    ['credentials for a port that takes none', { brokers: plain, sasl: scram }, /takes no credentials on this port/],
    ['the same in TLS', { brokers: ssl, ssl: { ca, ...client }, sasl: scram }, /takes no credentials on this port/]
  ])
})

t.test('a function for credentials that fails is tried again until the time to connect is over', async (t) => {
  let calls = 0
  const failing = (): never => { calls++; throw new Error('no vault') }
  const sasl: SaslOptions = { mechanism: 'scram-sha-256', credentials: failing }
  const { error } = await start(t, { brokers: saslSsl, ssl: { ca }, sasl, connectTimeout: 1500 })
  t.match(error, { code: 'FASTSTREAM_ERR_SASL', message: /'sasl\.credentials' failed: no vault/ })
  t.ok(calls > 1, `${calls} calls`)

  const hanging: SaslOptions = { mechanism: 'scram-sha-256', credentials: () => new Promise(() => {}) }
  const hung = await start(t, { brokers: saslSsl, ssl: { ca }, sasl: hanging, connectTimeout: 1500 })
  t.match(hung.error, { code: 'FASTSTREAM_ERR_SASL', message: /'sasl\.credentials' did not answer in time/ })
  t.ok(hung.ms < AT_ONCE)
})

t.test('every mechanism takes its credentials from a function', async (t) => {
  const credentials = async () => USER
  const oauthBearerProvider = async () => ({ value: tokenOf(USER.username, Date.now() + 3_600_000) })
  const each: readonly SaslOptions[] = [
    { mechanism: 'plain', credentials },
    { mechanism: 'scram-sha-256', credentials },
    { mechanism: 'scram-sha-512', credentials },
    { mechanism: 'oauthbearer', oauthBearerProvider }
  ]
  for (const sasl of each) {
    const { error } = await start(t, { brokers: saslSsl, ssl: { ca }, sasl })
    t.equal(error, undefined, sasl.mechanism)
  }
})
