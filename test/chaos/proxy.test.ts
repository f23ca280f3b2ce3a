import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { freePorts } from '../../lib/testing/local-kafka/ports.js'
import { Proxy } from './proxy.js'

/** A node that answers with what it was sent, behind a proxy, and a client of it that notes what it receives. */
async function build (t: Test) {
  const atNode: Socket[] = []
  const server = createServer((socket) => {
    atNode.push(socket.on('error', () => {}).on('data', (bytes) => { socket.write(bytes) }))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const [proxyPort] = await freePorts(1) as [number]
  const proxy = new Proxy({ port: (server.address() as AddressInfo).port, proxyPort })
  await proxy.listen()
  t.teardown(() => {
    proxy.close()
    for (const socket of atNode) socket.destroy()
    server.close()
  })

  async function client () {
    const socket = connect(proxyPort, '127.0.0.1').on('error', () => {})
    t.teardown(() => { socket.destroy() })
    const seen = { text: '', closed: false }
    socket.on('data', (bytes) => { seen.text += String(bytes) })
    socket.once('close', () => { seen.closed = true })
    await once(socket, 'connect')
    return { socket, seen }
  }
  return { proxy, atNode, client }
}

async function until (condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(5)
}

t.test('without trouble bytes go both ways, and an end that closes closes the other', async (t) => {
  const { client, atNode } = await build(t)
  const { socket, seen } = await client()
  socket.write('order')
  await until(() => seen.text === 'order')
  atNode[0]!.destroy()
  await until(() => seen.closed)
})

t.test('a connection that is swallowed stays open and carries nothing, also when the trouble is over', async (t) => {
  const { proxy, client } = await build(t)
  const { socket, seen } = await client()
  socket.write('a')
  await until(() => seen.text === 'a')
  proxy.begin('swallow')
  socket.write('b')
  const during = await client()
  during.socket.write('c')
  proxy.end()
  socket.write('d')
  const after = await client()
  after.socket.write('e')
  await until(() => after.seen.text === 'e')
  t.same([seen, during.seen], [{ text: 'a', closed: false }, { text: '', closed: false }])
})

t.test('a connection is cut in the middle of what it carries next', async (t) => {
  const { proxy, client } = await build(t)
  const { socket, seen } = await client()
  proxy.begin('cut')
  socket.write('order')
  await until(() => seen.closed)
  t.equal(seen.text, '')
})

t.test('bytes that are delayed arrive 2 s later in each direction, in their order', async (t) => {
  const { proxy, client } = await build(t)
  const { socket, seen } = await client()
  const start = performance.now()
  proxy.begin('delay')
  socket.write('a')
  await until(() => performance.now() - start > 100)
  proxy.end()
  socket.write('b')
  await until(() => seen.text === 'ab')
  t.ok(performance.now() - start > 1900)
})

t.test('a client that is half open is not told, and a new one is served', async (t) => {
  const { proxy, client, atNode } = await build(t)
  const { socket, seen } = await client()
  socket.write('a')
  await until(() => seen.text === 'a')
  proxy.begin('half-open')
  await until(() => atNode[0]!.destroyed)
  socket.write('b')
  const next = await client()
  next.socket.write('c')
  await until(() => next.seen.text === 'c')
  t.same(seen, { text: 'a', closed: false })
})
