/**
 * What went wrong last.
 *
 * @example
 * const { code, message } = app.broker.health().subscribers[0]?.lastError ?? {}
 */
export interface HealthError {
  /** Of errors that have one, such as `FASTSTREAM_ERR_HANDLER_TIMEOUT`. */
  readonly code: string | undefined
  readonly message: string
  readonly at: Date
}

/**
 * One partition that this process reads. As JSON its offsets are text.
 *
 * @example
 * const stopped = app.broker.health().subscribers.flatMap(({ partitions }) => partitions).filter(({ stopped }) => stopped !== undefined)
 */
export interface PartitionHealth {
  readonly topic: string
  readonly partition: number
  /** Messages that are not settled, those that were not read yet included; undefined before the cluster has told. */
  readonly lag: number | undefined
  /** How long ago the oldest message was received that is not settled, ms; 0: there is none. */
  readonly oldestUnsettledAge: number
  /** The offset of a message whose handler, or its clean-up, has had the `handlerTimeout` and still runs. */
  readonly late: bigint | undefined
  /**
   * Set when nothing is read any more until {@link Subscriber.skipTo}: what stands at `offset` cannot be decoded, or is not in the log
   * (`offsetReset: 'fail'`). `nextOffset` is where reading could go on, where that is known.
   */
  readonly stopped: { readonly offset: bigint, readonly nextOffset: bigint | undefined, readonly error: Error } | undefined
}

/**
 * What one subscriber does in this process.
 *
 * @example
 * for (const { name, state, lag } of app.broker.health().subscribers) app.log.info({ name, state, lag }, 'subscriber')
 */
export interface SubscriberHealth {
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  /** It reads (or its group rebalances), its topics exist, none of its partitions has stopped, and no handler is beyond its time. */
  readonly healthy: boolean
  /** `stopped`: its handler threw {@link StopConsume}. `failed`: the consumer broke and is made anew, the cluster has not answered for 10 s, or a rebalance takes more than 60 s. */
  readonly state: 'joining' | 'reading' | 'rebalancing' | 'stopped' | 'failed' | 'closed'
  /** Those that this process owns; another member of the group may own the others. */
  readonly partitions: readonly PartitionHealth[]
  /** Of all `partitions`. */
  readonly lag: number
  /** Messages that are being handled. */
  readonly inFlight: number
  /** Of all `partitions`. */
  readonly oldestUnsettledAge: number
  readonly missingTopics: readonly string[]
  readonly lastError: HealthError | undefined
}

/**
 * What `app.broker.health()` tells. Nobody is asked for it: it is what the cluster told last.
 *
 * @example
 * app.get('/ready', (request, reply) => {
 *   const health = app.broker.health()
 *   return reply.code(health.healthy ? 200 : 503).send(health)
 * })
 */
export interface BrokerHealth {
  /** The cluster is connected, and every subscriber is healthy. */
  readonly healthy: boolean
  readonly state: 'loading' | 'connecting' | 'connected' | 'closing' | 'closed'
  /** Why the cluster could not be used, with `startup: 'background'`. */
  readonly lastError: HealthError | undefined
  readonly subscribers: readonly SubscriberHealth[]
}
