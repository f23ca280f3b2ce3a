import ValidatorFactory from '@fastify/ajv-compiler'
import { Type } from '@sinclair/typebox'
import { Ajv, type Options as AjvOptions } from 'ajv'
import type { DataValidationCxt } from 'ajv/dist/types/index.js'
import { Ajv2020 } from 'ajv/dist/2020.js'
import Fastify, {
  type FastifyInstance, type FastifySchemaCompiler, type FastifySerializerCompiler, type FastifyServerOptions
} from 'fastify'
import t, { type Test } from 'tap'
import { faststreamPlugin } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

/* Each way in which Fastify lets an app set its compilers: a route and a subscriber of one scope, and a publisher. */

type Compiler = FastifySchemaCompiler<unknown>
type Controller = NonNullable<FastifyServerOptions['schemaController']>
/** What Fastify really takes; its own types describe Ajv's `compile` instead. */
type BuildValidator = (schemas: object, options: object) => Compiler
type SerializerCompiler = FastifySerializerCompiler<unknown>

interface Way {
  readonly options?: FastifyServerOptions
  readonly app?: (app: FastifyInstance) => void
  readonly scope?: (scope: FastifyInstance) => void
}

const Pair = { type: 'array', prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false, minItems: 2 }

const compilerOf = (ajv: Ajv | Ajv2020): Compiler => ({ schema }) => ajv.compile(schema as object)
const building = (options: AjvOptions): BuildValidator => (schemas) => {
  const ajv = new Ajv2020(options)
  for (const schema of Object.values(schemas)) ajv.addSchema(schema)
  return compilerOf(ajv)
}
const strict = building({})
const coercing = building({ coerceTypes: true })
const factories = (buildValidator: BuildValidator): Controller => ({
  compilersFactory: { buildValidator }
}) as Controller

/** What becomes of a JSON text over HTTP, over Kafka, and of its value at a publisher. */
async function verdicts (t: Test, way: Way, schema: unknown, json: string): Promise<[unknown, unknown, unknown]> {
  const app = Fastify({ ...way.options })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  way.app?.(app)
  const received: unknown[] = []
  let publish: () => Promise<unknown> = async () => {}
  await app.register(async (scope) => {
    scope.post('/', { schema: { body: schema } }, async (request) => ({ value: request.body }))
    scope.broker.subscriber('in', { schema: { value: schema } }, (value) => { received.push({ value }) })
    const publisher = scope.broker.publisher('out', { schema: { value: schema } })
    publish = () => scope.broker.publish(publisher, JSON.parse(json))
    way.scope?.(scope)
  })
  const broker = await testBroker(app)
  const headers = { 'content-type': 'application/json' }
  const response = await app.inject({ method: 'POST', url: '/', payload: json, headers })
  await broker.publish('in', JSON.parse(json))
  await broker.settled()
  const published = await publish().then(() => 'sent', (error) => error.code)
  const http = response.statusCode === 200 ? response.json() : response.json().code
  const [kafka] = [...received, ...broker.errors.map(({ error }) => (error as { code?: string }).code)]
  return [http, kafka, published]
}

const REFUSED = ['FST_ERR_VALIDATION', 'FASTSTREAM_ERR_VALIDATION', 'FASTSTREAM_ERR_INVALID_MESSAGE']
const took = (value: unknown): unknown[] => [{ value }, { value }, 'sent']
const coerced = (value: unknown): unknown[] => [{ value }, { value }, 'FASTSTREAM_ERR_INVALID_MESSAGE']

const WAYS: Record<string, (build: BuildValidator) => Way> = {
  'a factory of the app': (build) => ({ options: { schemaController: factories(build) } }),
  'setSchemaController() of the app': (build) => ({ app: (app) => { app.setSchemaController(factories(build)) } }),
  'setSchemaController() of the scope': (build) => ({
    scope: (scope) => { scope.setSchemaController(factories(build)) }
  }),
  'setValidatorCompiler() of the app': (build) => ({ app: (app) => { app.setValidatorCompiler(build({}, {})) } }),
  'setValidatorCompiler() of the scope': (build) => ({
    scope: (scope) => { scope.setValidatorCompiler(build({}, {})) }
  }),
  'setValidatorCompiler() over a factory': (build) => ({
    options: { schemaController: factories(() => () => () => true) },
    scope: (scope) => { scope.setValidatorCompiler(build({}, {})) }
  })
}

for (const [title, way] of Object.entries(WAYS)) {
  t.test(`${title} decides for routes, subscribers and publishers`, async (t) => {
    t.same(await verdicts(t, way(strict), Pair, '[1,"a"]'), took([1, 'a']))
    t.same(await verdicts(t, way(strict), Pair, '["1","a"]'), REFUSED)
    t.same(await verdicts(t, way(strict), Pair, '[1,"a",2]'), REFUSED)
    t.same(await verdicts(t, way(strict), Type.Object({ n: Type.Integer() }), '{"n":"1"}'), REFUSED)
    t.same(await verdicts(t, way(coercing), Pair, '[1,"a"]'), took([1, 'a']))
    t.same(await verdicts(t, way(coercing), Pair, '["1","a"]'), coerced([1, 'a']))
    t.same(await verdicts(t, way(coercing), Type.Object({ n: Type.Integer() }), '{"n":"1"}'), coerced({ n: 1 }))
  })
}

t.test('options of Fastify({ ajv }) decide, though the plugin was not given them', async (t) => {
  const options: FastifyServerOptions = {
    ajv: {
      customOptions: {
        coerceTypes: false, keywords: [{ keyword: 'even', validate: (_: true, n: number) => n % 2 === 0 }]
      }
    }
  }
  const schema = { type: 'object', properties: { n: { type: 'integer', even: true } } }
  t.same(await verdicts(t, { options }, schema, '{"n":2}'), took({ n: 2 }))
  t.same(await verdicts(t, { options }, schema, '{"n":1}'), REFUSED)
  t.same(await verdicts(t, { options }, schema, '{"n":"2"}'), REFUSED)
})

t.test('a format that only the compiler of the app narrows binds its publishers', async (t) => {
  const ajv = new Ajv({ formats: { email: /@example\.com$/ } })
  const way: Way = { app: (app) => { app.setValidatorCompiler(compilerOf(ajv)) } }
  const schema = Type.String({ format: 'email' })
  t.same(await verdicts(t, way, schema, '"a@example.com"'), took('a@example.com'))
  t.same(await verdicts(t, way, schema, '"a@example.org"'), REFUSED)
})

t.test('a factory that adds options to that of Fastify decides', async (t) => {
  const factory = ValidatorFactory() as unknown as BuildValidator
  const way: Way = {
    options: {
      schemaController: factories((schemas, options) => factory(schemas, {
        ...options, customOptions: { coerceTypes: false }
      }))
    }
  }
  t.same(await verdicts(t, way, Type.Object({ n: Type.Integer() }), '{"n":"1"}'), REFUSED)
  t.same(await verdicts(t, way, Type.Object({ n: Type.Integer() }), '{"n":1}'), took({ n: 1 }))
})

t.test('a scope that adds schemas has another compiler than its app, also without a route', async (t) => {
  // Fastify leaves the compiler of the app behind and makes a new one by the factory.
  const way: Way = {
    app: (app) => { app.setValidatorCompiler(() => () => false) },
    scope: (scope) => { scope.addSchema({ $id: 'whole', type: 'integer' }) }
  }
  t.same(await verdicts(t, way, { type: 'array', items: { $ref: 'whole#' } }, '[1]'), took([1]))

  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const received: unknown[] = []
  app.post('/', { schema: { body: { type: 'object' } } }, async () => 'ok')
  await app.register(async (scope) => {
    scope.broker.subscriber('in', { schema: { value: { $ref: 'whole#' } } }, (value) => { received.push(value) })
    scope.addSchema({ $id: 'whole', type: 'integer' })
  })
  const broker = await testBroker(app)
  await broker.publish('in', 7)
  await broker.settled()
  t.same(received, [7])
})

for (const [title, set] of Object.entries<(bucket: NonNullable<Controller['bucket']>) => Way>({
  app: (bucket) => ({ options: { schemaController: { bucket } } }),
  scope: (bucket) => ({ scope: (scope) => { scope.setSchemaController({ bucket }) } })
})) {
  t.test(`a bucket of the ${title} gives the shared schemas`, async (t) => {
    const shared = { whole: { $id: 'whole', type: 'integer', minimum: 0 } }
    const way = set(() => ({ add: () => {}, getSchema: () => shared.whole, getSchemas: () => shared }) as never)
    const schema = { type: 'array', items: { $ref: 'whole#' } }
    t.same(await verdicts(t, way, schema, '[1]'), took([1]))
    t.same(await verdicts(t, way, schema, '["1"]'), coerced([1]))
    t.same(await verdicts(t, way, schema, '[-1]'), REFUSED)
  })
}

t.test('a coerced member is named by its JSON pointer; what a keyword makes of a text is no coercion', async (t) => {
  const ajv = new Ajv({
    coerceTypes: 'array',
    useDefaults: true,
    removeAdditional: true,
    keywords: [{
      keyword: 'date',
      modifying: true,
      validate (_: true, text: string, __?: object, place?: DataValidationCxt) {
        if (place !== undefined) place.parentData[place.parentDataProperty] = new Date(text)
        return true
      }
    }]
  })
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  app.setValidatorCompiler(compilerOf(ajv))
  const when = { type: 'string', date: true }
  const publisher = app.broker.publisher('out', {
    schema: {
      value: {
        type: 'object',
        additionalProperties: false,
        properties: {
          when,
          'a/b': { type: 'array', items: { type: 'object', properties: { n: { type: 'integer' } } } },
          tags: { type: 'array' },
          size: { type: 'string', default: 'm' }
        }
      }
    }
  })
  const broker = await testBroker(app)
  await publisher.publish({ when: '2026-01-01', extra: 1, 'a/b': [{ n: 1 }, { n: 2 }] })
  t.match(broker.published('out'), [{ value: { when: '2026-01-01', extra: 1, size: undefined } }])
  await t.rejects(publisher.publish({ 'a/b': [{ n: 1 }, { n: '2' }] }), {
    message: /value\/a~1b\/1\/n must be number$/
  })
  await t.rejects(publisher.publish({ 'a/b': [{ n: null }] }), { message: /value\/a~1b\/0\/n must be number$/ })
  await t.rejects(publisher.publish({ tags: 'a' }), { message: /value\/tags must be array$/ })
})

const shouting: SerializerCompiler = ({ schema, method, url, httpStatus }) => (data) => {
  const { id, ...rest } = data as { id: string }
  return JSON.stringify({
    ...rest, id: id.toUpperCase(), by: [(schema as { title?: string }).title, method, url, httpStatus]
  })
}
const Titled = Type.Object({ id: Type.String() }, { title: 'Order' })

const buildingSerializer = { compilersFactory: { buildSerializer: () => shouting } } as unknown as Controller

const SERIALIZERS: Record<string, Way> = {
  'a factory of the app': { options: { schemaController: buildingSerializer } },
  'setSchemaController() of the scope': { scope: (scope) => { scope.setSchemaController(buildingSerializer) } },
  'setSerializerCompiler() of the app': { app: (app) => { app.setSerializerCompiler(shouting) } },
  'setSerializerCompiler() of the scope': { scope: (scope) => { scope.setSerializerCompiler(shouting) } }
}

interface Publishing { readonly way: Way, readonly schema?: unknown, readonly values: readonly unknown[] }

async function published (t: Test, { way, schema = Titled, values }: Publishing): Promise<unknown[]> {
  const app = Fastify({ ...way.options })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  way.app?.(app)
  let publish: (value: unknown) => Promise<unknown> = async () => {}
  await app.register(async (scope) => {
    const publisher = scope.broker.publisher('orders', { schema: { value: schema }, key: 'k' })
    publish = (value) => scope.broker.publish(publisher, value)
    way.scope?.(scope)
    scope.get('/', { schema: { response: { 200: Titled } } }, async () => ({ id: 'a' }))
  })
  const broker = await testBroker(app)
  t.match((await app.inject('/')).json(), { id: /^[aA]$/ })
  for (const value of values) await publish(value)
  return broker.published('orders').map(({ value }) => value)
}

for (const [title, way] of Object.entries(SERIALIZERS)) {
  t.test(`a serializer set with ${title} writes what publishers send`, async (t) => {
    t.same(await published(t, { way, values: [{ id: 'a' }, null] }), [
      { id: 'A', by: ['Order', 'POST', 'orders', '200'] }, null
    ])
  })
}

t.test("Fastify's own serializer does not: what the schema does not know is checked, not removed", async (t) => {
  t.same(await published(t, { way: { options: {} }, values: [{ id: 'a', more: 1 }] }), [{ id: 'a', more: 1 }])
})

t.test('bytes are sent as they are, whatever the serializer', async (t) => {
  const way: Way = { app: (app) => { app.setSerializerCompiler(() => () => '"text"') } }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  way.app?.(app)
  const bytes = app.broker.publisher('orders', { schema: { value: Type.Uint8Array() } })
  const anything = app.broker.publisher('orders', { schema: { value: {} } })
  const broker = await testBroker(app)
  await bytes.publish(Buffer.from([1, 2]))
  await anything.publish(1)
  t.same(broker.published('orders').map(({ value }) => value), [Buffer.from([1, 2]), 'text'])
})

t.test('what a serializer writes is checked as readers will find it', async (t) => {
  const way = (json: unknown): Way => ({
    scope: (scope) => { scope.setSerializerCompiler(() => () => json as string) }
  })
  const rejected = async (json: unknown): Promise<unknown> => await publishOne(t, way(json))
  t.match(await rejected('{"id":1}'), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /value\/id must be string/ })
  t.match(await rejected('{"id"'), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /the serializer of its scope did not return JSON/
  })
  t.match(await rejected(undefined), { code: 'FASTSTREAM_ERR_ENCODE', message: /did not return a string/ })
  const failing: Way = {
    scope: (scope) => { scope.setSerializerCompiler(() => () => { throw new TypeError('no tenant') }) }
  }
  t.match(await publishOne(t, failing), { code: 'FASTSTREAM_ERR_ENCODE', message: /no tenant/, cause: TypeError })
})

t.test('a serializer that cannot be compiled fails the start and says where', async (t) => {
  for (const [compiler, message] of [
    [() => { throw new Error('unknown kind') }, /value schema of 'orders' cannot be compiled: unknown kind/],
    // eslint-disable-next-line no-throw-literal
    [() => { throw 'text' }, /value schema of 'orders' cannot be compiled: text/],
    [() => 'no function', /the serializer compiler of its scope must return a function/]
  ] as const) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin)
    app.setSerializerCompiler(compiler as never)
    app.broker.publisher('orders', { schema: { value: Titled } })
    await t.rejects(async () => await app.ready(), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message })
  }
})

async function publishOne (t: Test, way: Way): Promise<unknown> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  way.scope?.(app)
  const publisher = app.broker.publisher('orders', { schema: { value: Titled } })
  await testBroker(app)
  return await publisher.publish({ id: 'a' }).then(() => undefined, (error: unknown) => error)
}

t.test('the route that has Fastify make the compilers answers 404, before hooks and dependencies', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const urls: string[] = []
  app.addHook('onRoute', ({ url, schema }) => {
    if ((schema as { hide?: boolean } | undefined)?.hide === true) urls.push(url)
  })
  await app.register(faststreamPlugin, { asyncapi: false })
  app.setNotFoundHandler(async (_, reply) => reply.code(404).send('none'))
  const declare = async (scope: FastifyInstance): Promise<void> => {
    scope.broker.subscriber(`in.${urls.length}`, { schema: { value: {} } }, () => {})
    scope.broker.publisher('out', { schema: { value: {} } })
    scope.broker.publisher('plain')
  }
  app.register(declare, { prefix: '/same' })
  app.register(declare, { prefix: '/same' })
  app.broker.subscriber('plain', () => {})
  await app.ready()
  t.equal(urls.length, 2, 'one route per scope that has schemas')
  for (const url of urls) {
    const response = await app.inject({
      method: 'POST', url, payload: '{', headers: { 'content-type': 'application/json' }
    })
    t.match(response, { statusCode: 404, body: 'none' })
  }
})
