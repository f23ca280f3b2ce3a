import { once } from 'node:events'
import { ServerResponse } from 'node:http'
import { connect as connectHttp2 } from 'node:http2'
import { connect } from 'node:net'
import { PassThrough, Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { dependency } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'

// The many ways in which a reply can end. Whatever happens, what was made for its request is cleaned up, once, and a
// clean-up that fails is not passed over.

type Setup = (app: FastifyInstance) => void

async function build (t: Test, { before, ...server }: FastifyServerOptions & { before?: Setup } = {}) {
  const app = Fastify({ forceCloseConnections: true, ...server })
  t.teardown(() => app.close())
  before?.(app)
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
  const failing = dependency(async function * failing () { yield; throw new Error('commit failed') })
  return { app, inbox, tx, failing, deps: { config: { deps: { tx } } }, failingDeps: { config: { deps: { failing } } } }
}

async function listen (app: FastifyInstance): Promise<string> {
  return await app.listen({ port: 0, host: '127.0.0.1' })
}

/** A client that goes as soon as its request has come to `then`. */
async function goneAt (app: FastifyInstance, inbox: Inbox<string>, then: string): Promise<void> {
  app.addHook('onRequestAbort', async (_) => { inbox.add('gone') })
  const url = await listen(app)
  const controller = new AbortController()
  const reply = fetch(`${url}/x`, { signal: controller.signal }).catch(() => {})
  await inbox.until((items) => items.includes(then))
  controller.abort()
  await reply
  await inbox.until((items) => items.includes('gone'))
  await turn()
}

const endings: Array<[string, (reply: FastifyReply) => unknown, string]> = [
  ['returns nothing', () => {}, 'commit'],
  ['returns a value', () => 1, 'commit'],
  ['throws', () => { throw new Error('no stock') }, 'rollback: no stock'],
  ['hijacks', (reply) => { reply.hijack() }, 'rollback: Premature close']
]
for (const [how, end, outcome] of endings) {
  t.test(`a handler that ${how} after its client has gone is cleaned up`, async (t) => {
    const { app, inbox, deps } = await build(t)
    const { opened, open } = gate()
    app.get('/x', deps, async (_, reply) => {
      inbox.add('handler')
      await opened
      return end(reply)
    })
    await goneAt(app, inbox, 'handler')
    t.same(inbox.items, ['begin', 'handler', 'gone'])
    open()
    t.same(await inbox.count(4), ['begin', 'handler', 'gone', outcome])
  })
}

t.test('a handler that calls back after its client has gone is cleaned up', async (t) => {
  const { app, inbox, deps } = await build(t)
  const { opened, open } = gate()
  app.get('/x', deps, (_, reply) => {
    inbox.add('handler')
    opened.then(() => { reply.send(1) })
    return reply
  })
  await goneAt(app, inbox, 'handler')
  t.same(inbox.items, ['begin', 'handler', 'gone'])
  open()
  t.same((await inbox.count(4))[3], 'commit')
})

t.test('a client that goes while something is made for it leaks nothing', async (t) => {
  const { app, inbox, tx } = await build(t)
  const { opened, open } = gate()
  const slow = dependency({ tx }, async () => { inbox.add('slow'); await opened })
  app.get('/x', { config: { deps: { slow } } }, async () => { inbox.add('handler') })
  await goneAt(app, inbox, 'slow')
  open()
  t.same(await inbox.count(5), ['begin', 'slow', 'gone', 'handler', 'commit'])
})

t.test('a hijacked reply whose client has gone is cleaned up when its handler has ended', async (t) => {
  const { app, inbox, deps } = await build(t)
  const { opened, open } = gate()
  app.get('/x', deps, async (_, reply) => {
    reply.hijack()
    inbox.add('handler')
    await opened
    throw new Error('no listener')
  })
  await goneAt(app, inbox, 'handler')
  t.same(inbox.items, ['begin', 'handler', 'gone'])
  open()
  t.same((await inbox.count(4))[3], 'rollback: no listener')
})

t.test('the signal aborts when the client goes, not when its body has been read', async (t) => {
  const { app, inbox } = await build(t)
  const signal = dependency((_, { signal }) => signal)
  app.post('/x', { config: { deps: { signal } } }, async ({ deps }) => {
    await turn()
    inbox.add(`aborted: ${deps.signal.aborted}`)
    await once(deps.signal, 'abort')
    inbox.add('aborted')
  })
  const url = await listen(app)
  const controller = new AbortController()
  const reply = fetch(`${url}/x`, {
    method: 'POST', body: '{}', headers: { 'content-type': 'application/json' }, signal: controller.signal
  })
  t.same(await inbox.count(1), ['aborted: false'])
  controller.abort()
  await t.rejects(reply)
  await inbox.count(2)
})

t.test("Fastify's handlerTimeout replies, aborts the signal, and rolls back after the handler", async (t) => {
  const { app, inbox, tx } = await build(t)
  const { opened, open } = gate()
  const signal = dependency((_, { signal }) => signal)
  app.get('/x', { handlerTimeout: 20, config: { deps: { tx, signal } } }, async ({ deps }) => {
    await once(deps.signal, 'abort')
    await opened
    inbox.add('handler ended')
  })
  t.equal((await app.inject('/x')).statusCode, 503)
  await turn()
  t.same(inbox.items, ['begin'])
  open()
  t.match(await inbox.count(3), ['begin', 'handler ended', /^rollback: Request timed out/])
})

t.test("Fastify's handlerTimeout does not wait for a factory, whose handler never runs", async (t) => {
  const { app, inbox, tx } = await build(t)
  const { opened, open } = gate()
  const slow = dependency({ tx }, async () => { await opened })
  app.get('/x', { handlerTimeout: 20, config: { deps: { slow } } }, async () => { inbox.add('handler') })
  t.equal((await app.inject('/x')).statusCode, 503)
  open()
  t.match(await inbox.count(2), ['begin', /^rollback: Request timed out/])
})

t.test("Fastify's handlerTimeout during the clean-up is answered once", async (t) => {
  const { app, inbox } = await build(t)
  const { opened, open } = gate()
  const slow = dependency(async function * () { yield; await opened; inbox.add('commit') })
  app.get('/x', { handlerTimeout: 20, config: { deps: { slow } } }, async () => 1)
  t.equal((await app.inject('/x')).statusCode, 503)
  open()
  await inbox.count(1)
  await turn()
})

t.test('an error rolls back, also when an onError hook fails', async (t) => {
  const { app, inbox, deps } = await build(t)
  app.addHook('onError', async () => { throw new Error('onError') })
  app.get('/x', deps, async () => { throw new Error('no stock') })
  t.equal((await app.inject('/x')).statusCode, 500)
  t.same(inbox.items, ['begin', 'rollback: no stock'])
})

t.test('an error rolls back, also when its error handler throws', async (t) => {
  const { app, inbox, deps } = await build(t)
  app.setErrorHandler(() => { throw new Error('error handler') })
  app.get('/x', deps, async () => { throw new Error('no stock') })
  t.match(await app.inject('/x'), { statusCode: 500, body: /error handler/ })
  t.same(inbox.items, ['begin', 'rollback: no stock'])
})

t.test('an error rolls back, also when no reply to it can be sent', async (t) => {
  const { app, inbox, deps } = await build(t)
  app.addHook('onSend', async () => { throw new Error('onSend') })
  app.get('/x', deps, async () => { throw new Error('no stock') })
  t.equal((await app.inject('/x')).statusCode, 500)
  t.same(await inbox.count(2), ['begin', 'rollback: no stock'])
})

t.test('what Fastify cannot send is a 500, as without dependencies', async (t) => {
  const { app, deps } = await build(t)
  app.get('/payload', deps, async (_, reply) => { reply.type('text/plain'); return 1 })
  app.get('/header', deps, async (_, reply) => { reply.header('x-a', '\n'); return 'a' })
  for (const url of ['/payload', '/header']) t.equal((await app.inject(url)).statusCode, 500, url)
})

t.test('a hook that makes a stream of a payload lets no clean-up pass', async (t) => {
  function toStream (
    _: unknown, reply: FastifyReply, payload: unknown, done: (error: null, payload: unknown) => void
  ): void {
    reply.removeHeader('content-length')
    done(null, new PassThrough().end(payload))
  }
  const perRoute: Setup = (app) => {
    app.addHook('onRoute', (route) => { route.onSend = [route.onSend ?? [], toStream].flat() as typeof route.onSend })
  }
  const ofScope: Setup = (app) => { app.addHook('onSend', toStream) }
  for (const [how, before, after] of [
    ['before', perRoute], ['after', undefined, perRoute], ['in the scope', undefined, ofScope]
  ] as Array<[string, Setup?, Setup?]>) {
    const { app, deps, failingDeps } = await build(t, before === undefined ? {} : { before })
    after?.(app)
    app.get('/fine', deps, async () => ({ a: 1 }))
    app.get('/x', failingDeps, async () => ({ a: 1 }))
    t.equal((await app.inject('/fine')).body, '{"a":1}', how)
    t.equal((await app.inject('/x')).statusCode, 500, how)
  }
})

t.test('a Response without a body is no stream', async (t) => {
  const { app, failingDeps } = await build(t)
  app.get('/x', failingDeps, async () => new Response(null, { status: 201 }))
  t.equal((await app.inject('/x')).statusCode, 500)
})

t.test('a route that leaves it to the not-found handler is cleaned up before that replies', async (t) => {
  const { app, inbox, deps, failingDeps } = await build(t)
  app.get('/x', deps, (_, reply) => { reply.callNotFound() })
  app.get('/y', failingDeps, (_, reply) => { reply.callNotFound() })
  t.equal((await app.inject('/x')).statusCode, 404)
  t.same(inbox.items, ['begin', 'commit'])
  t.equal((await app.inject('/y')).statusCode, 500)
})

t.test('a clean-up that fails is a 5xx, whatever status its error has', async (t) => {
  for (const [status, expected] of [
    [{ statusCode: 404 }, 500],
    [{ status: 409 }, 500],
    [{ statusCode: 499 }, 500],
    [{ statusCode: 600 }, 500],
    [{ statusCode: 'wrong' }, 500]
  ] as const) {
    const { app } = await build(t)
    const failed = Object.assign(new Error('commit failed'), status)
    const failing = dependency(function * () { yield; throw failed })
    const causes: unknown[] = []
    app.addHook('onError', async (_request, _reply, error) => { causes.push(error.cause) })
    app.get('/x', { config: { deps: { failing } } }, async () => 1)
    const told = JSON.stringify(status)
    t.match(await app.inject('/x'), { statusCode: expected, body: /FASTSTREAM_ERR_CLEANUP/ }, told)
    t.same(causes, [failed], told)
  }
  for (const statusCode of [500, 503, 599]) {
    const { app } = await build(t)
    const failing = dependency(function * () { yield; throw Object.assign(new Error('commit failed'), { statusCode }) })
    app.get('/x', { config: { deps: { failing } } }, async () => 1)
    const { statusCode: answered, body } = await app.inject('/x')
    t.equal(answered, statusCode)
    t.match(body, /commit failed/)
    t.notMatch(body, /FASTSTREAM_ERR_CLEANUP/)
  }
})

t.test('what is asked for early is cleaned up, however the request ends', async (t) => {
  const { app, inbox, tx } = await build(t)
  app.addHook('onRequest', async (request, reply) => {
    await request.resolve(tx)
    if (request.url !== '/hijacked') return
    reply.hijack()
    reply.raw.end('raw')
  })
  app.addHook('preHandler', (request, reply, done) => {
    if (request.url === '/hook') reply.send('hook')
    else done()
  })
  app.get('/invalid', { schema: { querystring: { type: 'object', required: ['a'] } } }, async () => 1)
  app.get('/redirect', async (_, reply) => reply.redirect('/'))
  app.get('/304', async (_, reply) => reply.code(304).send())
  app.get('/204', async (_, reply) => { reply.code(204) })
  app.get('/trailer', async (_, reply) => { reply.trailer('x-a', async () => 'a'); return 'a' })
  app.get('/raw', async (_, reply) => { reply.raw.end('raw') })
  for (const url of ['/hijacked', '/hook']) app.get(url, async () => 1)
  for (const url of ['/invalid', '/redirect', '/304', '/204', '/trailer', '/raw', '/hijacked', '/hook']) {
    for (const method of ['GET', 'HEAD'] as const) {
      await app.inject({ method, url })
      t.match(await inbox.count(2), ['begin', url === '/invalid' ? /^rollback/ : 'commit'], `${method} ${url}`)
      inbox.items.splice(0)
    }
  }
})

t.test('a hook that is older than the plugin may reply, and cannot ask', async (t) => {
  const { app, inbox, deps } = await build(t, {
    before (app) {
      app.addHook('onRequest', async (request, reply) => {
        if (request.url === '/reply') return await reply.code(401).send({ older: true })
        t.same(request.deps, {})
        await request.resolve(dependency(() => 1))
      })
    }
  })
  for (const url of ['/reply', '/ask']) app.get(url, deps, async () => 1)
  t.match(await app.inject('/reply'), { statusCode: 401, body: '{"older":true}' })
  t.match((await app.inject('/ask')).json(), { code: 'FASTSTREAM_ERR_NO_DEPENDENCIES' })
  t.same(inbox.items, [])
})

t.test('routes may share their options', async (t) => {
  const { app, inbox, deps } = await build(t)
  for (const url of ['/x', '/y']) app.get(url, deps, async () => url)
  for (const url of ['/x', '/y']) t.equal((await app.inject(url)).body, url)
  t.same(inbox.items, ['begin', 'commit', 'begin', 'commit'])
})

t.test('a route that another plugin copies has what the first one has', async (t) => {
  const { app, inbox, deps } = await build(t)
  app.addHook('onRoute', (route) => {
    if (route.url === '/x' && route.method === 'GET') app.route({ ...route, url: '/copy' })
  })
  app.get('/x', deps, async () => 1)
  t.equal((await app.inject('/copy')).statusCode, 200)
  t.same(inbox.items, ['begin', 'commit'])
})

t.test('a connection that is upgraded is cleaned up when it is closed', async (t) => {
  const { app, inbox, deps } = await build(t)
  app.get('/x', deps, (request, reply) => {
    reply.hijack()
    request.raw.socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
  })
  app.server.on('upgrade', (request, socket) => {
    const response = new ServerResponse(request)
    response.assignSocket(request.socket)
    socket.on('end', () => socket.end()).resume()
    app.routing(request, response)
  })
  const { port } = new URL(await listen(app))
  const socket = connect(Number(port), '127.0.0.1')
  socket.write('GET /x HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n')
  await once(socket, 'data')
  t.same(inbox.items, ['begin'])
  socket.end()
  t.same((await inbox.count(2))[1], 'rollback: Premature close')
})

t.test('HTTP/2 is no different', async (t) => {
  const app = Fastify({ http2: true })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const inbox = new Inbox<string>()
  const { opened, open } = gate()
  const tx = dependency(async function * tx () { inbox.add('begin'); yield; inbox.add('commit') })
  app.get('/text', { config: { deps: { tx } } }, async () => 'a')
  app.get('/stream', { config: { deps: { tx } } }, async () => Readable.from(['a']))
  app.get('/gone', { config: { deps: { tx } } }, async () => { await opened })
  const session = connectHttp2(await app.listen({ port: 0, host: '127.0.0.1' }))
  t.teardown(() => session.destroy())
  for (const path of ['/text', '/stream']) await once(session.request({ ':path': path }).resume(), 'end')
  t.same((await inbox.count(4)).slice(0), ['begin', 'commit', 'begin', 'commit'])
  const request = session.request({ ':path': '/gone' }).on('error', () => {})
  await inbox.count(5)
  request.close(8)
  await once(request, 'close')
  open()
  t.equal((await inbox.count(6))[5], 'commit')
})
