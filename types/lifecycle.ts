import type { DeadLetters } from './dead-letters.js'

/**
 * Life of one broker beside its messages.
 *
 * @example
 * app.broker.onStarted(async () => { await app.broker.publish('apps', { state: 'up' }) })
 * app.broker.onStopping(async () => { await app.broker.publish('apps', { state: 'down' }) })
 */
export interface BrokerLifecycle<This> {
  /**
   * True while messages flow: every `onReady` hook and `onStarted` function of the app has ended, the cluster is
   * connected, and the app does not close. FastKafka: `is_started`.
   *
   * @example
   * app.get('/ready', (request, reply) => reply.code(app.broker.isStarted ? 200 : 503).send())
   */
  readonly isStarted: boolean
  /** Dead letters of the cluster, to be listed, shown, redriven and discarded: see {@link DeadLetters}. */
  readonly deadLetters: DeadLetters
  /**
   * Returns the names of all topics that the app declares on this broker, sorted: those of subscribers and publishers,
   * and dead-letter topics. FastKafka: `get_topics`.
   *
   * @example
   * app.get('/topics', async () => app.broker.topics())
   */
  topics (this: void): readonly string[]
  /**
   * Asks the cluster for an answer now, unlike {@link Broker.health}, which sends no request. Resolves to true when a
   * node answers within `timeout`; to false when none does, before `ready()` and when the app has closed. Never rejects
   * because of the cluster. FastStream: `broker.ping`.
   *
   * @param options.timeout ms, @default 5000
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @example
   * app.get('/ping', async (request, reply) => reply.code(await app.broker.ping({ timeout: 500 }) ? 204 : 503).send())
   */
  ping (this: void, options?: { timeout?: number | undefined }): Promise<boolean>
  /**
   * Chooses the cluster that the app connects to, one of the option `clusters`. The last call before `ready()` counts.
   * FastKafka: `set_kafka_broker`.
   *
   * @throws FASTSTREAM_ERR_UNKNOWN_CLUSTER for a name that `clusters` does not have
   * @throws FASTSTREAM_ERR_BROKERS_REQUIRED in production, for a cluster without `brokers`
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * if (process.argv.includes('--production')) app.broker.setKafkaBroker('production')
   */
  setKafkaBroker (this: void, name: string): void
  /**
   * Adds a function that runs once the broker is connected, before the first message is handled; it may publish. It is
   * an `onReady` hook of the scope: it is awaited in the order in which hooks are added, its `this` is the scope,
   * Fastify's `pluginTimeout` bounds it, and its error rejects `ready()`. With `startup: 'background'` it runs when the
   * cluster is there, which may be after `ready()`: then `pluginTimeout` bounds it, too, its error is logged and seen
   * as `health().lastError`, and the messages flow all the same. FastStream: `after_startup`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when it is not a function
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.onStarted(async () => { await app.broker.publish('apps', { state: 'up' }) })
   */
  onStarted (this: void, run: (this: This) => unknown): void
  /**
   * Adds a function that runs when a connected app begins to close: messages are still handled, HTTP is still served,
   * and it may publish. The functions run one after the other, in the order in which they were added, with the scope
   * as `this`. Together they have half of `drainTimeout`, and the handlers have the rest. An error is logged, and the
   * close goes on. FastStream: `on_shutdown`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when it is not a function
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.onStopping(async () => { await app.broker.publish('apps', { state: 'down' }) })
   */
  onStopping (this: void, run: (this: This) => unknown): void
  /**
   * Adds a task that runs beside the messages, from when they flow (`isStarted`) until it ends or the app closes. The
   * close aborts `signal` after the `onStopping` functions, and waits for the task as for handlers, within
   * `drainTimeout`; until it ends, the task may publish. A task that throws is not run again: the error is logged, and
   * `health()` is not healthy. An `AbortError` after the abort is no failure. FastKafka: `run_in_background`.
   *
   * @param name shown in the log and in `health().background`; one task of the broker has it
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a name that is empty or taken, and when `run` is not a function
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.background('clock', async (signal) => {
   *   for await (const _ of setInterval(1000, undefined, { signal })) await app.broker.publish('ticks', Date.now())
   * })
   */
  background (this: void, name: string, run: (this: This, signal: AbortSignal) => unknown): void
}
