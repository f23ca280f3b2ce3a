import type { FastifyTypeProvider } from 'fastify'

/**
 * Type of a value that is read under a schema, by the type provider of the instance. `undefined` stands for no
 * schema. Only code that is generic over schemas needs it.
 *
 * @example
 * type Order = Read<TypeBoxTypeProvider, typeof OrderSchema>
 */
export type Read<P extends FastifyTypeProvider, S> =
  [S] extends [undefined] ? unknown : (P & { schema: S })['validator']
/**
 * Type of a value that is written under a schema, by the type provider of the instance. `undefined` stands for no
 * schema.
 *
 * @example
 * function typed<S extends { value: TSchema }> (schema: S): Publisher<Write<TypeBoxTypeProvider, Part<S, 'value'>>> {
 *   return app.broker.publisher('orders', { schema })
 * }
 */
export type Write<P extends FastifyTypeProvider, S> =
  [S] extends [undefined] ? unknown : (P & { schema: S })['serializer']

/**
 * Schemas of one message, the sibling of Fastify's `{ body, headers, response }`. All parts are optional.
 *
 * @example
 * const schema = { value: OrderSchema, key: Type.String(), headers: Type.Object({ tenant: Type.String() }) }
 */
export interface MessageSchema {
  /** Schema of the decoded value. @default none: any value */
  value?: unknown
  /** Schema of the key, which is decoded by its codec, else as text. @default none: the key stays bytes */
  key?: unknown
  /** Schema of the headers, which are decoded as text. @default none: any headers */
  headers?: unknown
  /**
   * Schema of the value of a reply, see {@link RequestingBroker.request}. A subscriber with one answers to messages
   * that ask for a reply (header `reply_to`): with what its handler returns, checked strictly, or with the code of the
   * error. A publisher with one says what its requests resolve to. FastStream: `no_reply` is a subscriber without it.
   *
   * @default none: a subscriber answers nothing, and a request takes any reply
   */
  reply?: unknown
}

/**
 * Schema of one part; `undefined` without one.
 *
 * @example
 * type Key = Part<{ value: typeof OrderSchema, key: TString }, 'key'>  // TString
 */
export type Part<S, K extends keyof MessageSchema> = S extends { [_ in K]: infer T } ? T : undefined
