import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import t, { type Test } from 'tap'
import { securityError, unreachable } from '../../../lib/transport/kafka/cluster/security-error.js'
import { InterruptedError } from '../../../lib/transport/kafka/cluster/protocol-errors.js'
import { API_KEYS, WireError } from '../../../lib/transport/kafka/wire.js'
import { Diagnosis } from '../../../lib/transport/kafkajs/diagnosis.js'
import { createKafkajsTransport } from '../../../lib/transport/kafkajs/index.js'
import type { TransportOptions } from '../../../lib/transport/transport.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { rejects, SILENT } from '../../support/kafka-client.js'

const HANDSHAKE = 17
const AUTHENTICATE = 36
const API_VERSIONS = 18
const UNSUPPORTED_MECHANISM = 33
const ILLEGAL_STATE = 34
const AUTHENTICATION_FAILED = 58
const PLAIN = { mechanism: 'plain', username: 'shop', password: 'correct horse' } as const

const open = new AbortController().signal

async function listen (t: Pick<Test, 'teardown'>, server: Server): Promise<string> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => { sockets.add(socket.on('error', () => {})) })
  server.listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

type Field = readonly [bits: 16 | 32, value: number] | string | null

/** An answer: length, correlation id of the request, and the fields. */
function answer (request: Buffer, ...fields: readonly Field[]): Buffer {
  const parts = fields.map((field) => {
    if (field === null) return Buffer.from([0xff, 0xff])
    if (typeof field === 'string') return Buffer.concat([Buffer.from([0, field.length]), Buffer.from(field)])
    const part = Buffer.alloc(field[0] / 8)
    part.writeIntBE(field[1], 0, field[0] / 8)
    return part
  })
  const body = Buffer.concat([request.subarray(4, 8), ...parts])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

type Answers = Readonly<Record<number, (request: Buffer, socket: Socket) => readonly Field[] | undefined>>

/** A node that tells its API versions, and answers what the test says; undefined: nothing. */
async function node (t: Pick<Test, 'teardown'>, answers: Answers): Promise<string> {
  return await listen(t, createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
        const end = 4 + bytes.readInt32BE()
        const request = bytes.subarray(4, end)
        bytes = bytes.subarray(end)
        const fields = request.readInt16BE() === API_VERSIONS
          ? versions(request)
          : answers[request.readInt16BE()]?.(
            request, socket
          )
        if (fields !== undefined) socket.write(answer(request, ...fields))
      }
    })
  }))
}

function versions (request: Buffer): readonly Field[] {
  if (request.readInt16BE(2) > 0) return [[16, 35], [32, 0]]
  const keys = [...Object.values(API_KEYS), HANDSHAKE, AUTHENTICATE]
  return [
    [16, 0],
    [32, keys.length],
    ...keys.flatMap((key) => [[16, key], [16, 0], [16, key === HANDSHAKE || key === AUTHENTICATE ? 0 : 9]] as const)
  ]
}

function handshake (errorCode: number, ...mechanisms: string[]): readonly Field[] {
  return [[16, errorCode], [32, mechanisms.length], ...mechanisms]
}

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

t.test('TLS to a port without TLS is told', async (t) => {
  // As Kafka does: the first bytes are no length that it takes.
  const address = await listen(t, createServer((socket) => { socket.once('data', () => { socket.destroy() }) }))
  await rejects(t, wire({ ssl: true }).connect(address, open), { reason: 'connection', option: 'ssl', message: /TLS/ })
})

t.test('plaintext to a port with TLS is told: by its alert, and as a guess where it only closes', async (t) => {
  const alert = Buffer.from([0x15, 3, 3, 0, 2, 2, 80])
  const address = await listen(t, createServer((socket) => { socket.once('data', () => { socket.end(alert) }) }))
  await rejects(t, wire().connect(address, open), {
    reason: 'connection', option: 'ssl', message: /speaks TLS on this port/
  })
  const closing = await listen(t, createServer((socket) => { socket.once('data', () => { socket.end() }) }))
  await rejects(t, wire().connect(closing, open), {
    reason: 'connection', option: undefined, message: /if this port speaks TLS, set 'ssl'/
  })
})

t.test('a handshake that TLS itself refuses is told with its code', async (t) => {
  const address = await listen(t, createTlsServer())
  await rejects(t, wire({ ssl: true }).connect(address, open), {
    reason: 'connection', option: 'ssl', message: /handshake failure|SSL/i
  })
  const untrusted = Object.assign(new Error('self-signed certificate'), {
    name: 'KafkaJSConnectionError', code: 'DEPTH_ZERO_SELF_SIGNED_CERT'
  })
  t.match(new Diagnosis(true, undefined).errorOf(untrusted, 'connect'), {
    option: 'ssl', message: 'self-signed certificate (DEPTH_ZERO_SELF_SIGNED_CERT)'
  })
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
