import t from 'tap'
import type { Codec, Decoder, Parser } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const reversed: Codec = {
  contentType: 'application/x-reversed',
  decode: (bytes) => [...String(bytes)].reverse().join(''),
  encode: (value) => [...String(value)].reverse().join('')
}

t.test('a scope gives its codec to subscribers, publishers and plain publishes in it', async (t) => {
  const app = await build(t, { codec: 'json' })
  const seen: unknown[] = []
  app.register(async (scope) => {
    scope.broker.subscriber('in', (value) => { seen.push(value) })
    const declared = scope.broker.publisher('declared')
    scope.get('/', async ({ broker }) => {
      await broker.publish(declared, 'abc')
      await broker.publish('in', 'abc')
      await scope.broker.publish('in', 'xyz')
    })
    scope.broker.options({ codec: reversed })
  })
  app.broker.subscriber('out', (value) => { seen.push(value) })
  const broker = await testBroker(app)
  t.equal((await app.inject('/')).statusCode, 200)
  await app.broker.publish('out', 'abc')
  await broker.settled()
  t.same(seen.sort(), ['abc', 'abc', 'xyz'])
  const wire = (topic: string) => broker.published(topic).map(({ rawValue }) => String(rawValue)).sort()
  t.same([wire('declared'), wire('in'), wire('out')], [['cba'], ['cba', 'zyx'], ['"abc"']])
})

t.test('decoders of scopes are called from the nearest to the outermost', async (t) => {
  const noting = (name: string): Decoder => async (_, original) => `${name}(${await original()})`
  const app = await build(t, { decoder: noting('app') })
  const seen: unknown[] = []
  app.register(async (scope) => {
    scope.broker.options({ decoder: noting('scope') })
    scope.broker.subscriber('in', { decoder: noting('subscriber') }, (value) => { seen.push(value) })
  })
  const broker = await testBroker(app)
  await broker.publish('in', 'x')
  await broker.settled()
  t.same(seen, ['subscriber(scope(app(x)))'])
})

t.test('the codec json writes what the serializer of the app makes; others get the value', async (t) => {
  const app = await build(t)
  app.setSerializerCompiler(() => () => '{"serialized":true}')
  const schema = { value: { type: 'object', properties: { id: { type: 'string' } } } }
  const all: Codec = { encode: (value) => Buffer.from(JSON.stringify(value)), decode: String }
  const publishers = ([undefined, 'json', all] as const).map((codec, i) => {
    return app.broker.publisher(`orders-${i}`, { schema, codec })
  })
  const broker = await testBroker(app)
  for (const publisher of publishers) await publisher.publish({ id: '1', unknown: true })
  t.same(publishers.map(({ topic }) => broker.published(topic).map(({ rawValue }) => String(rawValue))), [
    ['{"serialized":true}'], ['{"serialized":true}'], ['{"id":"1","unknown":true}']
  ])
})

t.test('a key is written and read by the codec for keys, where a schema says that it is one', async (t) => {
  const app = await build(t)
  const seen: unknown[] = []
  const schema = { key: { type: 'string' } }
  app.broker.options({ codec: { key: reversed } })
  const described = app.broker.publisher('described', { schema })
  const plain = app.broker.publisher('plain')
  app.broker.subscriber('described', { schema }, (_, { key, rawKey }) => { seen.push([key, String(rawKey)]) })
  app.broker.subscriber('plain', (_, { key, rawKey }) => { seen.push([String(key), String(rawKey)]) })
  const parser: Parser = async (_, original) => ({ ...await original(), key: Buffer.from('parsed') })
  app.broker.subscriber('plain', { groupId: 'parsed', parser }, (_, { key }) => { seen.push([String(key)]) })
  const broker = await testBroker(app)
  await described.publish(1, { key: 'abc' })
  await broker.settled()
  await plain.publish(1, { key: 'abc' })
  await broker.settled()
  t.same(seen.slice(0, 1), [['abc', 'cba']])
  t.same(seen.slice(1).sort(), [['abc', 'abc'], ['parsed']])
})
