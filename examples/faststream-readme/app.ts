import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'

// FastStream: class DataBasic(BaseModel), with Field(..., examples=[0.5], description='Float data example').
export const DataBasic = Type.Object({
  data: Type.Number({ minimum: 0, examples: [0.5], description: 'Float data example' })
}, { $id: 'DataBasic' })

// FastStream: class User(BaseModel), with Field(..., examples=['John']) and PositiveInt.
export const User = Type.Object({
  user: Type.String({ examples: ['John'], description: 'Name of the user' }),
  user_id: Type.Integer({ exclusiveMinimum: 0, examples: [1], description: 'Number of the user' })
}, { $id: 'User' })

/** The two programs of FastStream's README: `input_data` → `output_data`, and the user service `in` → `out`. */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, faststream)

  // FastStream: @broker.publisher('output_data') above @broker.subscriber('input_data').
  const outputData = app.broker.publisher('output_data', { schema: { value: DataBasic } })
  app.broker.subscriber('input_data', {
    schema: { value: DataBasic }, publish: outputData
  }, async function onInputData ({ data }, { log }) {
    log.info({ data }, 'data received')
    return { data: data + 1 }
  })

  const out = app.broker.publisher('out', { schema: { value: Type.String() } })
  app.broker.subscriber('in', {
    schema: { value: User }, publish: out
  }, async function handleMsg ({ user, user_id: id }) {
    return `User: ${user} - ${id} registered`
  })

  // What the README does by a test only: a route that publishes, checked by the same schema.
  const input = app.broker.publisher('input_data', { schema: { value: DataBasic } })
  app.post('/data', { schema: { body: DataBasic } }, async (request, reply) => {
    await request.broker.publish(input, request.body)
    return reply.code(202).send()
  })

  return app
}
