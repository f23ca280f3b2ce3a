import type { FastifyTypeProvider } from 'fastify'
import type { Documentation } from './asyncapi.js'
import type { Dependencies } from './dependency.js'
import type { MessageOf, Returned } from './message-of.js'
import type { InheritedOptions } from './inherited-options.js'
import type { Read, Write } from './provider.js'
import type { Publisher, RecordMetadata } from './publish.js'
import type { RebalanceListener } from './rebalance-listener.js'

/**
 * Message before it is validated, as `by` and `filter` get it: it may match no schema. A part that is not read is not
 * decoded. A value that cannot be decoded throws when it is read, and the message becomes a dead letter.
 *
 * @example
 * function typeOf ({ headers }: UnvalidatedMessage) {
 *   return headers.type
 * }
 */
export interface UnvalidatedMessage extends RecordMetadata {
  /** Value, decoded by the header `content-type` (JSON without one). `null` is a tombstone. */
  readonly value: unknown
  /** Bytes of the key on the wire. */
  readonly key: Buffer | null
  /** Headers as text; of a repeated name the last one. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers as bytes on the wire, in order and with repetitions. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: Buffer | null]>
  /** Time of the publish, as the publisher says. */
  readonly timestamp: Date | undefined
}

/** Member of a map for one case; `Otherwise` where it has none. */
type Own<Map, N, Otherwise> = N extends keyof Map ? Map[N] : Otherwise
/** Schema of one part of a case; `undefined` without one. */
type SchemaOf<Map, N> = unknown extends Own<Map, N, unknown> ? undefined : Own<Map, N, unknown>

/**
 * Options of a subscriber for several types of messages on one topic: `by` says which case takes a message. FastStream
 * has `filter` for it, see {@link SubscriberOptions.filter}.
 *
 * Each case is validated, typed and documented by itself. Retries, dead letters and the other options are those of the
 * subscriber.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for options that are unknown or impossible, and without a case
 * @example
 * app.broker.subscriber('events', {
 *   by: ({ headers }) => headers.type,
 *   cases: {
 *     'order.placed': { schema: { value: OrderSchema }, handler: (order) => save(order) },
 *     'order.paid': { schema: { value: PaymentSchema }, publish: receipts, handler: (payment) => receiptOf(payment) }
 *   },
 *   otherwise: 'skip'
 * })
 */
export interface CasesOptions<
  This, P extends FastifyTypeProvider, Names extends string | number, V, K, H, D, R, T = string, Y = {}
> extends InheritedOptions {
  /**
   * Function that names the case of a message. When it throws, the message becomes a dead letter.
   */
  by: (message: UnvalidatedMessage) => string | number | null | undefined
  /**
   * Handlers by the names that `by` returns. Each case has its own `schema`, dependencies (`deps`), publishers of its
   * result (`publish`) and documentation, as a subscriber has them.
   */
  cases:
    & {
      readonly [N in Names]: Documentation & {
        readonly handler: (
          this: This,
          value: Read<P, SchemaOf<V, N>>,
          message: MessageOf<
            P, { value: SchemaOf<V, N>, key: SchemaOf<K, N>, headers: SchemaOf<H, N> }, Own<D, N, {}>, T
          >
        ) => Returned<Own<R, N, unknown> & Write<P, SchemaOf<Y, N>>>
      }
    }
    & { readonly [N in keyof V]: { readonly schema?: { readonly value?: V[N] } } }
    & { readonly [N in keyof K]: { readonly schema?: { readonly key?: K[N] } } }
    & { readonly [N in keyof H]: { readonly schema?: { readonly headers?: H[N] } } }
    & { readonly [N in keyof Y]: { readonly schema?: { readonly reply?: Y[N] } } }
    & { readonly [N in keyof D]: { readonly deps?: D[N] & Dependencies } }
    & { readonly [N in keyof R]: { readonly publish?: Publisher<R[N]> | ReadonlyArray<Publisher<R[N]>> } }
  /**
   * Treatment of a message for which there is no case: `'dead-letter'` (with FASTSTREAM_ERR_UNMATCHED), `'skip'`, or a
   * handler, which gets the value as it was decoded.
   *
   * @default 'dead-letter'
   */
  otherwise?:
    | 'dead-letter' | 'skip'
    | ((this: This, value: unknown, message: MessageOf<P, {}, {}, T>) => unknown)
    | undefined
  /** Partitions chosen by hand, see {@link SubscriberOptions.partitions}. @default those that the group assigns */
  partitions?: readonly number[] | undefined
  /** Calls about the partitions of the subscriber, see {@link RebalanceListener}. @default none */
  listener?: RebalanceListener | undefined
}
