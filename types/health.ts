import type { BreakerHealth } from './breaker.js'
import type { RequestsHealth } from './request.js'

/**
 * Most recent error.
 *
 * @example
 * const { code, message } = app.broker.health().subscribers[0]?.lastError ?? {}
 */
export interface HealthError {
  /** Code of an error that has one, such as `FASTSTREAM_ERR_HANDLER_TIMEOUT`. */
  readonly code: string | undefined
  readonly message: string
  readonly at: Date
}

/**
 * Partition that this process reads. As JSON its offsets are text.
 *
 * @example
 * const partitions = app.broker.health().subscribers.flatMap(({ partitions }) => partitions)
 * const stopped = partitions.filter(({ stopped }) => stopped !== undefined)
 */
export interface PartitionHealth {
  readonly topic: string
  readonly partition: number
  /**
   * Number of messages that are not settled, including those that were not fetched yet; undefined before the cluster
   * has answered.
   */
  readonly lag: number | undefined
  /** Age of the oldest unsettled message since it was received, ms; 0 without one. */
  readonly oldestUnsettledAge: number
  /**
   * Time since the first unsettled message of the partition became the first, or since it was received, ms; 0 when no
   * message waits, and while the subscriber is paused. Messages that the cluster has told of but not delivered wait,
   * too.
   */
  readonly stalledFor: number
  /** Offset of a message whose handler or clean-up has exceeded `handlerTimeout` and still runs. */
  readonly late: bigint | undefined
  /**
   * Reason why the partition is not read until {@link Subscriber.skipTo}: the batch at `offset` cannot be decoded, or
   * `offset` is not in the log (`offsetReset: 'fail'`). Reading could go on at `nextOffset`, if that is known.
   */
  readonly stopped:
    | { readonly offset: bigint, readonly nextOffset: bigint | undefined, readonly error: Error }
    | undefined
}

/**
 * State of one subscriber in this process.
 *
 * @example
 * for (const { name, state, lag } of app.broker.health().subscribers) app.log.info({ name, state, lag }, 'subscriber')
 */
export interface SubscriberHealth {
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  /**
   * True when the subscriber reads (or is paused, or its group rebalances), its topics exist, no partition has stopped,
   * no handler is late, its storm breaker is not open, and each partition makes progress: `stalledFor` is at most
   * `stuckAfter` or `handlerTimeout`, whichever is longer.
   */
  readonly healthy: boolean
  /**
   * State of the consumer. `paused`: it would read, but {@link Subscriber.pause} was called. `stopped`: the handler
   * threw {@link StopConsume}, or the cluster refuses the consumer for good (a right is missing: see `lastError`).
   * `failed`: the consumer broke and is made anew, the cluster has not answered for 10 s, or a rebalance takes more
   * than 60 s.
   */
  readonly state: 'joining' | 'reading' | 'paused' | 'rebalancing' | 'stopped' | 'failed' | 'closed'
  /** Partitions that this process owns. Other members of the group may own the others. */
  readonly partitions: readonly PartitionHealth[]
  /** Sum over `partitions`. */
  readonly lag: number
  /** Number of messages that are being handled, or whose results are being stored. */
  readonly inFlight: number
  /** Maximum over `partitions`, ms. */
  readonly oldestUnsettledAge: number
  readonly missingTopics: readonly string[]
  readonly lastError: HealthError | undefined
  /** Storm breaker while it is open: messages wait, because most attempts fail alike. */
  readonly breaker: BreakerHealth | undefined
}

/**
 * State of a task that {@link BrokerLifecycle.background} has added.
 *
 * @example
 * const failed = app.broker.health().background.filter(({ state }) => state === 'failed')
 */
export interface BackgroundHealth {
  readonly name: string
  /** `waiting`: messages do not flow yet. `ended`: the task has returned. `failed`: it threw. */
  readonly state: 'waiting' | 'running' | 'ended' | 'failed'
  readonly lastError: HealthError | undefined
}

/**
 * Result of `app.broker.health()`. It tells what the cluster said last; no request is sent for it. Its errors may name
 * brokers, so a public route should send `healthy` alone.
 *
 * @example
 * app.get('/ready', (request, reply) => {
 *   const { healthy } = app.broker.health()
 *   return reply.code(healthy ? 200 : 503).send({ healthy })
 * })
 */
export interface BrokerHealth {
  /** True when the cluster is connected, every subscriber is healthy, and no background task has failed. */
  readonly healthy: boolean
  /**
   * State of the broker. `starting`: `ready()` has not resolved yet. `connecting`: the app is ready, the cluster has
   * not answered yet (`startup: 'background'`).
   */
  readonly state: 'starting' | 'connecting' | 'connected' | 'closing' | 'closed'
  /**
   * Reason why the cluster could not be used, or error of an `onStarted` function that ran after `ready()`, with
   * `startup: 'background'`.
   */
  readonly lastError: HealthError | undefined
  readonly subscribers: readonly SubscriberHealth[]
  /** Tasks that run beside the messages. */
  readonly background: readonly BackgroundHealth[]
  /** Requests of this process. They do not make the broker unhealthy. */
  readonly requests: RequestsHealth
}
