import { connect, createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import t from 'tap'
import { Connections } from '../../lib/transport/kafkajs/connections.js'

/** Where connections lead that nobody answers on, and a client of KafkaJS in miniature. */
async function build (t: { teardown (end: () => void): void }) {
  const accepted = new Set<Socket>()
  const server = createServer((socket) => {
    accepted.add(socket.on('error', () => {}))
  }).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  t.teardown(() => {
    for (const socket of accepted) socket.destroy()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  const connection = {
    socket: undefined as unknown as Socket,
    socketFactory: (_target: object): Socket => connect(port, '127.0.0.1'),
    /** As KafkaJS's: waits until every request was answered, or failed with its socket. */
    disconnect: (): Promise<unknown> => new Promise((resolve) => connection.socket.once('error', resolve))
  }
  const brokerPool = { connectionPoolBuilder: { build: async () => ({ pool: [connection] }) } }
  const connections = new Connections(brokerPool)
  await brokerPool.connectionPoolBuilder.build()
  connection.socket = connection.socketFactory({})
  await new Promise((resolve) => connection.socket.once('connect', resolve))
  return { connections, connection, brokerPool }
}

t.test('cutting drops what is connected and lets nothing connect again', async (t) => {
  const { connections, connection, brokerPool } = await build(t)
  const error = new Promise((resolve) => connection.socket.once('error', resolve))
  connections.cut()
  t.match(await error, { message: 'the connection was cut', retriable: false })
  t.throws(() => connection.socketFactory({}), /cut/)
  await t.rejects(brokerPool.connectionPoolBuilder.build(), /cut/)
  connections.cut()
})

t.test('a connection that is no longer wanted does not wait for ever for its answers', async (t) => {
  const { connection } = await build(t)
  const begin = Date.now()
  t.match(await connection.disconnect(), /cut/)
  t.ok(Date.now() - begin < 1500, `${Date.now() - begin} ms`)
})

t.test('a connection that ends by itself is forgotten', async (t) => {
  const { connections, connection } = await build(t)
  const closed = new Promise((resolve) => connection.socket.once('close', resolve))
  connection.socket.destroy()
  await closed
  t.doesNotThrow(() => connections.cut())
})
