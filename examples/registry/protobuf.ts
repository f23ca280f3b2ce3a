import protobuf from 'protobufjs'
import type { Codec } from 'fastify-faststream'
import { frame, unframe, type SchemaRegistry } from './schema-registry.js'

/** Deeper than any message is declared. */
const MAX_INDEXES = 16
const FORM: protobuf.IConversionOptions = { longs: String, enums: String, bytes: Array, defaults: true }

/** A codec of Protobuf: writes the first message of `schema`, and reads any message of any schema in the registry. */
export async function protobufCodec (registry: SchemaRegistry, subject: string, schema: string): Promise<Codec> {
  const own = messageAt(parse(schema), [0])
  const ownId = await registry.register(subject, schema, 'PROTOBUF')
  const schemaOf = registry.compiled(parse)
  return {
    contentType: 'application/vnd.google.protobuf',
    decode (bytes) {
      const { id, body } = unframe(bytes)
      const schema = schemaOf(id)
      const read = (schema: protobuf.NamespaceBase): unknown => {
        const reader = protobuf.Reader.create(body)
        const type = messageAt(schema, readIndexes(reader))
        return type.toObject(type.decode(reader), FORM)
      }
      return schema instanceof Promise ? schema.then(read) : read(schema)
    },
    encode (value) {
      const message = own.fromObject(Object(value))
      // One byte says that it is the first message of its schema.
      return frame(ownId, own.encode(message, protobuf.Writer.create().uint32(0)).finish())
    }
  }
}

/** The package that a schema declares: its messages are counted there. */
function parse (schema: string): protobuf.NamespaceBase {
  const { root, package: name } = protobuf.parse(schema, { keepCase: true })
  const found = name === undefined || name === null ? root : root.lookup(name)
  if (found instanceof protobuf.Namespace) return found
  throw new Error(`a schema without its package '${name}'`)
}

/** The place of a message in its schema: `[1, 0]` is the first message inside of the second one. */
function messageAt (schema: protobuf.NamespaceBase, indexes: readonly number[]): protobuf.Type {
  let found = schema
  for (const index of indexes) {
    const message = found.nestedArray.filter((nested) => nested instanceof protobuf.Type)[index]
    if (message === undefined) throw new Error(`the schema has no message at ${indexes.join('.')}`)
    found = message
  }
  if (found instanceof protobuf.Type) return found
  throw new Error('the schema has no message')
}

/** Their number, then each of them, as zigzag varints; a number of 0 stands for `[0]`. */
function readIndexes (reader: protobuf.Reader): readonly number[] {
  const count = reader.sint32()
  if (count === 0) return [0]
  if (count < 0 || count > MAX_INDEXES) throw new Error(`a message that is nested ${count} times`)
  return Array.from({ length: count }, () => reader.sint32())
}
