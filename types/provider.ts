import type { FastifyTypeProvider } from 'fastify'

/**
 * What the instance's type provider makes of a schema when it is read: a handler's value. `undefined` stands for no schema.
 * It is in the types of what is generic over schemas; nobody else needs it.
 *
 * @example
 * type Order = Read<TypeBoxTypeProvider, typeof OrderSchema>
 */
export type Read<P extends FastifyTypeProvider, S> = [S] extends [undefined] ? unknown : (P & { schema: S })['validator']
/**
 * What the instance's type provider wants of a value that is written under a schema. `undefined` stands for no schema.
 *
 * @example
 * function typed<S extends { value: TSchema }> (schema: S): Publisher<Write<TypeBoxTypeProvider, Part<S, 'value'>>> {
 *   return app.broker.publisher('orders', { schema })
 * }
 */
export type Write<P extends FastifyTypeProvider, S> = [S] extends [undefined] ? unknown : (P & { schema: S })['serializer']

/**
 * The schemas of one message, the sibling of Fastify's `{ body, headers, response }`. All parts are optional.
 *
 * @example
 * const schema = { value: OrderSchema, key: Type.String(), headers: Type.Object({ tenant: Type.String() }) }
 */
export interface MessageSchema {
  /** Of the decoded value. @default anything goes */
  value?: unknown
  /** Of the key, decoded as text. @default the key stays bytes */
  key?: unknown
  /** Of the headers, decoded as text. @default anything goes */
  headers?: unknown
}

/**
 * The schema of one part, `undefined` where there is none.
 *
 * @example
 * type Key = Part<{ value: typeof OrderSchema, key: TString }, 'key'>  // TString
 */
export type Part<S, K extends keyof MessageSchema> = S extends { [_ in K]: infer T } ? T : undefined
