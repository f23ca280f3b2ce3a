/* Checked by `tsc`, never run: codecs, decoders and parsers. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, {
  NackMessage, type Codec, type CodecOption, type Decoder, type EncodedMessage, type MessageParts, type Parser
} from '../index.js'
import { expectEqual, expectType } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const KeySchema = Type.Object({ id: Type.Integer() })

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
const codec: Codec = {
  contentType: 'application/x',
  decode: async (bytes, message, part) => {
    expectEqual<typeof bytes, Buffer>(true)
    expectEqual<typeof message, EncodedMessage>(true)
    expectEqual<typeof part, 'value' | 'key'>(true)
    expectEqual<typeof message.rawValue, Buffer | null>(true)
    expectType<string | undefined>(message.headers.any)
    return 1
  },
  encode: (value, topic) => ({ bytes: topic, headers: { a: [String(value)] } })
}
await app.register(faststreamPlugin, { codec, decoder: (message) => message.rawValue.length, parser: () => ({}) })
await app.register(faststreamPlugin, { codec: { value: 'json', key: codec } })
// @ts-expect-error no such codec
await app.register(faststreamPlugin, { codec: 'avro' })
// @ts-expect-error headers have no codec
await app.register(faststreamPlugin, { codec: { headers: 'json' } })
// @ts-expect-error encode is missing
const half: Codec = { decode: String }
// @ts-expect-error an encode that is asynchronous would not keep the order of the calls
const late: Codec = { decode: String, encode: async () => 'x' }
expectType<CodecOption>(half ?? late)

// The type of the value is that of the schema, whatever decodes it
app.broker.subscriber('orders', { codec, schema: { value: OrderSchema } }, (order) => {
  expectEqual<typeof order, { id: string, total: number }>(true)
})
app.broker.subscriber('orders', { codec: 'text' }, (line, { key }) => {
  expectEqual<typeof line, unknown>(true)
  expectEqual<typeof key, Buffer | null>(true)
})
app.broker.subscriber('orders', { codec: { key: 'json' }, schema: { key: KeySchema } }, (value, { key }) => {
  expectEqual<typeof key, { id: number }>(true)
  expectEqual<typeof value, unknown>(true)
})

// A key is what its schema says
app.broker.publisher('orders', {
  codec: { key: 'json' }, schema: { value: OrderSchema, key: KeySchema }, key: ({ total }) => ({ id: total })
})
app.broker.publisher('orders', { schema: { value: OrderSchema, key: Type.String() }, key: ({ id }) => id })
app.broker.publisher('orders', {
  codec: { key: 'json' },
  schema: { value: OrderSchema, key: KeySchema },
  // @ts-expect-error the schema of the key wants a number
  key: ({ id }) => ({ id })
})
const orders = app.broker.publisher('orders', { codec, schema: { value: OrderSchema } })
await orders.publish(null, { key: { id: 1 } })
// @ts-expect-error what is published is checked against the schema, whatever encodes it
await orders.publish('x')
// @ts-expect-error publishers decode nothing
app.broker.publisher('orders', { decoder: String })

// Decoders and parsers
const decoder: Decoder = async (message, original) => {
  expectEqual<typeof message.rawValue, Buffer>(true)
  const value = original(message.rawValue.subarray(1))
  expectEqual<typeof value, unknown>(true)
  if (value === undefined) throw new NackMessage({ delay: 10, cause: new Error('not yet') })
  return await value
}
const parser: Parser = async (message, original) => {
  const parts = await original()
  expectEqual<typeof parts, MessageParts>(true)
  return { ...parts, value: message.rawValue?.subarray(1), headers: { ...message.headers, tag: ['a', null] } }
}
app.broker.subscriber('orders', { decoder, parser }, () => {})
// @ts-expect-error a value is bytes
expectType<Parser>(() => ({ value: 'text' }))
// @ts-expect-error no such option
expectType<Error>(new NackMessage({ reason: 'x' }))
