import type { Publisher } from './publish.js'

/**
 * Names of topics, and patterns of names: one, or a list.
 *
 * In a pattern `orders.{region}` a placeholder stands for a part of the name without a dot. A RegExp is compared with
 * what stands behind the prefixes of scopes and routers, and stands for the whole name only where it has `^` and `$`. A
 * pattern finds topics that are created later, too. It finds no topic of Kafka's own (`__…`), and no topic with dead
 * letters of topics that it matches. Within a group a name comes before a pattern, and an earlier pattern before a
 * later one. FastStream: `topics`, `pattern`.
 *
 * @example
 * const topics: TopicNames = ['orders', 'returns', 'orders.{region}', /^audit\./]
 */
export type TopicNames = string | RegExp | ReadonlyArray<string | RegExp>

/**
 * Type of `message.params`, by the topics of the subscriber.
 *
 * @example
 * type Params = TopicParams<'orders.{region}'>  // { readonly region: string }
 */
export type TopicParams<T> =
  T extends string ? string extends T ? AnyParams : { readonly [N in PlaceholderOf<T>]: string }
    : T extends RegExp ? AnyParams
      : T extends ReadonlyArray<infer Each> ? TopicParams<Each> : never

type AnyParams = Readonly<Record<string, string | undefined>>
type PlaceholderOf<T extends string> = T extends `${string}{${infer N}}${infer Rest}` ? N | PlaceholderOf<Rest> : never

/**
 * Topics that are published to by their names, with the types of their values: empty until an app adds its own. Then
 * `publish(topic, value)` takes these topics and values only. A member may be the type of a publisher. Topics of all
 * clusters of the app belong here.
 *
 * @example
 * const invoices = app.broker.publisher('invoices', { schema: { value: InvoiceSchema } })
 *
 * declare module 'fastify-faststream' {
 *   interface Topics { orders: Static<typeof OrderSchema>, invoices: typeof invoices }
 * }
 */
export interface Topics {}

/**
 * Name of a topic in {@link Topics}; any text while that is empty.
 *
 * @example
 * const failed: TopicName[] = ['orders', 'invoices']
 */
export type TopicName = [keyof Topics] extends [never] ? string : keyof Topics & string

/**
 * Type of the values of a topic in {@link Topics}; unknown while that is empty.
 *
 * @example
 * const order: TopicValue<'orders'> = { id: '1', total: 9 }
 */
export type TopicValue<T> = T extends keyof Topics
  ? Topics[T] extends Publisher<infer V> ? V : Topics[T]
  : unknown

/**
 * Type of the replies to requests to a topic in {@link Topics}: that of its publisher; unknown while that is empty.
 *
 * @example
 * const price: TopicReply<'quotes'> = { amount: 9 }
 */
export type TopicReply<T> = T extends keyof Topics
  ? Topics[T] extends Publisher<never, infer R> ? R : unknown
  : unknown
