import t, { type Test } from 'tap'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { Ajv } from 'ajv'
import ts from 'typescript'
import Fastify, {
  type FastifyInstance, type FastifyReply, type FastifyRequest, type FastifyServerOptions
} from 'fastify'
import faststreamPlugin, { type AsyncapiOptions } from '../../index.js'
import { exampleOf } from '../../lib/asyncapi/page/example.js'
import { Pointers } from '../../lib/asyncapi/page/json.js'
import { typescriptOf } from '../../lib/asyncapi/page/typescript.js'
import { testBroker } from '../../lib/testing/index.js'
import { torture } from '../support/torture.js'

/* What the server gives a browser. What comes of it there is proven in test/browser/. */

async function build (t: Test, asyncapi: AsyncapiOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { asyncapi })
  return app
}

/** Of the attributes of the page, resolved as a browser does. */
async function files (app: FastifyInstance, url: string): Promise<string[]> {
  const { body } = await app.inject(url)
  return [...body.matchAll(/(?:href|src)="([^"]*static[^"]*)"/g)].map(
    ([, path = '']) => new URL(path, `http://localhost${url}`).pathname
  )
}

t.test('the page has no content but the names of its files, and a policy that allows nothing else', async (t) => {
  const app = await build(t)
  const { statusCode, headers, body } = await app.inject('/asyncapi')
  t.equal(statusCode, 200)
  t.match(headers, {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-cache',
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'content-security-policy': /^default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; .*frame-ancestors 'none'$/
  })
  t.match(body, '<title>fastify-faststream</title>')
  t.notMatch(body, /<style|<script>|style=| on\w+=|data-publish|data-openapi|data-logo|theme/)
})

t.test('every route of the page has a policy, and an image that is opened by itself runs no script', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  // The policy of an app, as of @fastify/helmet, is made for other pages.
  app.addHook('onRequest', async (_, reply) => {
    reply.header('content-security-policy', "script-src 'unsafe-inline'")
  })
  const image = {
    type: 'image/svg+xml', content: '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
  }
  const asyncapi = {
    logo: image, theme: { css: 'body { color: red }', favicon: image }, publish: { authorize: () => true }
  }
  await app.register(faststreamPlugin, { asyncapi })
  app.broker.publisher('orders')
  await testBroker(app)
  const [logo = ''] = /(?<=data-logo=")[^"]+/.exec((await app.inject('/asyncapi')).body) ?? []
  const urls = ['/asyncapi', '/asyncapi/json', '/asyncapi/yaml', `/asyncapi/${logo}`, ...await files(app, '/asyncapi')]
  t.equal(urls.length, 8)
  const answers = await Promise.all(urls.map(async (url) => await app.inject(url)))
  answers.push(await app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders', payload: { value: 'x' } }))
  for (const { statusCode, headers } of answers) {
    const isImage = headers['content-type'] === 'image/svg+xml'
    t.match({ statusCode, headers }, { statusCode: 200, headers: { 'x-content-type-options': 'nosniff' } })
    t.match(
      headers['content-security-policy'],
      isImage ? /^default-src 'none';.*; sandbox$/ : /^default-src 'none'; script-src 'self';/
    )
  }
})

t.test('a login page that a hook answers with keeps the policy of the app', async (t) => {
  const preHandler = async (
    _: FastifyRequest, reply: FastifyReply
  ): Promise<unknown> => await reply.code(401).type('text/html').send('<form></form>')
  const app = await build(t, { hooks: { preHandler } })
  t.match(await app.inject('/asyncapi'), { statusCode: 401, headers: { 'content-security-policy': undefined } })
})

t.test('a browser that has the page in its cache gets a 304', async (t) => {
  const app = await build(t)
  const { headers: { etag } } = await app.inject('/asyncapi')
  t.match(
    await app.inject({ url: '/asyncapi', headers: { 'if-none-match': String(etag) } }), { statusCode: 304, body: '' }
  )
  t.equal(
    (await app.inject({ url: '/asyncapi/', headers: { 'if-none-match': String(etag) } })).statusCode,
    200,
    'elsewhere its links are others'
  )
})

t.test('its files are found from wherever it is', async (t) => {
  const app = await build(t)
  for (const url of ['/asyncapi', '/asyncapi/', '/asyncapi?theme=dark']) {
    t.equal((await files(app, url)).length, 3)
    for (const file of await files(app, url)) t.equal((await app.inject(file)).statusCode, 200, file)
  }
  const lenient = await build(t, {}, { routerOptions: { ignoreTrailingSlash: true } })
  for (const url of ['/asyncapi', '/asyncapi/']) {
    t.equal((await lenient.inject((await files(lenient, url))[0] as string)).statusCode, 200)
  }
  const root = await build(t, { routePrefix: '' })
  t.equal((await root.inject((await files(root, '/'))[0] as string)).statusCode, 200)
})

t.test('what stands in the address stays an address', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(
    async (scope) => { await scope.register(faststreamPlugin, { asyncapi: { routePrefix: '' } }) },
    { prefix: '/:tenant' }
  )
  for (const tenant of ['"><script>', 'javascript:alert(1)', '&quot;']) {
    const { statusCode, body } = await app.inject(`/${encodeURI(tenant)}`)
    t.equal(statusCode, 200)
    t.same(
      [...body.matchAll(/(?<=<script)[^>]*/g)].map(([attributes]) => attributes.replace(/[0-9a-f]{12}/, '')),
      [` src="./${encodeURI(tenant).replace('&', '&#38;')}/static/page..js"`]
    )
  }
})

t.test('a file of the page never changes, and comes compressed to whom that is right', async (t) => {
  const app = await build(t)
  for (const url of await files(app, '/asyncapi')) {
    const get = async (acceptEncoding?: string) => await app.inject({
      url, headers: acceptEncoding === undefined ? {} : { 'accept-encoding': acceptEncoding }
    })
    const plain = await get()
    t.match(plain.headers, {
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
      'x-content-type-options': 'nosniff',
      'content-encoding': undefined
    })
    t.match(url, /\/static\/(page\.[0-9a-f]{12}\.(js|css)|favicon\.[0-9a-f]{12}\.svg)$/)
    t.match(
      plain.headers['content-type'],
      { js: /^text\/javascript/, css: /^text\/css/, svg: /^image\/svg/ }[url.split('.').at(-1) as 'js']
    )
    for (const [accepted, encoding] of [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip;q=0.5, BR;q=0.1', 'br'],
      ['gzip', 'gzip'],
      ['br;q=0, gzip;q=1', 'gzip'],
      ['br;q=0.0', undefined],
      ['identity', undefined],
      ['*', undefined]
    ] as const) {
      const { headers, rawPayload } = await get(accepted)
      t.equal(headers['content-encoding'], encoding, accepted)
      t.same(
        encoding === undefined ? rawPayload : { br: brotliDecompressSync, gzip: gunzipSync }[encoding](rawPayload),
        plain.rawPayload
      )
    }
  }
  t.equal((await app.inject('/asyncapi/static/page.000000000000.js')).statusCode, 404)
  t.equal((await app.inject('/asyncapi/static/..%2Fpackage.json')).statusCode, 404)
})

t.test('a long document comes compressed, too, with an ETag of its own', async (t) => {
  const app = await build(t, { info: { description: 'long '.repeat(1000) } })
  const [plain, zipped] = [
    await app.inject('/asyncapi/json'),
    await app.inject({ url: '/asyncapi/json', headers: { 'accept-encoding': 'br, gzip' } })
  ]
  t.match(zipped.headers, {
    'content-encoding': 'gzip', vary: 'accept-encoding', 'content-type': 'application/json; charset=utf-8'
  })
  t.equal(gunzipSync(zipped.rawPayload).toString(), plain.body)
  t.not(zipped.headers.etag, plain.headers.etag)
  t.same(
    (await app.inject({ url: '/asyncapi/json', headers: { 'accept-encoding': 'gzip' } })).rawPayload, zipped.rawPayload
  )
  t.equal(
    (await app.inject({
      url: '/asyncapi/json', headers: { 'accept-encoding': 'gzip', 'if-none-match': String(zipped.headers.etag) }
    })).statusCode,
    304
  )
  t.equal(
    (await app.inject({ url: '/asyncapi/json', headers: { 'if-none-match': String(zipped.headers.etag) } })).statusCode,
    200
  )
})

t.test('its title is the document’s, as text', async (t) => {
  t.match(
    (await (await build(t, { info: { title: '</title><script>alert("1" & \'2\')' } })).inject('/asyncapi')).body,
    '<title>&#60;/title&#62;&#60;script&#62;alert(&#34;1&#34; &#38; &#39;2&#39;)</title>'
  )
})

t.test('a theme and a logo are files of their own', async (t) => {
  const content = '<svg xmlns="http://www.w3.org/2000/svg"/>'
  const app = await build(t, {
    theme: {
      title: 'Topics', css: 'body { color: red }', favicon: { type: 'image/png', content: Buffer.from([1, 2, 3]) }
    },
    logo: { type: 'image/svg+xml', content }
  })
  const { body } = await app.inject('/asyncapi/')
  t.match(body, '<title>Topics</title>')
  const [logo = ''] = /(?<=data-logo=")[^"]+/.exec(body) ?? []
  t.match(await app.inject(`/asyncapi/${logo}`), {
    statusCode: 200, body: content, headers: { 'content-type': 'image/svg+xml' }
  })
  const [favicon = '', page = '', theme = ''] = await files(app, '/asyncapi/').then(
    (found) => found.filter((path) => !path.includes('logo'))
  )
  t.match(page, 'page.')
  t.same((await app.inject(favicon)).rawPayload, Buffer.from([1, 2, 3]))
  t.match(await app.inject({ url: theme, headers: { 'accept-encoding': 'br, gzip' } }), {
    body: 'body { color: red }', headers: { 'content-type': 'text/css; charset=utf-8', 'content-encoding': undefined }
  })
})

t.test('it says whether one can publish', async (t) => {
  const app = await build(t, { publish: { authorize: () => true } })
  t.match((await app.inject('/asyncapi')).body, '<html lang="en" data-publish="">')
})

t.test('it knows @fastify/swagger-ui at its usual place, near or at the root', async (t) => {
  // A route that no other test has.
  const swagger = async (scope: FastifyInstance): Promise<void> => {
    scope.get('/documentation/static/swagger-initializer.js', async () => '')
  }
  const near = await build(t, { routePrefix: '/docs/topics' })
  await near.register(swagger)
  t.match((await near.inject('/docs/topics')).body, 'data-openapi="../../documentation"')
  for (const [prefix, path] of [['/v1', '../documentation'], ['', '../../documentation']] as const) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(async (scope) => { await scope.register(faststreamPlugin) }, { prefix: '/v1' })
    await app.register(swagger, { prefix })
    t.match((await app.inject('/v1/asyncapi')).body, `data-openapi="${path}"`)
  }
})

t.test('an example that is made from a schema is one', async (t) => {
  const app = await torture(undefined)
  t.teardown(() => app.close())
  await testBroker(app)
  // All but patterns, for which it would take a solver.
  const document = JSON.parse(JSON.stringify(app.asyncapi()), (key, value) => key === 'pattern' ? undefined : value)
  const more = {
    Bounds: {
      type: 'object',
      required: ['a', 'b', 'c', 'd', 'e'],
      properties: {
        a: { type: 'integer', exclusiveMinimum: 3 },
        b: { type: 'number', maximum: -2.5 },
        c: { type: 'integer', multipleOf: 7, minimum: 8 },
        d: { type: 'string', minLength: 9, maxLength: 9 },
        e: { type: 'integer', exclusiveMaximum: 0 }
      }
    },
    Merged: {
      allOf: [
        { type: 'object', required: ['a'], properties: { a: { const: 1 } } }, { $ref: '#/components/schemas/Money' }
      ]
    },
    Either: {
      type: 'object',
      required: ['kind', 'id'],
      properties: { id: { type: 'string' } },
      oneOf: [{ properties: { kind: { const: 'a' } } }, { properties: { kind: { const: 'b' } } }]
    },
    Anything: true,
    Lists: { type: 'array', minItems: 2, items: { type: ['null', 'boolean'] } }
  }
  Object.assign(document.components.schemas, more)
  const ajv = new Ajv({ strict: false, validateFormats: false }).addSchema(document, 'document')
  for (const name of Object.keys(document.components.schemas)) {
    const $ref = `#/components/schemas/${name}`
    const example = exampleOf({ $ref }, new Pointers(document))
    t.ok(ajv.validate({ $ref: `document${$ref}` }, example), `${name}: ${JSON.stringify(example)} ${ajv.errorsText()}`)
  }
})

t.test('a schema is written as TypeScript, whatever its names and descriptions are', async (t) => {
  const schemas = {
    'my order': {
      type: 'object',
      required: ['id'],
      properties: { id: { const: 1 }, 'a-b': { $ref: '#/components/schemas/my_order' } }
    },
    my_order: { anyOf: [{ $ref: '#/components/schemas/my_order' }, { type: 'null' }] },
    '1st': { type: ['string', 'integer', 'null'] },
    '': { not: {} }
  }
  const pointers = new Pointers({ components: { schemas } })
  const write = (schema: unknown): string => typescriptOf(schema, pointers, 'Value')
  const to = (name: string) => ({ $ref: `#/components/schemas/${name}` })
  const cases: Array<[schema: unknown, types: string]> = [
    [
      to('my order'),
      'export type my_order = {\n  id: 1\n  "a-b"?: my_order2\n}\n\nexport type my_order2 = my_order2 | null\n'
    ],
    [
      { type: 'array', items: to('1st') },
      'export type Value = Array<_1st>\n\nexport type _1st = string | number | null\n'
    ],
    [{ items: [{ type: 'boolean' }, {}] }, 'export type Value = [boolean, unknown]\n'],
    [{ type: 'array' }, 'export type Value = Array<unknown>\n'],
    [{ enum: ['a', 1, null, {}] }, 'export type Value = "a" | 1 | null | unknown\n'],
    [{ enum: [] }, 'export type Value = never\n'],
    [{ not: {} }, 'export type Value = never\n'],
    [{ type: 'file' }, 'export type Value = unknown\n'],
    [{ type: 'object' }, 'export type Value = Record<string, unknown>\n'],
    [{ additionalProperties: { type: 'number' } }, 'export type Value = Record<string, number>\n'],
    [
      { properties: { a: {} }, oneOf: [{ type: 'string' }, { type: 'number' }] },
      'export type Value = {\n  a?: unknown\n} & (string | number)\n'
    ],
    [
      {
        type: 'object',
        description: 'Ends */ here\nand goes on',
        properties: { a: { type: 'string', description: ' ' } }
      },
      '/** Ends * / here and goes on */\nexport type Value = {\n  a?: string\n}\n'
    ],
    [to(''), 'export type Schema = never\n']
  ]
  for (const [schema, types] of cases) {
    t.equal(write(schema), types)
    t.same(ts.transpileModule(types, { reportDiagnostics: true }).diagnostics, [])
  }
  const deep = Array.from({ length: 50 }).reduce<object>((items) => ({ type: 'array', items }), {})
  t.match(write(deep), 'Array<unknown>')
})

t.test('a few schemas that refer to each other many times make no endless example', async (t) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j']
  const schemas = Object.fromEntries(names.map(
    (name) => [
      name,
      {
        type: 'object',
        required: names,
        properties: Object.fromEntries(names.map((name) => [name, { $ref: `#/components/schemas/${name}` }]))
      }
    ]
  ))
  t.ok(JSON.stringify(exampleOf(schemas.a, new Pointers({ components: { schemas } }))).length < 100_000)
})

t.test('an app without the files of the page says where they must be, and from where they are copied', async (t) => {
  type Assets = typeof import('../../lib/asyncapi/site/page-assets.js')
  const { loadAssets } = await t.mockImport<Assets>('../../lib/asyncapi/site/page-assets.js', {
    'node:fs': { readFileSync: () => { throw new Error('ENOENT') } }
  })
  const cure = /'asyncapi' must be false, or the files of its page must be in .*static.*: copy them from 'node_modules\/fastify-faststream/
  t.throws(() => loadAssets({ theme: {}, logo: undefined }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: cure })
})
