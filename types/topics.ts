import type { Publisher } from './publish.js'

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
