import t, { type Test } from 'tap'
import { readFileSync } from 'node:fs'
import Fastify, { type FastifyServerOptions, type RouteOptions } from 'fastify'
import { parse } from 'yaml'
import faststreamPlugin, { dependency, type AsyncapiDocument, type FaststreamOptions } from '../../index.js'

async function build (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

function production (t: Test): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => { if (NODE_ENV === undefined) delete process.env.NODE_ENV; else process.env.NODE_ENV = NODE_ENV })
}

t.test('the document is at /asyncapi, as JSON and as YAML', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  const json = await app.inject('/asyncapi/json')
  t.match(json, {
    statusCode: 200,
    headers: {
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-cache',
      'x-content-type-options': 'nosniff'
    }
  })
  t.same(json.json(), app.asyncapi())
  t.ok('orders' in app.asyncapi().channels)
  const yaml = await app.inject('/asyncapi/yaml')
  t.match(yaml, { statusCode: 200, headers: { 'content-type': 'application/yaml; charset=utf-8' } })
  t.equal(yaml.body, app.asyncapi({ yaml: true }))
  t.same(parse(yaml.body), app.asyncapi())
})

t.test('a client that has the document in its cache gets a 304', async (t) => {
  const app = await build(t)
  for (const url of ['/asyncapi/json', '/asyncapi/yaml']) {
    const { headers: { etag }, body } = await app.inject(url)
    t.match(etag, /^"[\w-]{43}"$/)
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const answer = await app.inject({ url, headers: { 'if-none-match': String(known) } })
      t.match(answer, { statusCode: 304, body: '', headers: { etag, 'cache-control': 'no-cache' } })
    }
    t.match(await app.inject({ url, headers: { 'if-none-match': '"other"' } }), { statusCode: 200, body })
    t.match(await app.inject({ url, method: 'HEAD' }), { statusCode: 200, body: '', headers: { etag } })
  }
  const [json, yaml] = [await app.inject('/asyncapi/json'), await app.inject('/asyncapi/yaml')]
  t.not(json.headers.etag, yaml.headers.etag)
})

t.test('it is not there before everything is declared', async (t) => {
  const app = await build(t)
  const early = { code: 'FASTSTREAM_ERR_ASYNCAPI', message: /await ready\(\) first/ }
  t.throws(() => app.asyncapi(), early)
  t.throws(() => app.asyncapi({ yaml: true }), early)
  app.addHook('onReady', async () => { t.match(app.asyncapi(), { asyncapi: '3.0.0' }) })
  await app.ready()
  t.throws(() => app.asyncapi({ yml: true } as object), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  t.throws(() => app.asyncapi({ yaml: 'yes' } as object), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('its routes are under the prefix of the scope, and where the option says', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin, { asyncapi: { routePrefix: '/docs/topics' } })
    t.ok(scope.hasDecorator('asyncapi'))
  }, { prefix: '/v1' })
  t.equal((await app.inject('/v1/docs/topics/json')).statusCode, 200)
  t.equal((await app.inject('/asyncapi/json')).statusCode, 404)
  const root = await build(t, { asyncapi: { routePrefix: '' } })
  t.equal((await root.inject('/json')).statusCode, 200)
})

t.test('false is no routes, but a document', async (t) => {
  const app = await build(t, { asyncapi: false })
  t.equal((await app.inject('/asyncapi/json')).statusCode, 404)
  t.match(app.asyncapi(), { asyncapi: '3.0.0' })
})

t.test('in production there are none, unless it is written', async (t) => {
  production(t)
  const app = await build(t, { transport: 'memory' })
  t.equal((await app.inject('/asyncapi/json')).statusCode, 404)
  t.match(app.asyncapi().servers, { default: { host: 'memory' } })
  for (const asyncapi of [true, {}]) {
    const written = await build(t, { transport: 'memory', asyncapi })
    t.equal((await written.inject('/asyncapi/json')).statusCode, 200)
  }
})

t.test('all of its routes have the hooks of the option', async (t) => {
  const seen: string[] = []
  const app = await build(t, {
    asyncapi: {
      hooks: {
        onRequest: async (request, reply) => {
          if (request.headers.authorization !== 'yes') return await reply.code(401).send()
        },
        preHandler: async (request) => { seen.push(request.url) }
      }
    }
  })
  app.get('/open', async () => 'open')
  const [script = ''] = /(?<=src="\.)[^"]+/.exec(
    (await app.inject({ url: '/asyncapi', headers: { authorization: 'yes' } })).body
  ) ?? []
  const urls = ['/asyncapi', '/asyncapi/', script, '/asyncapi/json', '/asyncapi/yaml']
  seen.length = 0
  for (const url of urls) {
    t.equal((await app.inject(url)).statusCode, 401)
    t.equal((await app.inject({ url, method: 'HEAD' })).statusCode, 401)
    t.equal((await app.inject({ url, headers: { authorization: 'yes' } })).statusCode, 200)
  }
  t.equal((await app.inject('/open')).statusCode, 200)
  t.same(seen, urls)
})

t.test('they are hidden from @fastify/swagger, which looks at the schemas of routes', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const routes: RouteOptions[] = []
  app.addHook('onRoute', (route) => { routes.push(route) })
  await app.register(faststreamPlugin)
  await app.ready()
  // Fastify tells of both GET /asyncapi and GET /asyncapi/ at once.
  t.same(
    routes.map(({ method, url }) => `${String(method)} ${url}`).sort(),
    [
      'HEAD /asyncapi',
      ...[
        '/asyncapi/', '/asyncapi/static/*', '/asyncapi/json', '/asyncapi/yaml', '/asyncapi/counters'
      ].flatMap((url) => [`GET ${url}`, `HEAD ${url}`])
    ].sort()
  )
  for (const { schema } of routes) t.match(schema, { hide: true })
})

t.test('they take no dependencies: withDeps may come after the plugin, and their hooks can ask for one', async (t) => {
  let made = 0
  const counter = dependency(() => ++made)
  const app = await build(t, {
    asyncapi: { hooks: { onRequest: async (request) => { t.equal(await request.resolve(counter), 1) } } }
  })
  app.withDeps({ session: dependency(() => { throw new Error('not for documents') }) })
  t.equal((await app.inject('/asyncapi/json')).statusCode, 200)
})

t.test('the plugin that is registered first has them, and the others have the same document', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.register(async (scope) => {
    await scope.register(faststreamPlugin, { asyncapi: { info: { title: 'Both' } } })
    scope.broker.publisher('orders')
  }, { prefix: '/one' })
  let second: AsyncapiDocument | undefined
  app.register(async (scope) => {
    await scope.register(faststreamPlugin, { name: 'billing' })
    scope.addHook('onReady', async () => { second = scope.asyncapi() })
  }, { prefix: '/two' })
  const document = (await app.inject('/one/asyncapi/json')).json()
  t.match(document, { info: { title: 'Both' }, servers: { default: {}, billing: {} }, channels: { orders: {} } })
  t.same(second, document)
  t.equal((await app.inject('/two/asyncapi/json')).statusCode, 404)

  const other = await build(t)
  for (const asyncapi of [{}, true, false]) {
    await t.rejects(
      async () => { await other.register(faststreamPlugin, { name: 'billing', asyncapi }) },
      {
        code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'asyncapi' must be given where the plugin is registered first/
      }
    )
  }
})

t.test('a document that cannot be made fails the start before anything is connected', async (t) => {
  const broken = new Error('broken')
  const app = await build(t, {
    brokers: ['localhost:1'], groupId: 'g', asyncapi: { transform: () => { throw broken } }
  })
  await t.rejects(async () => { await app.ready() }, broken)
  t.equal(app.broker.health().state, 'starting')
})

t.test('a transform that returns no document fails the start', async (t) => {
  const wrong: Array<(document: AsyncapiDocument) => unknown> = [
    (document) => { document.info.title = 'Shop' },
    async (document) => document,
    () => null,
    ({ asyncapi, ...rest }) => rest,
    ({ info, ...rest }) => rest
  ]
  for (const transform of wrong) {
    const app = await build(t, { asyncapi: { transform: transform as () => AsyncapiDocument } })
    await t.rejects(async () => { await app.ready() }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION',
      message: "option 'asyncapi.transform' must return the document, and no promise of it"
    })
  }
})

t.test('what is undefined, as from the environment, is not written over what is known', async (t) => {
  const app = await build(t, {
    clientId: 'shop',
    asyncapi: {
      info: { title: undefined, version: process.env.NO_SUCH_VERSION },
      servers: { default: { host: undefined, title: 'Here' } }
    }
  })
  await app.ready()
  const { name, version } = JSON.parse(readFileSync('package.json', 'utf8'))
  t.match(app.asyncapi(), { info: { title: name, version }, servers: { default: { host: 'memory', title: 'Here' } } })
})

t.test('caches still know what else the app varies by', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  // As @fastify/cors does it.
  app.addHook('onRequest', async (_, reply) => { reply.header('vary', 'Origin') })
  await app.register(faststreamPlugin)
  const [script = ''] = /(?<=src="\.)[^"]+/.exec((await app.inject('/asyncapi')).body) ?? []
  for (const url of ['/asyncapi', '/asyncapi/json', '/asyncapi/yaml', script]) {
    t.match(await app.inject(url), { statusCode: 200, headers: { vary: 'Origin, accept-encoding' } }, url)
  }
})

t.test('wrong options fail with the option and the cure', async (t) => {
  const wrong: Array<[unknown, RegExp]> = [
    ['yes', /'asyncapi' must be an object/],
    [{ title: 'x' }, /'asyncapi.title' is not known: there are routePrefix/],
    [{ routePrefix: 'asyncapi' }, /'asyncapi.routePrefix' must begin with '\/'/],
    [{ routePrefix: '/asyncapi/' }, /'asyncapi.routePrefix'/],
    [{ routePrefix: 7 }, /'asyncapi.routePrefix'/],
    ...['/*', '/docs?', '/docs#topics'].map(
      (routePrefix): [unknown, RegExp] => [{ routePrefix }, /have no '\*', '\?' or '#'/]
    ),
    [{ hooks: { onSend: () => {} } }, /'asyncapi.hooks.onSend' is not known/],
    [{ theme: 'dark' }, /'asyncapi.theme' must be an object/],
    [{ theme: { js: '' } }, /'asyncapi.theme.js' is not known: there are title, css, favicon/],
    [{ theme: { title: '' } }, /'asyncapi.theme.title' must be a string/],
    [{ theme: { css: ['a.css'] } }, /'asyncapi.theme.css' must be a string/],
    [{ theme: { favicon: 'x.png' } }, /'asyncapi.theme.favicon' must be an object/],
    [{ logo: { href: 'x' } }, /'asyncapi.logo.href' is not known: there are type, content/],
    [{ logo: { type: 'text/html', content: 'x' } }, /'asyncapi.logo.type' must be the media type of an image/],
    [{ logo: { type: 7, content: 'x' } }, /'asyncapi.logo.type'/],
    [{ logo: { type: 'image/png', content: [] } }, /'asyncapi.logo.content' must be a string/],
    [{ specVersion: '2.6.0' }, /'asyncapi.specVersion' must be one of '3.0.0', '3.1.0'/],
    [{ info: { name: 'x' } }, /'asyncapi.info.name' is not known/],
    [{ info: { version: 1 } }, /'asyncapi.info.version' must be a string/],
    [{ info: { contact: { phone: '1' } } }, /'asyncapi.info.contact.phone'/],
    [{ info: { contact: { url: 7 } } }, /'asyncapi.info.contact.url' must be a string/],
    [{ info: { license: {} } }, /'asyncapi.info.license.name' must be a string/],
    [{ info: { license: { name: 'MIT', url: 7 } } }, /'asyncapi.info.license.url' must be a string/],
    [{ info: { license: { name: 'MIT', text: '' } } }, /'asyncapi.info.license.text'/],
    [{ servers: [] }, /'asyncapi.servers' must be an object/],
    [{ servers: { default: { port: 1 } } }, /'asyncapi.servers.default.port'/],
    [{ servers: { default: { host: '' } } }, /'asyncapi.servers.default.host' must be a string/],
    [{ tags: 'orders' }, /'asyncapi.tags' must be a list/],
    [{ tags: ['orders'] }, /'asyncapi.tags' must be an object/],
    [{ tags: [{}] }, /'asyncapi.tags.name' must be a string/],
    [{ tags: [{ name: 'x', description: 7 }] }, /'asyncapi.tags.description' must be a string/],
    [{ externalDocs: {} }, /'asyncapi.externalDocs.url'/],
    [{ externalDocs: { url: 'x', title: 'y' } }, /'asyncapi.externalDocs.title'/],
    [{ externalDocs: { url: 'x', description: 7 } }, /'asyncapi.externalDocs.description' must be a string/],
    [{ jsonSchema: 'zod' }, /'asyncapi.jsonSchema' must be a function of a declared schema/],
    [{ transform: {} }, /'asyncapi.transform' must be a function/]
  ]
  for (const [asyncapi, message] of wrong) {
    await t.rejects(async () => { await build(t, { asyncapi } as FaststreamOptions) }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message
    })
  }
  await t.rejects(
    async () => { await build(t, { includeInSchema: 'no' } as unknown as FaststreamOptions) },
    { message: /'includeInSchema' must be true or false/ }
  )

  const app = await build(t, { asyncapi: { servers: { billing: {} } } })
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'asyncapi.servers.billing' is the name of no broker and of no cluster: there are default"
  })
})

t.test('what subscribers and publishers say about themselves is checked', async (t) => {
  const { broker } = await build(t)
  const endless: { self?: unknown } = {}
  endless.self = endless
  const wrong: Array<[object, RegExp]> = [
    [{ title: '' }, /'title' must be a string/],
    [{ description: 7 }, /'description' must be a string/],
    [{ tags: 'orders' }, /'tags' must be a list/],
    [{ tags: [''] }, /'tags' must be a string/],
    [{ deprecated: 'yes' }, /'deprecated' must be true or false/],
    [{ includeInSchema: 0 }, /'includeInSchema' must be true or false/],
    [{ examples: {} }, /'examples' must be a list/],
    [{ examples: [{ payload: 1 }] }, /'examples.payload' is not known: there are name, summary, value, headers/],
    [{ examples: [{ value: 1n }] }, /'examples' must be what JSON can write: no BigInt/],
    [{ examples: [{ headers: endless }] }, /'examples' must be what JSON can write/],
    [{ summary: 'x' }, /'summary' is not known/]
  ]
  for (const [options, message] of wrong) {
    const expected = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    t.throws(() => broker.subscriber('orders', options, () => {}), expected)
    t.throws(() => broker.publisher('orders', options), expected)
  }
})
