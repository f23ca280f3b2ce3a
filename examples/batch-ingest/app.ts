import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { dependency, type FaststreamOptions } from 'fastify-faststream'
import { ReadingStore } from './store.js'

const ReadingSchema = Type.Object({
  sensor: Type.String(), at: Type.String(), celsius: Type.Number({ minimum: -273.15 })
}, { $id: 'Reading' })
const SummarySchema = Type.Object({
  partition: Type.Integer(), readings: Type.Integer(), highest: Type.Number()
}, { $id: 'Summary' })

/** Made once per batch. */
const store = dependency('store', (_, { app }) => app.readings)

declare module 'fastify' {
  interface FastifyInstance { readings: ReadingStore }
}

/** `POST /readings` → topic `readings` → one insert per batch → topic `summaries`. */
export async function build (options: FastifyServerOptions, kafka: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  app.decorate('readings', new ReadingStore())
  await app.register(faststreamPlugin, { groupId: 'ingest', ...kafka })

  const readings = app.broker.publisher('readings', { schema: { value: ReadingSchema }, key: ({ sensor }) => sensor })
  const summaries = app.broker.publisher('summaries', { schema: { value: SummarySchema } })

  // A client sends many readings at once, and they are published in one call.
  app.post('/readings', { schema: { body: Type.Array(ReadingSchema) } }, async (request, reply) => {
    const places = await request.broker.publishBatch(readings, request.body.map((value) => ({ value })))
    return reply.code(202).send({ accepted: places.length })
  })

  app.broker.subscriber('readings', {
    batch: { maxSize: 200, timeout: 100 },
    schema: { value: ReadingSchema },
    deps: { store },
    publish: summaries
  }, async function ingest (values, { deps, partition, log }) {
    await deps.store.insert(values)
    log.info({ readings: values.length }, 'readings stored')
    return [{ partition, readings: values.length, highest: Math.max(...values.map(({ celsius }) => celsius)) }]
  })

  app.get('/readings', async () => ({ stored: app.readings.size, inserts: app.readings.inserts }))

  return app
}
