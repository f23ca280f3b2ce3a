import Fastify, { type FastifyRequest } from 'fastify'

/** A schema registry in memory, with as much of the API as the example asks for. */
export function buildRegistry () {
  const app = Fastify()
  const schemas: string[] = []

  const parser = async (_: FastifyRequest, body: string): Promise<unknown> => JSON.parse(body)
  app.addContentTypeParser('application/vnd.schemaregistry.v1+json', { parseAs: 'string' }, parser)

  app.post<{ Body: { schema: string } }>('/subjects/:subject/versions', async ({ body: { schema } }) => {
    if (!schemas.includes(schema)) schemas.push(schema)
    return { id: schemas.indexOf(schema) + 1 }
  })

  app.get<{ Params: { id: string } }>('/schemas/ids/:id', async ({ params: { id } }, reply) => {
    const schema = schemas[Number(id) - 1]
    return schema === undefined ? reply.code(404).send({ error_code: 40403, message: 'Schema not found' }) : { schema }
  })

  return app
}
