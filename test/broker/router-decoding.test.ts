import t, { type Test } from 'tap'
import { KafkaRouter, type Codec, type IncludeOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const PLACES = ['broker', 'scope', 'include', 'router', 'subscriber'] as const

/** Options that leave the name of their place in the value. */
const OPTIONS = {
  decoder: (place: string): IncludeOptions => ({ decoder: ({ rawValue }) => `${place} ${String(rawValue)}` }),
  parser: (place: string): IncludeOptions => ({
    parser: ({ rawValue }) => ({ value: Buffer.from(`"${place} ${String(rawValue)}"`) })
  }),
  codec: (place: string): IncludeOptions => ({ codec: { value: codecOf(place) } })
}

function codecOf (place: string): Codec {
  return {
    contentType: 'text/plain',
    encode: (value) => `${place} ${String(value)}`,
    decode: (bytes) => `${place} ${String(bytes)}`
  }
}

/** What a subscriber of a router gets, with options in the outermost places. */
async function decoded (t: Test, places: number, optionsOf: (place: string) => IncludeOptions): Promise<unknown[]> {
  const options = Object.fromEntries(PLACES.slice(0, places).map((place) => [place, optionsOf(place)]))
  const app = await build(t, options.broker)
  const router = new KafkaRouter(options.router)
  const seen: unknown[] = []
  router.subscriber('orders', options.subscriber ?? {}, (value) => { seen.push(value) })
  app.broker.includeRouter(router, options.include)
  app.broker.options(options.scope ?? {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  return seen
}

// FastStream takes the first parser and the first decoder from the broker on, so a router cannot replace them.
async function nearestDecodes (t: Test, optionsOf: (place: string) => IncludeOptions): Promise<void> {
  for (const [index, place] of PLACES.entries()) t.same(await decoded(t, index + 1, optionsOf), [`${place} 1`])
}

t.test('the nearest parser decodes', async (t) => await nearestDecodes(t, OPTIONS.parser))
t.test('the nearest decoder decodes', async (t) => await nearestDecodes(t, OPTIONS.decoder))
t.test('the nearest codec decodes', async (t) => await nearestDecodes(t, OPTIONS.codec))

t.test('decoders of all places are around each other', async (t) => {
  const around = (place: string): IncludeOptions => ({ decoder: (_, original) => `${place} ${String(original())}` })
  t.same(await decoded(t, PLACES.length, around), [`${[...PLACES].reverse().join(' ')} 1`])
})

t.test('a publisher of a router encodes with the codec of the router', async (t) => {
  const app = await build(t, { codec: codecOf('broker') })
  const router = new KafkaRouter({ codec: codecOf('router') })
  const done = router.publisher('done')
  const own = router.publisher('own', { codec: codecOf('own') })
  app.broker.includeRouter(router, { codec: codecOf('include') })
  const broker = await testBroker(app)
  await done.publish('a')
  await own.publish('a')
  t.match(broker.published('done'), [{ rawValue: Buffer.from('router a') }])
  t.match(broker.published('own'), [{ rawValue: Buffer.from('own a') }])
})

t.test('a subscriber of a router has cases, and a filter', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter({ prefix: 'eu.', tags: ['eu'] })
  const seen: unknown[] = []
  const orders = router.subscriber('orders', {
    by: ({ headers }) => headers.type,
    cases: {
      placed: { handler: (value) => { seen.push(['placed', value]) } },
      paid: { handler: (value) => { seen.push(['paid', value]) } }
    },
    otherwise: 'skip'
  })
  router.subscriber('returns', { filter: ({ headers }) => headers.type === 'own' }, (value) => { seen.push(value) })
  app.broker.includeRouter(router)
  const broker = await testBroker(app)
  t.same(orders.topics, ['eu.orders'])
  for (const type of ['placed', 'paid', 'other']) await broker.publish('eu.orders', 1, { headers: { type } })
  await broker.publish('eu.returns', 2, { headers: { type: 'own' } })
  await broker.publish('eu.returns', 3)
  await broker.settled()
  t.same(seen.map(String).sort(), ['2', 'paid,1', 'placed,1'])
})

t.test('middlewares of all places are around each other, the outermost first', async (t) => {
  const seen: string[] = []
  const noting = (place: string): IncludeOptions => ({
    middlewares: [{ consumeScope: async (next) => { seen.push(place); return await next() } }]
  })
  const app = await build(t, noting('broker'))
  const router = new KafkaRouter(noting('router'))
  router.subscriber('orders', noting('subscriber'), () => {})
  app.broker.includeRouter(router, noting('include'))
  app.broker.options(noting('scope'))
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [...PLACES])
})
