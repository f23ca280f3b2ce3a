import { connect } from 'node:net'
import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { dependency } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'

// When the clean-up comes before the reply, when after it, and what the client then sees.

async function build (t: Test, before: (app: FastifyInstance) => void = () => {}) {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  before(app)
  await app.register(faststreamPlugin)
  const inbox = new Inbox<string>()
  const tx = dependency(async function * tx () {
    inbox.add('begin')
    try {
      yield
      inbox.add('commit')
    } catch (error) {
      inbox.add(`rollback: ${(error as Error).message}`)
      throw error
    }
  })
  return { app, inbox, tx, deps: { config: { deps: { tx } } } }
}

/** A stream that tells when it is read, and not before. */
function webStream (inbox: Inbox<string>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull (controller) {
      inbox.add('read')
      controller.enqueue(Buffer.from('ab'))
      controller.close()
    }
  }, { highWaterMark: 0 })
}

const STREAMS: Array<[string, (inbox: Inbox<string>) => unknown]> = [
  ['stream', (inbox) => Readable.from((function * () { inbox.add('read'); yield 'ab' })())],
  ['web stream', webStream],
  ['Response', (inbox) => new Response(webStream(inbox))]
]
for (const [kind, body] of STREAMS) {
  t.test(`a ${kind} is read while its dependencies are there`, async (t) => {
    const { app, inbox, deps } = await build(t)
    app.get('/x', deps, (_, reply) => { reply.send(body(inbox)) })
    t.equal((await app.inject('/x')).body, 'ab')
    t.same(await inbox.count(3), ['begin', 'read', 'commit'])
  })
}

t.test('a clean-up that fails after a stream was sent leaves the connection to the next request', async (t) => {
  const { app, inbox } = await build(t)
  const failing = dependency(function * () { yield; inbox.add('cleaned up'); throw new Error('too late') })
  app.get('/x', { config: { deps: { failing } } }, (_, reply) => { reply.send(Readable.from(['ab'])) })
  app.get('/next', async () => 'next')
  const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
  const socket = connect(Number(port), '127.0.0.1')
  t.teardown(() => { socket.destroy() })
  socket.write('GET /x HTTP/1.1\r\nhost: x\r\n\r\n')
  await inbox.count(1)
  await turn()
  socket.write('GET /next HTTP/1.1\r\nhost: x\r\n\r\n')
  let received = ''
  for await (const data of socket) {
    received += String(data)
    if (received.endsWith('next')) break
  }
  t.match(received, /HTTP\/1.1 200 [^]*ab[^]*HTTP\/1.1 200 [^]*next$/)
})

const REPLIES: Array<[string, () => unknown, string]> = [
  ['returns a value', () => 1, 'commit'],
  ['throws', () => { throw new Error('no stock') }, 'rollback: no stock']
]
for (const [how, end, outcome] of REPLIES) {
  t.test(`a handler that ${how} after its client has gone is cleaned up after the hooks of its reply`, async (t) => {
    const { app, inbox, deps } = await build(t)
    const { opened, open } = gate()
    const hook = gate()
    app.addHook('onRequestAbort', async (_) => { inbox.add('gone') })
    app.addHook('onSend', async () => { inbox.add('onSend'); await hook.opened })
    app.get('/x', deps, async () => {
      inbox.add('handler')
      await opened
      return end()
    })
    const url = await app.listen({ port: 0, host: '127.0.0.1' })
    const controller = new AbortController()
    const reply = fetch(`${url}/x`, { signal: controller.signal }).catch(() => {})
    await inbox.count(2)
    controller.abort()
    await reply
    await inbox.count(3)
    await turn()
    open()
    await inbox.count(4)
    await turn()
    t.same(inbox.items, ['begin', 'handler', 'gone', 'onSend'], 'a hook may take its time')
    hook.open()
    t.same((await inbox.count(5))[4], outcome)
  })
}

t.test('a handler is not called when the reply went ahead while its dependencies were made', async (t) => {
  const { app, inbox } = await build(t)
  const { opened, open } = gate()
  const slow = dependency(async function * () {
    inbox.add('slow')
    await opened
    yield
    await turn()
    inbox.add('cleaned up')
  })
  app.addHook('onRequest', (_, reply, done) => {
    inbox.count(1).then(() => { reply.send('early') })
    done()
  })
  app.get('/x', { config: { deps: { slow } } }, async () => { inbox.add('handler') })
  const reply = app.inject('/x')
  await inbox.count(1)
  await turn()
  open()
  t.equal((await reply).body, 'early')
  t.same(inbox.items, ['slow', 'cleaned up'])
})

t.test('a reply without a payload is cleaned up before it leaves', async (t) => {
  const { app, inbox, deps } = await build(t, (app) => {
    app.addHook('onSend', (_request, reply, _payload, done) => {
      reply.removeHeader('content-length')
      done(null, null)
    })
  })
  app.get('/x', deps, async () => ({ a: 1 }))
  t.match(await app.inject('/x'), { statusCode: 200, body: '' })
  t.same(inbox.items, ['begin', 'commit'])
})
