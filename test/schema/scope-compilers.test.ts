import Fastify, { type FastifyInstance } from 'fastify'
import t from 'tap'
import { compilersOf, hasCompilers, isFastifys, requestCompilers } from '../../lib/schema/scope-compilers.js'
import { kOwnRoute } from '../../lib/symbols.js'
import { memoryLog } from '../support/json-log.js'

interface Seen { readonly method: unknown, readonly url: string, readonly schema: unknown, readonly isOwn: unknown }

t.test('a scope gets one route for its compilers, which documents leave out and which is marked as ours', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const seen: Seen[] = []
  app.addHook('onRoute', ({ method, url, schema, config }) => {
    const { [kOwnRoute]: isOwn } = config as { [kOwnRoute]?: boolean }
    seen.push({ method, url, schema, isOwn })
  })
  requestCompilers(app)
  requestCompilers(app)
  await app.register(async (scope) => {
    requestCompilers(scope)
    requestCompilers(scope)
  })
  await app.ready()
  const route = { method: 'POST', schema: { hide: true, body: { content: {} }, response: {} }, isOwn: true }
  t.match(seen, [1, 2].map((n) => ({ ...route, url: `/.faststream/compilers/${n}` })))
  t.equal(seen.length, 2)
})

t.test('the route answers 404 without a line in the log, and before the body is read', async (t) => {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'trace', stream } })
  t.teardown(() => app.close())
  requestCompilers(app)
  await app.ready()
  const before = lines.length
  for (const payload of ['{', '{}']) {
    const response = await app.inject({
      method: 'POST', url: '/.faststream/compilers/1', payload, headers: { 'content-type': 'application/json' }
    })
    t.match(response.json(), { statusCode: 404 })
  }
  t.same(lines.slice(before), [])
})

t.test('a scope has compilers when Fastify has made them for it, or for one around it', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.equal(hasCompilers(app), false)
  requestCompilers(app)
  let inner: FastifyInstance | undefined
  await app.register(async (scope) => { inner = scope })
  await app.ready()
  t.equal(hasCompilers(app), true)
  t.equal(hasCompilers(inner!), true)
  t.ok(isFastifys(compilersOf(app).validator))
  t.equal(compilersOf(app).serializer, undefined)
})

t.test('a compiler that was set by hand is not one of Fastify', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const validator = () => () => true
  const serializer = () => () => '1'
  app.setValidatorCompiler(validator)
  t.equal(compilersOf(app).serializer, undefined, 'before the start there is none')
  app.setSerializerCompiler(serializer)
  t.same(compilersOf(app), { validator, serializer })
  t.notOk(isFastifys(validator))
})
