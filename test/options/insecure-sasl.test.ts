import t from 'tap'
import Fastify from 'fastify'
import type { FaststreamOptions, SaslOptions } from '../../index.js'
import faststreamPlugin from '../../index.js'
import { acceptsAnyCertificate } from '../../lib/options/connection.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { isLoopback, sendsSecret } from '../../lib/loopback.js'
import { memoryLog } from '../support/json-log.js'

const PLAIN: SaslOptions = { mechanism: 'plain', username: 'shop', password: 'very-secret' }
const REFUSED = { code: 'FASTSTREAM_ERR_INSECURE_SASL' }

function settle (options: FaststreamOptions): void {
  normaliseOptions({ groupId: 'g', ...options }, 10_000)
}

t.test('credentials that are readable on their way are refused, and the error names the cure', async (t) => {
  const readable: SaslOptions[] = [
    PLAIN,
    { ...PLAIN, mechanism: 'PLAIN' as 'plain' },
    { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: 'token' }) },
    { mechanism: 'plain', credentials: () => ({ username: 'shop', password: 'very-secret' }) },
    { mechanism: 'aws', authorizationIdentity: 'shop', accessKeyId: 'id', secretAccessKey: 'very-secret' }
  ]
  for (const sasl of readable) {
    t.throws(() => settle({ brokers: ['kafka:9092'], sasl }), {
      ...REFUSED, message: /ssl: true.*scram.*allowInsecureSasl: true/
    })
  }
  t.throws(() => settle({ brokers: ['kafka:9092'], ssl: false, sasl: PLAIN }), REFUSED)
  t.throws(() => settle({ brokers: ['localhost:9092', '10.0.0.1:9092'], sasl: PLAIN }), REFUSED, 'one host is enough')
  const refusal = await Fastify().register(faststreamPlugin, { brokers: ['kafka:9092'], groupId: 'g', sasl: PLAIN })
    .ready().then(() => undefined, (error: Error) => error)
  t.match(refusal, REFUSED)
  t.notMatch(String(refusal), /kafka:9092|shop|very-secret/)
})

t.test('credentials are accepted with TLS, with SCRAM, on loopback, and with the option by name', async () => {
  settle({ brokers: ['kafka:9093'], ssl: true, sasl: PLAIN })
  settle({ brokers: ['kafka:9093'], ssl: {}, sasl: PLAIN })
  settle({ brokers: ['kafka:9092'], sasl: { ...PLAIN, mechanism: 'scram-sha-512' } })
  settle({ brokers: ['localhost:9092', '127.3.2.1:9092', '[::1]:9092'], sasl: PLAIN })
  settle({ brokers: ['kafka:9092'], sasl: PLAIN, allowInsecureSasl: true })
  settle({ brokers: ['kafka:9092'] })
  settle({ transport: 'memory', sasl: PLAIN })
})

t.test('allowInsecureSasl is true or false', async (t) => {
  const allowInsecureSasl = 'yes' as unknown as boolean
  t.throws(() => settle({ allowInsecureSasl }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /allowInsecureSasl/ })
})

t.test('only loopback is loopback', async (t) => {
  for (const address of [
    'localhost:1', 'LocalHost:1', '127.0.0.1:1', '127.255.0.9:1', '[::1]:1', '[::ffff:127.0.0.1]:1'
  ]) {
    t.ok(isLoopback(address), address)
  }
  const others = [
    'localhost.example:1', '128.0.0.1:1', '0.0.0.0:1', '10.0.0.1:1', '[::2]:1', '[::ffff:10.0.0.1]:1', '127.example:1'
  ]
  for (const address of others) t.notOk(isLoopback(address), address)
})

t.test('a mechanism that is not known counts as readable, and no credentials as none', async (t) => {
  t.ok(sendsSecret({ sasl: { mechanism: 'gssapi' } }))
  t.ok(sendsSecret({ sasl: {} }))
  t.notOk(sendsSecret({ sasl: null }))
  t.notOk(sendsSecret({}))
})

t.test('rejectUnauthorized: false is one warning', async (t) => {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  const ssl = { rejectUnauthorized: false }
  await app.register(faststreamPlugin, { transport: 'memory', brokers: ['localhost:9093'], ssl })
  await app.ready()
  const warnings = lines.filter((line) => /rejectUnauthorized/.test(JSON.stringify(line)))
  t.match(warnings, [{ level: 40, msg: /any host can pose as the Kafka cluster/ }])
  t.equal(warnings.length, 1)
  for (const safe of [undefined, true, false, {}, { rejectUnauthorized: true }]) t.notOk(acceptsAnyCertificate(safe))
})
