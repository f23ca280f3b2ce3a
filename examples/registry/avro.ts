import avsc from 'avsc'
import type { Codec } from 'fastify-faststream'
import { frame, unframe, type SchemaRegistry } from './schema-registry.js'

type Resolver = ReturnType<avsc.Type['createResolver']>

/** A codec of Avro: writes `schema`, and reads what any version of it has written as `schema` says. */
export async function avroCodec (registry: SchemaRegistry, subject: string, schema: avsc.Schema): Promise<Codec> {
  const type = avsc.Type.forSchema(schema)
  const ownId = await registry.register(subject, JSON.stringify(schema), 'AVRO')
  const resolverOf = registry.compiled((written) => type.createResolver(avsc.Type.forSchema(JSON.parse(written))))
  return {
    contentType: 'application/vnd.apache.avro',
    decode (bytes) {
      const { id, body } = unframe(bytes)
      const resolver = resolverOf(id)
      const read = (resolver: Resolver): unknown => plain(type.fromBuffer(body, resolver))
      return resolver instanceof Promise ? resolver.then(read) : read(resolver)
    },
    encode: (value) => frame(ownId, type.toBuffer(value))
  }
}

/** The records of avsc have classes of their own. */
function plain (value: unknown): unknown {
  return structuredClone(value)
}
