import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import t, { type Test } from 'tap'
import { API_KEYS } from '../../../lib/transport/kafka/wire.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { rejects, SILENT } from '../../support/kafka-client.js'

/** A node that does with each request what the test says: the bytes without their length, and the socket. */
async function node (t: Pick<Test, 'teardown'>, onRequest: (request: Buffer, socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    let bytes = Buffer.alloc(0)
    socket.on('error', () => {}).on('data', (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk])
      while (bytes.length >= 4 && bytes.length >= 4 + bytes.readInt32BE()) {
        const end = 4 + bytes.readInt32BE()
        onRequest(bytes.subarray(4, end), socket)
        bytes = bytes.subarray(end)
      }
    })
    t.teardown(() => { socket.destroy() })
  }).listen(0, '127.0.0.1')
  t.teardown(() => { server.close() })
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A frame: length, correlation id of the request, and the rest. */
function frame (request: Buffer, ...numbers: ReadonlyArray<readonly [bits: 16 | 32, value: number]>): Buffer {
  const parts = numbers.map(([bits, value]) => {
    const part = Buffer.alloc(bits / 8)
    part.writeIntBE(value, 0, bits / 8)
    return part
  })
  const body = Buffer.concat([request.subarray(4, 8), ...parts])
  const length = Buffer.alloc(4)
  length.writeInt32BE(body.length)
  return Buffer.concat([length, body])
}

/** Answers ApiVersions in version 0 only: every API that we use, in these versions. */
function oldBroker (request: Buffer, socket: Socket, max = 9): void {
  if (request.readInt16BE() !== 18) return
  if (request.readInt16BE(2) > 0) {
    socket.write(frame(request, [16, 35], [32, 0]))
    return
  }
  const keys = Object.values(API_KEYS)
  const ranges = keys.flatMap((key) => [[16, key], [16, 0], [16, max]] as const)
  socket.write(frame(request, [16, 0], [32, keys.length], ...ranges))
}

const open = new AbortController().signal

function wire () {
  return createKafkajsWire({ clientId: 'test', log: SILENT })
}

t.test('a broker that knows only old versions is asked in them', async (t) => {
  const versions: number[] = []
  const address = await node(t, (request, socket) => {
    oldBroker(request, socket, 0)
    if (request.readInt16BE() !== API_KEYS.Heartbeat) return
    versions.push(request.readInt16BE(2))
    socket.write(frame(request, [16, 27]))
  })
  const connection = await wire().connect(address, open)
  t.same(connection.apiVersions.get(API_KEYS.Fetch), { min: 0, max: 0 })
  t.same(
    await connection.send('Heartbeat', { groupId: 'g', memberId: 'm', groupInstanceId: null, generationId: 1 }),
    { errorCode: 27 }
  )
  t.same(versions, [0])
  connection.close()
  connection.close()
  t.equal(connection.open, false)
  await rejects(t, connection.send('FindCoordinator', { groupId: 'g' }), { name: 'WireError', reason: 'connection' })
})

t.test('a broker that does not tell its versions cannot be spoken with', async (t) => {
  const address = await node(t, (request, socket) => { socket.write(frame(request, [16, 35], [32, 0])) })
  await rejects(t, wire().connect(address, open), { name: 'WireError', message: /API versions/ })
  const other = await node(t, (request, socket) => { socket.write(frame(request, [16, 41], [32, 0], [32, 0])) })
  await rejects(t, wire().connect(other, open), { name: 'WireError' })
})

t.test('whatever bytes come, the connection ends and nothing is thrown', async (t) => {
  const hostile = [
    Buffer.from([0xff, 0xff, 0xff, 0xfc, 1, 2, 3, 4]), Buffer.alloc(64), Buffer.from([0, 0, 0, 2, 1, 1]),
    Buffer.from([0x7f, 0xff, 0xff, 0xff, 1]), Buffer.alloc(1000, 0xff), Buffer.from([0x10, 0, 0, 0])
  ]
  for (const bytes of hostile) {
    const address = await node(t, (_request, socket) => { socket.write(bytes) })
    await rejects(t, wire().connect(address, open), { name: 'WireError', reason: 'connection' })
    const late = await node(t, (request, socket) => {
      oldBroker(request, socket)
      if (request.readInt16BE() !== 18) socket.write(bytes)
    })
    const connection = await wire().connect(late, open)
    await rejects(t, connection.send('FindCoordinator', { groupId: 'g' }), { name: 'WireError', reason: 'connection' })
  }
})

t.test('an attempt that is given up leaves nothing open', async (t) => {
  const closed = new Promise<void>((resolve) => {
    node(t, (_request, socket) => { socket.once('close', () => { resolve() }) }).then(async (address) => {
      const abort = new AbortController()
      const connecting = rejects(t, wire().connect(address, abort.signal), { name: 'WireError' })
      setImmediate(() => { abort.abort() })
      await connecting
      await t.rejects(wire().connect(address, abort.signal))
      resolve()
    }, t.threw)
  })
  await closed
})

t.test('the request for all topics names none of them', async (t) => {
  const asked: Buffer[] = []
  const address = await node(t, (request, socket) => {
    oldBroker(request, socket)
    if (request.readInt16BE() !== API_KEYS.Metadata) return
    asked.push(request.subarray(-5))
    socket.destroy()
  })
  const connection = await wire().connect(address, open)
  await rejects(t, connection.send('Metadata', { topics: null }), { reason: 'connection' })
  // A null array, and no topics are created.
  t.same(asked, [Buffer.from([255, 255, 255, 255, 0])])
})
