import t from 'tap'
import { API_KEYS } from '../../../lib/transport/kafka/wire.js'
import { createKafkajsWire } from '../../../lib/transport/kafkajs/wire.js'
import { fakeNode as node, frame, oldBroker } from '../../support/fake-node.js'
import { rejects, SILENT } from '../../support/kafka-client.js'

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
