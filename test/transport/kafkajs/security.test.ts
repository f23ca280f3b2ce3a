import { createServer, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t from 'tap'
import { securityError, unreachable } from '../../../lib/transport/kafka/cluster/security-error.js'
import { InterruptedError } from '../../../lib/transport/kafka/cluster/protocol-errors.js'
import { API_KEYS, WireError } from '../../../lib/transport/kafka/wire.js'
import { Diagnosis } from '../../../lib/transport/kafkajs/diagnosis.js'
import { createKafkajsTransport } from '../../../lib/transport/kafkajs/index.js'
import type { TransportOptions } from '../../../lib/transport/transport.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { rejects, SILENT } from '../../support/kafka-client.js'
import { AUTHENTICATE, HANDSHAKE, handshake, listen, saslNode as node } from '../../support/sasl-node.js'

const UNSUPPORTED_MECHANISM = 33
const ILLEGAL_STATE = 34
const AUTHENTICATION_FAILED = 58
const PLAIN = { mechanism: 'plain', username: 'shop', password: 'correct horse' } as const

const open = new AbortController().signal

function wire (options: Pick<TransportOptions, 'ssl' | 'sasl'> = {}) {
  return createKafkajsWire({ clientId: 'test', log: SILENT, ...options })
}

t.test('a mechanism that the broker does not offer is told with those that it offers', async (t) => {
  for (const errorCode of [UNSUPPORTED_MECHANISM, 0]) {
    const address = await node(t, { [HANDSHAKE]: () => handshake(errorCode, 'SCRAM-SHA-256', 'OAUTHBEARER') })
    await rejects(t, wire({ sasl: PLAIN }).connect(address, open), {
      reason: 'authentication',
      option: 'sasl',
      message: /^the broker does not offer PLAIN, it offers SCRAM-SHA-256, OAUTHBEARER$/
    })
  }
})

t.test('a port that takes no credentials is told, also where it offers no mechanism', async (t) => {
  const address = await node(t, { [HANDSHAKE]: () => handshake(ILLEGAL_STATE) })
  await rejects(t, wire({ sasl: PLAIN }).connect(address, open), {
    reason: 'authentication', option: 'sasl', message: /takes no credentials on this port/
  })
  const empty = await node(t, { [HANDSHAKE]: () => handshake(UNSUPPORTED_MECHANISM) })
  await rejects(t, wire({ sasl: PLAIN }).connect(empty, open), { reason: 'authentication', option: 'sasl' })
})

t.test('credentials that are refused are told in the words of the broker', async (t) => {
  const address = await node(t, {
    [HANDSHAKE]: () => handshake(0, 'PLAIN'),
    [AUTHENTICATE]: () => [[16, AUTHENTICATION_FAILED], 'Invalid username or password', [32, 0]]
  })
  await rejects(t, wire({ sasl: PLAIN }).connect(address, open), {
    reason: 'authentication', option: 'sasl', message: /Invalid username or password/
  })
})

t.test('a connection that breaks while credentials are exchanged is tried again', async (t) => {
  const address = await node(t, {
    [HANDSHAKE]: () => handshake(0, 'PLAIN'),
    [AUTHENTICATE]: (_, socket) => { socket.destroy(); return undefined }
  })
  await rejects(t, wire({ sasl: PLAIN }).connect(address, open), { reason: 'connection' })
  const other = await node(t, { [HANDSHAKE]: (_, socket) => { socket.destroy(); return undefined } })
  await rejects(t, wire({ sasl: PLAIN }).connect(other, open), { reason: 'connection', option: undefined })
})

t.test('a provider of tokens that fails is tried again, and the option is named', async (t) => {
  const address = await node(t, { [HANDSHAKE]: () => handshake(0, 'OAUTHBEARER') })
  const oauthBearerProvider = async (): Promise<never> => { throw new Error('no token today') }
  const sasl = { mechanism: 'oauthbearer', oauthBearerProvider } as const
  await rejects(t, wire({ sasl }).connect(address, open), {
    reason: 'connection', option: 'sasl', message: /no token today/
  })
})

function close (_request: Buffer, socket: Socket): undefined {
  socket.end()
}

t.test('a broker that asks an app without credentials for them is told with what it offers', async (t) => {
  const address = await node(t, {
    [API_KEYS.Metadata]: close, [HANDSHAKE]: () => handshake(0, 'PLAIN', 'SCRAM-SHA-512')
  })
  const connection = await wire().connect(address, open)
  await rejects(t, connection.send('Metadata', { topics: [] }), {
    reason: 'authentication', option: 'sasl', message: /asks for credentials, it offers PLAIN, SCRAM-SHA-512$/
  })
})

t.test('a broker that closes the connection and wants no credentials is a broken connection', async (t) => {
  const address = await node(t, { [API_KEYS.Metadata]: close, [HANDSHAKE]: () => handshake(ILLEGAL_STATE) })
  const connection = await wire().connect(address, open)
  await rejects(t, connection.send('Metadata', { topics: [] }), { reason: 'connection', option: undefined })
  const silent = await node(t, { [API_KEYS.Metadata]: close, [HANDSHAKE]: close })
  const other = await wire().connect(silent, open)
  await rejects(t, other.send('Metadata', { topics: [] }), { reason: 'connection', option: undefined })
})

t.test('a connection that is closed from here is not asked about', async (t) => {
  const asked: string[] = []
  const address = await node(t, {
    [API_KEYS.Metadata]: () => { asked.push('metadata'); return undefined },
    [HANDSHAKE]: () => { asked.push('handshake'); return undefined }
  })
  const connection = await wire().connect(address, open)
  const sent = rejects(t, connection.send('Metadata', { topics: [] }), { reason: 'connection', option: undefined })
  connection.close()
  await sent
  t.notOk(asked.includes('handshake'))
})

t.test('closing ends the question for what the broker offers, too', async (t) => {
  let ask = (): void => {}
  const asked = new Promise<void>((resolve) => { ask = resolve })
  const address = await node(t, { [API_KEYS.Metadata]: close, [HANDSHAKE]: () => { ask(); return undefined } })
  const connection = await wire().connect(address, open)
  const sent = rejects(t, connection.send('Metadata', { topics: [] }), { reason: 'connection' })
  await asked
  connection.close()
  await sent
})

t.test('TLS to a port without TLS is told, for certain where that port answers without it', async (t) => {
  const [kafka, proxy] = [
    await node(t, {}),
    // As a proxy does in front of a node that is down.
    await listen(t, createServer((socket) => { socket.once('data', () => { socket.destroy() }) }))
  ]
  await rejects(t, wire({ ssl: true, sasl: PLAIN }).connect(kafka, open), {
    reason: 'tls', option: 'ssl', message: 'the broker speaks no TLS on this port, and this app does'
  })
  await rejects(t, wire({ ssl: true }).connect(proxy, open), {
    reason: 'connection', option: 'ssl', message: /closed the connection during the TLS handshake/
  })
})

t.test('a connection that is given up is not asked about TLS', async (t) => {
  let connections = 0
  const abort = new AbortController()
  const address = await listen(t, createServer((socket) => {
    connections++
    socket.once('data', () => { abort.abort(new Error('enough')) })
  }))
  await rejects(t, wire({ ssl: true }).connect(address, abort.signal), { option: 'ssl' })
  t.equal(connections, 1)
})

t.test('plaintext to a port with TLS is told: by its alert, and as a guess where it only closes', async (t) => {
  const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 80])
  const address = await listen(t, createServer((socket) => { socket.once('data', () => { socket.end(alert) }) }))
  await rejects(t, wire().connect(address, open), {
    reason: 'tls', option: 'ssl', message: /speaks TLS on this port/
  })
  const closing = await listen(t, createServer((socket) => { socket.once('data', () => { socket.end() }) }))
  await rejects(t, wire().connect(closing, open), {
    reason: 'connection', option: undefined, message: /if this port speaks TLS, set 'ssl'/
  })
})

t.test('a handshake that TLS itself refuses is told with its code', async (t) => {
  const address = await listen(t, createTlsServer())
  await rejects(t, wire({ ssl: true }).connect(address, open), {
    reason: 'tls', option: 'ssl', message: /handshake failure|SSL/i
  })
  const cures = [
    ['DEPTH_ZERO_SELF_SIGNED_CERT', "give the certificate of the brokers' authority as 'ssl.ca'"],
    ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', "give the certificate of the brokers' authority as 'ssl.ca'"],
    ['ERR_TLS_CERT_ALTNAME_INVALID', "or set 'ssl.servername'"],
    ['ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', "as 'ssl.cert' and 'ssl.key'"],
    ['CERT_HAS_EXPIRED', '(CERT_HAS_EXPIRED)']
  ] as const
  for (const [code, cure] of cures) {
    const untrusted = Object.assign(new Error('no trust'), { name: 'KafkaJSConnectionError', code })
    const error = new Diagnosis(true, undefined).errorOf(untrusted, 'connect')
    t.match(error, { reason: 'tls', option: 'ssl' }, code)
    t.ok(error.message.startsWith(`no trust (${code})`) && error.message.endsWith(cure), error.message)
  }
})

t.test('options that node:tls refuses are told by their code, without what they hold', async (t) => {
  const ssl = { key: 'a-secret-key', cert: 'no certificate' }
  await rejects(t, wire({ ssl }).connect('127.0.0.1:1', open), {
    reason: 'authentication', option: 'ssl', message: /^node:tls refuses its options \(ERR_\w+\)$/
  })
  await rejects(t, wire({ ssl: true }).connect('127.0.0.1:1', open), {
    reason: 'connection', option: undefined, message: /ECONNREFUSED/
  })
  const diagnosis = new Diagnosis(true, undefined)
  diagnosis.optionsRefused(new Error('without a code'))
  t.match(diagnosis.errorOf(new Error('failed'), 'connect'), {
    message: 'node:tls refuses its options (they are invalid)'
  })
})

t.test('a handshake that failed for certain ends the start at once, also beside a node that is down', async (t) => {
  const address = await node(t, {})
  for (const brokers of [[address], ['127.0.0.1:1', address], [address, '127.0.0.1:1']]) {
    const transport = createKafkajsTransport({
      brokers, clientId: 'test', connectTimeout: 60_000, log: SILENT, ssl: true
    })
    t.teardown(() => transport.close())
    await rejects(t, transport.connect(), { code: 'FASTSTREAM_ERR_SSL', message: /speaks no TLS on this port/ })
  }
})

t.test('the transport tells them as errors of the catalogue, which hold no password', async (t) => {
  const [mechanism, wanted, tls] = [
    await node(t, { [HANDSHAKE]: () => handshake(UNSUPPORTED_MECHANISM, 'SCRAM-SHA-512') }),
    await node(t, { [API_KEYS.Metadata]: close, [HANDSHAKE]: () => handshake(0, 'PLAIN') }),
    await listen(t, createServer((socket) => { socket.once('data', () => { socket.destroy() }) }))
  ]
  const expected = [
    [
      mechanism,
      { sasl: PLAIN },
      {
        code: 'FASTSTREAM_ERR_SASL',
        statusCode: 503,
        message: /does not offer PLAIN, it offers SCRAM-SHA-512\. Check the option 'sasl'/
      }
    ],
    [
      wanted,
      {},
      { code: 'FASTSTREAM_ERR_SASL', message: /asks for credentials, it offers PLAIN\. Check the option 'sasl'/ }
    ],
    [tls, { ssl: true }, { code: 'FASTSTREAM_ERR_SSL', statusCode: 503, message: /Check the option 'ssl'/ }]
  ] as const
  for (const [address, options, error] of expected) {
    const transport = createKafkajsTransport({
      brokers: [address], clientId: 'test', connectTimeout: 2000, log: SILENT, ...options
    })
    t.teardown(() => transport.close())
    const thrown = await transport.connect().then(() => undefined, (error: unknown) => error)
    t.match(thrown, error)
    t.notMatch(JSON.stringify([thrown, String(thrown)]), 'correct horse')
  }
})

t.test('a failure that points at no option is no error of SASL or TLS', async (t) => {
  const gone = new WireError('gone', 'connection')
  t.equal(securityError(gone, ['a:1']), undefined)
  t.match(unreachable(gone, ['a:1']), { code: 'FASTSTREAM_ERR_CONNECT', message: /gone/ })
  const late = new InterruptedError('timeout', new WireError('no trust', 'connection', undefined, 'ssl'))
  t.match(unreachable(late, ['a:1', 'b:1']), { code: 'FASTSTREAM_ERR_SSL', message: /at a:1, b:1 failed: no trust/ })
  const coded = unreachable(late, ['a:1'])
  t.equal(unreachable(coded, ['a:1']), coded)
})
