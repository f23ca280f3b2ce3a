import { Readable } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { dependency, type FaststreamOptions } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'

/** An app with a transaction that tells what becomes of it. */
async function build (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  const inbox = new Inbox<string>()
  const tx = dependency(async function * tx () {
    inbox.add('begin')
    try {
      yield { id: inbox.items.length }
      inbox.add('commit')
    } catch (error) {
      inbox.add(`rollback ${(error as Error).message}`)
      throw error
    }
  })
  const failing = dependency(async function * failing () {
    yield 1
    throw Object.assign(new Error('commit failed'), { statusCode: 409 })
  })
  return { app, events: inbox.items, inbox, tx, failing }
}

t.test('a route gets its dependencies, and they are cleaned up last before the reply leaves', async (t) => {
  const { app, events, tx } = await build(t)
  app.get(
    '/x',
    { config: { deps: { tx } }, onSend: async () => { events.push('onSend') } },
    async ({ deps }) => { events.push(`handler ${deps.tx.id}`); return { a: 1 } }
  )
  app.addHook('onSend', async () => { events.push('onSend of the app') })
  app.addHook('onResponse', async () => { events.push('onResponse') })
  t.match(await app.inject('/x'), { statusCode: 200, body: '{"a":1}' })
  t.same(events, ['begin', 'handler 1', 'onSend of the app', 'onSend', 'commit', 'onResponse'])
})

t.test('hooks that were added after the plugin see it, those before do not', async (t) => {
  const { app, events, tx } = await build(t)
  app.addHook('preValidation', async ({ deps }) => { events.push(`preValidation ${Object.keys(deps)}`) })
  app.addHook('preHandler', async ({ deps }) => { events.push(`preHandler ${Object.keys(deps)}`) })
  app.get(
    '/x',
    { config: { deps: { tx } }, preHandler: async (request, reply) => { await reply.code(401).send({}) } },
    async () => 1
  )
  t.equal((await app.inject('/x')).statusCode, 401)
  t.same(events, ['preValidation ', 'begin', 'preHandler tx', 'commit'], 'a hook that replies without an error commits')
})

t.test('nothing is made for requests that are refused before, nor for routes that ask for nothing', async (t) => {
  const { app, events, tx } = await build(t)
  app.get(
    '/x', { schema: { querystring: { type: 'object', required: ['a'] } }, config: { deps: { tx } } }, async () => 1
  )
  app.get('/plain', async ({ deps }) => Object.keys(deps))
  t.equal((await app.inject('/nope')).statusCode, 404)
  t.equal((await app.inject('/x')).statusCode, 400)
  t.same((await app.inject('/plain')).json(), [])
  t.same(events, [])
})

t.test('two requests at the same time share nothing', async (t) => {
  const { app } = await build(t)
  const { opened, open } = gate()
  let made = 0
  const tenant = dependency(async (_, { header }) => { made++; await opened; return header('X-Tenant') })
  app.get('/x', { config: { deps: { tenant } } }, async ({ deps }) => deps.tenant)
  const replies = ['a', 'b'].map((tenant) => app.inject({ url: '/x', headers: { 'x-tenant': tenant } }))
  open()
  t.same((await Promise.all(replies)).map(({ body }) => body), ['a', 'b'])
  t.equal(made, 2)
})

t.test('an error rolls back, whatever an error handler makes of it', async (t) => {
  const { app, events, inbox, tx } = await build(t)
  app.get('/own', { config: { deps: { tx } } }, async () => {
    throw Object.assign(new Error('no stock'), { statusCode: 409 })
  })
  app.get(
    '/fine',
    {
      config: { deps: { tx } },
      errorHandler: async (thrown, request, reply) => { await reply.code(200).send('never mind') }
    },
    async () => { throw new Error('no stock') }
  )
  app.get(
    '/unserializable',
    {
      schema: { response: { 200: { type: 'object', required: ['a'], properties: { a: { type: 'string' } } } } },
      config: { deps: { tx } }
    },
    async () => ({})
  )
  app.get('/onSend', { config: { deps: { tx } }, onSend: async () => { throw new Error('onSend') } }, async () => 1)
  t.equal((await app.inject('/own')).statusCode, 409)
  t.match(await app.inject('/fine'), { statusCode: 200, body: 'never mind' })
  t.equal((await app.inject('/unserializable')).statusCode, 500)
  t.equal((await app.inject('/onSend')).statusCode, 500)
  await inbox.count(8)
  t.match(events, [
    'begin',
    'rollback no stock',
    'begin',
    'rollback no stock',
    'begin',
    /^rollback "a" is required/,
    'begin',
    'rollback onSend'
  ])
})

t.test('an error that is answered without being thrown commits', async (t) => {
  const { app, events, tx } = await build(t)
  app.get('/x', { config: { deps: { tx } } }, async (request, reply) => { await reply.code(409).send({ sorry: true }) })
  t.equal((await app.inject('/x')).statusCode, 409)
  t.same(events, ['begin', 'commit'])
})

t.test('a clean-up that fails is a 5xx, whatever was set before', async (t) => {
  const { app, failing, tx, events } = await build(t)
  app.get(
    '/plain', { config: { deps: { failing } } }, async (request, reply) => { reply.code(202); return { ok: true } }
  )
  app.get('/text', { config: { deps: { failing } } }, async (request, reply) => {
    reply.header('x-a', '1').type('text/plain')
    return 'hello'
  })
  app.get(
    '/handled',
    { config: { deps: { failing } }, errorHandler: (error, request, reply) => { reply.send({ said: error.message }) } },
    async () => ({ ok: true })
  )
  const after = dependency({ failing, tx }, async function * () { yield })
  app.get('/others', { config: { deps: { tx, after } } }, async () => 1)
  for (const url of ['/plain', '/text', '/handled', '/others']) {
    t.match(await app.inject(url), { statusCode: 500, body: /the clean-up of a dependency failed/ }, url)
  }
  t.match(events.slice(0, 2), ['begin', 'rollback commit failed'])
})

t.test('an error of a factory is the error of the route', async (t) => {
  const { app, events, tx } = await build(t)
  const session = dependency({ tx }, () => { throw Object.assign(new Error('who are you?'), { statusCode: 401 }) })
  const odd = dependency(() => { throw undefined }) // eslint-disable-line no-throw-literal
  app.get('/x', { config: { deps: { session } } }, async () => 1)
  app.get('/odd', { config: { deps: { odd } } }, async () => 1)
  t.match(await app.inject('/x'), { statusCode: 401, body: /who are you/ })
  t.match(await app.inject('/odd'), { statusCode: 500, body: /undefined/ })
  t.same(events, ['begin', 'rollback who are you?'])
})

t.test('a stream, a web stream and a Response are sent before the clean-up', async (t) => {
  for (const [kind, body] of [
    ['stream', () => Readable.from(['a', 'b'])],
    ['web stream', () => new Blob(['ab']).stream()],
    ['Response', () => new Response('ab')]
  ] as const) {
    const { app, events, inbox, tx } = await build(t)
    const failing = dependency({ tx }, function * () { yield; inbox.add('cleaned up'); throw new Error('too late') })
    app.get('/x', { config: { deps: { tx } } }, (request, reply) => { reply.send(body()) })
    app.get('/late', { config: { deps: { failing } } }, (request, reply) => { reply.send(body()) })
    t.equal((await app.inject('/x')).body, 'ab', kind)
    await inbox.count(2)
    t.same(events, ['begin', 'commit'])
    await app.inject('/late').catch(() => {})
    await inbox.count(5)
    t.same(events.slice(2), ['begin', 'cleaned up', 'rollback too late'])
  }
})

t.test('a stream that breaks rolls back', async (t) => {
  const { app, inbox, tx } = await build(t)
  const { opened, open } = gate()
  app.get('/x', { config: { deps: { tx } } }, (request, reply) => {
    reply.send(Readable.from((async function * () { yield 'a'; await opened; throw new Error('broken') })()))
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const reply = await fetch(`${url}/x`)
  open()
  await t.rejects(reply.text())
  t.match((await inbox.count(2))[1], /^rollback/)
})

t.test('a hijacked reply is cleaned up after when it is done, or its client has gone', async (t) => {
  const { app, events, inbox, tx } = await build(t, {}, { forceCloseConnections: true })
  app.get('/x', { config: { deps: { tx } } }, (request, reply) => { reply.hijack(); reply.raw.end('raw') })
  app.get('/open', { config: { deps: { tx } } }, (request, reply) => { reply.hijack(); reply.raw.write('raw') })
  app.get(
    '/early',
    { preHandler: async (request) => { await request.resolve(tx) } },
    (request, reply) => { reply.hijack(); reply.raw.end('raw') }
  )
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.equal(await (await fetch(`${url}/x`)).text(), 'raw')
  t.same(await inbox.count(2), ['begin', 'commit'])
  const controller = new AbortController()
  await fetch(`${url}/open`, { signal: controller.signal })
  controller.abort()
  t.match((await inbox.count(4)).slice(2), ['begin', /^rollback/])
  await fetch(`${url}/early`)
  await inbox.count(6)
  t.same(events.slice(4), ['begin', 'commit'])
})

t.test('a client that disconnects aborts the signal, and the clean-up follows the handler', async (t) => {
  const { app, events, inbox, tx } = await build(t)
  const { opened, open } = gate()
  const signal = dependency((_, { signal }) => signal)
  app.get('/x', { config: { deps: { tx, signal } } }, async ({ deps }) => {
    const aborted = new Promise((resolve) => { deps.signal.addEventListener('abort', resolve) })
    inbox.add('handler')
    await aborted
    inbox.add('aborted')
    await opened
    return 'it is not read'
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const controller = new AbortController()
  const reply = fetch(`${url}/x`, { signal: controller.signal })
  await inbox.count(2)
  controller.abort()
  await t.rejects(reply)
  t.same((await inbox.count(3)).slice(0), ['begin', 'handler', 'aborted'])
  open()
  await inbox.count(4)
  t.same(events.at(-1), 'commit', 'the handler did not fail')
})

t.test('an app that closes and does not wait any longer aborts the signal', async (t) => {
  const { app, inbox } = await build(t, { drainTimeout: 30 })
  const signal = dependency((_, { signal }) => signal)
  app.get('/x', { config: { deps: { signal } } }, async ({ deps }, reply) => {
    inbox.add('handler')
    await new Promise((resolve) => { deps.signal.addEventListener('abort', resolve) })
    reply.header('connection', 'close')
    return 'aborted'
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const reply = fetch(`${url}/x`)
  await inbox.count(1)
  const closed = app.close()
  t.equal(await (await reply).text(), 'aborted')
  await closed
})

t.test('a dependency is made on demand, earlier or later, and once', async (t) => {
  const { app, events, tx } = await build(t)
  app.addHook('onRequest', async (request) => {
    if (request.url === '/early') events.push(`early ${(await request.resolve(tx)).id}`)
  })
  app.get('/early', { config: { deps: { tx } } }, async ({ deps }) => deps.tx.id)
  app.get('/plain', async (request) => (await request.resolve(tx)).id + (await request.resolve(tx)).id)
  t.equal((await app.inject('/early')).body, '1')
  t.same(events.splice(0), ['begin', 'early 1', 'commit'])
  t.equal((await app.inject('/plain')).body, '2')
  t.same(events, ['begin', 'commit'])
})

t.test('resolving without a clean-up, too late, or what is no dependency is an error', async (t) => {
  const { app, tx } = await build(t)
  const late: unknown[] = []
  app.setNotFoundHandler(async (request) => await request.resolve(tx))
  app.addHook('onResponse', async (request) => {
    if (request.url === '/x') late.push(await request.resolve(dependency(() => 1)).catch((error) => error.code))
  })
  app.get('/x', { config: { deps: { tx } } }, async () => 1)
  app.get('/wrong', async (request) => await request.resolve('tx' as never))
  t.match((await app.inject('/nope')).json(), { code: 'FASTSTREAM_ERR_NO_DEPENDENCIES' })
  t.match((await app.inject('/wrong')).json(), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await app.inject('/x')
  await turn()
  t.same(late, ['FASTSTREAM_ERR_DEPENDENCY_DONE'])
})

t.test('routes from before the plugin have no dependencies, and say so', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.get('/old', async (request) => await request.resolve(dependency(() => 1)))
  await app.register(faststreamPlugin)
  t.match((await app.inject('/old')).json(), { code: 'FASTSTREAM_ERR_NO_DEPENDENCIES', message: /'\/old'/ })
})

t.test('the context knows the request', async (t) => {
  const { app } = await build(t, { correlationId: (request) => `${request.url}!` })
  const about = dependency((_, { app, broker, correlationId, header, log, source }) => ({
    prefix: app.prefix,
    correlationId,
    bound: broker,
    same: source.kind === 'http' && source.request.log === log,
    many: header(
      'Set-Cookie'
    ),
    one: header('X-One'),
    none: header('none')
  }))
  await app.register(async (scope: FastifyInstance) => {
    scope.get('/x', { config: { deps: { about } } }, async (request) => ({
      ...request.deps.about, bound: request.deps.about.bound === request.broker
    }))
  }, { prefix: '/in' })
  const { body } = await app.inject({ url: '/in/x', headers: { 'set-cookie': ['a=1', 'b=2'], 'x-one': '1' } })
  t.same(JSON.parse(body), {
    prefix: '/in', correlationId: '/in/x!', bound: true, same: true, many: 'a=1, b=2', one: '1'
  })
})

t.test('dependencies of a scope reach its routes and children, not its siblings; the nearest wins', async (t) => {
  const { app, events } = await build(t)
  const audit = dependency(() => { events.push('audited') })
  const [outer, inner, own] = [dependency(() => 'outer'), dependency(() => 'inner'), dependency(() => 'own')]
  await app.register(async (plain) => {
    const scope = plain.withDeps({ audit }).withDeps({ one: outer, two: outer, three: outer })
    t.ok(Object.is(scope, plain))
    scope.get('/a', async ({ deps }) => [deps.one, deps.two, deps.three])
    await scope.register(async (plain) => {
      const child = plain.withDeps({ two: inner, three: inner })
      child.get(
        '/b',
        { config: { deps: { three: own } } },
        async ({ deps }) => [(deps as { one?: string }).one, deps.two, deps.three]
      )
    })
  })
  await app.register(async (sibling) => { sibling.get('/c', async ({ deps }) => Object.keys(deps)) })
  t.same((await app.inject('/a')).json(), ['outer', 'outer', 'outer'])
  t.same((await app.inject('/b')).json(), ['outer', 'inner', 'own'])
  t.same((await app.inject('/c')).json(), [])
  t.same(events, ['audited', 'audited'], 'also one without a name in the route')
  t.throws(() => app.withDeps({ audit, own }), {
    code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /withDeps of 'audit, own' is declared too late/
  })
})

t.test('a HEAD request is cleaned up once', async (t) => {
  const { app, events, tx } = await build(t)
  app.get('/x', { config: { deps: { tx } } }, async () => 'x')
  t.equal((await app.inject({ method: 'HEAD', url: '/x' })).statusCode, 200)
  t.same(events, ['begin', 'commit'])
})

t.test('what is no dependency is refused when the route is declared', async (t) => {
  const { app } = await build(t)
  t.throws(() => app.get('/x', { config: { deps: { tx: 1 } } as object }, async () => 1), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'deps.tx' must be what dependency\(\) returned/
  })
  t.throws(() => app.withDeps([] as never), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'deps' must be an object/
  })
})

t.test('in an app whose clusters all have names, the first one is meant', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  for (const name of ['billing', 'audit']) await app.register(faststreamPlugin, { name })
  const broker = dependency((_, { broker }) => broker)
  app.get(
    '/x',
    { config: { deps: { broker } } },
    async ({ deps, brokers }) => deps.broker === (brokers as Record<string, unknown>).billing
  )
  t.equal((await app.inject('/x')).body, 'true')
})
