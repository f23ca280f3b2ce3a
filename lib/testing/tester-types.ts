import type {
  Dependency, Publisher, PublishOptions, RecordMetadata, Subscriber, TopicName, TopicValue
} from '../../types/index.js'
import type { TestBroker } from './api.js'
import type { PublishedRecord } from './published.js'
import type { Handling, TestBrokerOptions } from './types.js'

/**
 * Options of {@link createTester}: those of {@link testBroker}, and FastKafka's own.
 *
 * @example
 * const tester = await createTester(app, { clock: 'automatic' })
 */
export interface TesterOptions<D extends ReadonlyArray<Dependency<unknown>> = ReadonlyArray<Dependency<unknown>>>
  extends TestBrokerOptions<D> {
  /**
   * `false`: as `transport: 'kafkajs'`, a real Kafka. FastKafka: `use_in_memory_broker`.
   *
   * @default as `transport` says
   */
  useInMemoryBroker?: boolean | undefined
}

/**
 * Mirror of a subscriber: produces a message for it. FastKafka: `tester.to_<topic>`.
 *
 * @example
 * const toOrders: ProducingMirror<Order> = tester.mirror(onOrder)
 * await toOrders({ id: '1', total: 9 }, { key: '1' })
 */
export type ProducingMirror<V> = (value: V | null, options?: PublishOptions) => Promise<RecordMetadata>

/**
 * Mirror of a publisher: consumes the next message of its topic that this mirror has not consumed yet, and waits for it
 * (ms, 5000 by default). FastKafka: `tester.on_<topic>`.
 *
 * @throws FASTSTREAM_ERR_ASSERTION after the time-out
 * @example
 * const onInvoices: ConsumingMirror<Invoice> = tester.mirror(invoices)
 * const { value, key } = await onInvoices({ timeout: 1000 })
 */
export type ConsumingMirror<V> = (
  options?: { timeout?: number | undefined }
) => Promise<PublishedRecord & { readonly value: V }>

/**
 * Test broker with a mirror of each app. Made by {@link createTester}. Names of topics and types of values come from
 * `Topics`, where the app fills it; `mirror()` takes them from what is mirrored.
 *
 * @example
 * await tester.produce.orders({ id: '1', total: 9 })
 * const { value } = await tester.consume.invoices()
 */
export interface Tester extends TestBroker {
  /** Function for each topic that the apps consume: it publishes there, and nothing is checked. */
  readonly produce: { readonly [T in TopicName]: ProducingMirror<TopicValue<T>> }
  /** Function for each topic that the apps produce to, dead letters included. */
  readonly consume: { readonly [T in TopicName]: ConsumingMirror<TopicValue<T>> }
  /**
   * Returns the mirror of a subscriber, of its handler, or of a publisher. FastKafka: `tester.mirrors[app.fn]`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for what no app has, or a subscriber of several topics
   * @example
   * await tester.mirror(onOrder)({ id: '1', total: 9 })
   */
  mirror<V>(this: void, publisher: Publisher<V>): ConsumingMirror<V>
  mirror<V>(this: void, subscriber: Subscriber<V> | Handling<V>): ProducingMirror<V>
}
