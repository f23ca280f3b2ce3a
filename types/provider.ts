import type { FastifyTypeProvider } from 'fastify'

/** What the instance's type provider makes of a schema when it is read: a handler's value. */
export type Read<P extends FastifyTypeProvider, S> = [S] extends [undefined] ? unknown : (P & { schema: S })['validator']
/** What the instance's type provider wants of a value that is written under a schema. */
export type Write<P extends FastifyTypeProvider, S> = [S] extends [undefined] ? unknown : (P & { schema: S })['serializer']

/** The schemas of one message, the sibling of Fastify's `{ body, headers, response }`. */
export interface MessageSchema {
  /** Of the decoded value. */
  value?: unknown
  /** Of the key, decoded as text. Without it the key stays bytes. */
  key?: unknown
  /** Of the headers, decoded as text. */
  headers?: unknown
}

/** The schema of one part, `undefined` where there is none. */
export type Part<S, K extends keyof MessageSchema> = S extends { [_ in K]: infer T } ? T : undefined
