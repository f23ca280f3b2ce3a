import type { FastifyInstance } from 'fastify'
import type { Dependency, DependencyFactory, FailureStage, RecordMetadata } from '../../types/index.js'
import type { Expected } from './expected.js'

/**
 * Failed attempt to handle a message, with the place of that message.
 *
 * @example
 * t.match(broker.errors, [{ topic: 'orders', stage: 'validate', error: { code: 'FASTSTREAM_ERR_VALIDATION' } }])
 */
export interface TestFailure extends RecordMetadata {
  /** Step that failed. After `'handler'` there is another attempt; all others end in the dead-letter topic. */
  readonly stage: FailureStage
  /** Number of the attempt: 1, then one more with each retry. */
  readonly attempt: number
  readonly error: Error
}

/**
 * Replacement of a dependency: another dependency, or a factory.
 *
 * @example
 * const fake: Fake<Orders> = () => new OrdersInMemory()
 */
export type Fake<T> = Dependency<T> | DependencyFactory<{}, T>

/**
 * Pairs of a dependency and its replacement.
 *
 * @example
 * const overrides: Overrides<[typeof orders]> = [[orders, () => new OrdersInMemory()]]
 */
export type Overrides<D extends ReadonlyArray<Dependency<unknown>>> = {
  readonly [K in keyof D]: readonly [D[K], D[K] extends Dependency<infer T> ? Fake<T> : never]
}

/**
 * App or apps of a test: several share one cluster.
 *
 * @example
 * const apps: TestedApps = [shop, billing]
 */
export type TestedApps = FastifyInstance | readonly FastifyInstance[]

/**
 * Options of {@link testBroker}.
 *
 * @example
 * const broker = await testBroker(app, { allowFailures: true })
 */
export interface TestBrokerOptions<D extends ReadonlyArray<Dependency<unknown>> = ReadonlyArray<Dependency<unknown>>> {
  /** Dependencies and their replacements. @default none */
  overrides?: Overrides<D> | undefined
  /**
   * Whether messages may fail without an assertion. `false`: `app.close()` rejects with FASTSTREAM_ERR_ASSERTION when a
   * message was not handled, and the test has read neither `errors` nor its dead letter.
   *
   * @default true where the environment has FASTSTREAM_TEST_ALLOW_FAILURES, else false
   */
  allowFailures?: boolean | undefined
  /**
   * Time of the brokers. `'system'`: real time, but retries do not wait. `'automatic'`: time stands still; while the
   * test waits for the broker and no handler runs, it jumps to the next retry, time-out or commit, so that all of them
   * run in their order and take no real time. `'manual'`: it moves with `broker.clock.advance()` alone. Timers of the
   * app itself are none of it.
   *
   * @default 'system'
   */
  clock?: 'system' | 'automatic' | 'manual' | undefined
  /**
   * Start of the tasks of `app.broker.background()`. `'automatic'`: as in production, when messages flow. `'manual'`:
   * by `broker.background(name).start()` alone.
   *
   * @default 'automatic'
   */
  background?: 'automatic' | 'manual' | undefined
  /**
   * Cluster of the test. `'kafkajs'`: a real Kafka, which the option `brokers` names, else FASTSTREAM_TEST_BROKERS
   * (`host:port`, with commas between several), else the option `brokers` of the app. Topics and groups have names of
   * their own there, and are deleted when the apps are closed; the test sees the names of the app. An automatic clock
   * is that of the system. FastKafka: `using_external_broker`.
   *
   * @default 'kafkajs' with the option `brokers` and where the environment has FASTSTREAM_TEST_BROKERS, else 'memory'
   */
  transport?: 'memory' | 'kafkajs' | undefined
  /**
   * Addresses of a real Kafka for the test, such as those of {@link startLocalKafka}.
   *
   * @default FASTSTREAM_TEST_BROKERS, else those of the app
   */
  brokers?: string | readonly string[] | undefined
  /**
   * Time of the whole test, ms: boot, calls, waiting and close together. Each step gets what is left of it.
   *
   * @default none: 5000 for each step that waits
   */
  timeout?: number | undefined
}

/**
 * What an assertion expects of a published message. A member that is left out may be anything.
 *
 * @example
 * const expected: ExpectedPublish<Invoice> = { key: '1', value: { amount: 9 }, times: 1 }
 */
export interface ExpectedPublish<V> {
  /** FastStream: the body of `assert_called_with`. */
  value?: Expected<V | null> | undefined
  /** Key as text; `null`: none. */
  key?: Expected<string | null> | undefined
  /** Headers as text, by name: others may be there, too. */
  headers?: Readonly<Record<string, Expected<string>>> | undefined
  /** Number of the partition, counted from 0. */
  partition?: number | undefined
  /** Header `correlation_id`. FastStream: `correlation_id`. */
  correlationId?: Expected<string> | undefined
  /** Number of messages that match. FastStream: `assert_called_once_with` is 1. @default one at least */
  times?: number | undefined
}

/**
 * What an assertion expects of a call of a handler. A member that is left out may be anything.
 *
 * @example
 * const expected: ExpectedCall<Order> = { value: { id: '1' }, outcome: 'returned' }
 */
export interface ExpectedCall<V> {
  value?: Expected<V> | undefined
  /** Key as the handler gets it; bytes as text. */
  key?: Expected<unknown> | undefined
  headers?: Expected<unknown> | undefined
  partition?: number | undefined
  correlationId?: Expected<string> | undefined
  /** Number of the attempt: 1, then one more with each retry. */
  attempt?: number | undefined
  /** @default anything */
  outcome?: 'running' | 'returned' | 'threw' | undefined
  /** Number of calls that match. @default one at least */
  times?: number | undefined
}

/**
 * One call of a handler. What it was given and what came of it are kept apart: the value is a copy from before the
 * call.
 *
 * @example
 * const [{ value, outcome, result }] = broker.handler(onOrder).calls
 */
export interface HandlerCall<V = unknown> extends RecordMetadata {
  readonly value: V
  /** Key as the handler gets it; bytes as text. */
  readonly key: unknown
  readonly headers: unknown
  readonly correlationId: string
  /** 1, then one more with each retry. */
  readonly attempt: number
  readonly outcome: 'running' | 'returned' | 'threw'
  /** Result of a call that has returned. */
  readonly result: unknown
  /** What a call has thrown. */
  readonly error: unknown
}

/**
 * Handler as tests see it. Nothing has to be declared in the app. FastStream: `handler.mock`; FastKafka: `mocks` and
 * `awaited_mocks`.
 *
 * @example
 * const spy = broker.handler(onOrder)
 * await spy.called({ times: 2 })
 * t.same(spy.calls.map(({ value }) => value.id), ['1', '2'])
 */
export interface HandlerSpy<V = unknown> {
  /** All calls, oldest first. A message that does not match its schema makes none. */
  readonly calls: ReadonlyArray<HandlerCall<V>>
  /**
   * Waits until so many calls have ended. Resolves to all that match. FastStream: `wait_call`.
   *
   * @param options.times number of calls, @default 1
   * @param options.with what is expected of them, @default anything
   * @param options.timeout ms, @default 5000
   * @throws FASTSTREAM_ERR_ASSERTION after that time, with the calls so far and their differences
   * @example
   * await broker.handler(onOrder).called({ times: 2, with: { value: { id: '1' } }, timeout: 1000 })
   */
  called (
    this: void,
    options?: { times?: number | undefined, with?: ExpectedCall<V> | undefined, timeout?: number | undefined }
  ): Promise<ReadonlyArray<HandlerCall<V>>>
  /**
   * Lets another function handle the messages, until {@link HandlerSpy.restore} or until the app closes. Schemas,
   * dependencies, retries and the publishing of its result stay as they are.
   *
   * @example
   * broker.handler(onOrder).replace(() => { throw new Error('out of stock') })
   */
  replace (this: void, handler: (value: V, message: never) => unknown): void
  /** Ends {@link HandlerSpy.replace}. Without it, nothing changes. */
  restore (this: void): void
}

/**
 * Handler of values of type `V`.
 *
 * @example
 * const onOrder: Handling<Order> = (order) => { save(order) }
 */
export type Handling<V> = (this: never, value: V, message: never) => unknown
