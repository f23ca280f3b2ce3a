import type { BrokerHealth } from './health.js'
import type { BrokerIdentity } from './message-events.js'
import type { MessageStory } from './story.js'

/**
 * Load of a broker, by which routes can refuse work before it fails.
 *
 * @example
 * const { high, reasons } = app.broker.pressure()
 */
export interface BrokerPressure {
  /** True when a bound of the option `pressure` is reached: routes that publish should answer 503. */
  readonly high: boolean
  /**
   * Bounds that are reached. `publish-queue`: messages wait for the cluster. `commit-age`: a message is not settled.
   */
  readonly reasons: ReadonlyArray<'publish-queue' | 'commit-age'>
  /** Messages that wait for the cluster, and their bytes; `fill` is the part of `producer.queue` that they take. */
  readonly publishQueue: { readonly messages: number, readonly bytes: number, readonly fill: number }
  /** Age of the oldest unsettled message of this process since it was received, ms; 0 without one. */
  readonly commitAge: number
  /**
   * Rate at which messages are started. `slowed` and `paused`: the event loop is late, see
   * {@link PressureOptions.eventLoopDelay}.
   */
  readonly subscribers: 'running' | 'slowed' | 'paused'
}

/**
 * The load of a broker changed: `high`, its reasons, or the rate of the subscribers. Told within 100 ms, where the
 * option `pressure` is written.
 *
 * @example
 * subscribe('faststream.pressure.changed', (event) => { const { high } = event as PressureChangedEvent })
 */
export interface PressureChangedEvent extends BrokerIdentity, BrokerPressure {}

/**
 * Bounds of the load. Where they are written, the event `faststream.pressure.changed` is told, and a late event loop
 * slows the subscribers.
 *
 * @example
 * await app.register(faststreamPlugin, { groupId: 'shop', pressure: { publishQueue: 0.5, eventLoopDelay: 50 } })
 */
export interface PressureOptions {
  /** Part of `producer.queue`, 0 to 1, from which on the pressure is high. @default 0.8 */
  publishQueue?: number | undefined
  /** Age of an unsettled message from which on the pressure is high, ms. @default 30_000 */
  commitAge?: number | undefined
  /**
   * Delay of the event loop above which fewer messages are started, ms: first every second 100 ms, then one in ten.
   * Below half of it they are started again. The subscribers stay in their groups, and what runs goes on. 0: never.
   *
   * @default 100
   */
  eventLoopDelay?: number | undefined
}

/**
 * State of a broker, for probes and routes.
 *
 * @example
 * const { health, pressure }: BrokerObservation = app.broker
 */
export interface BrokerObservation {
  /**
   * Returns what each subscriber does, and whether all is well. Sends no request, so it may be called often.
   *
   * @example
   * app.get('/ready', (request, reply) => {
   *   const health = app.broker.health()
   *   return reply.code(health.healthy ? 200 : 503).send(health)
   * })
   */
  health (this: void): BrokerHealth
  /**
   * Returns the load of the broker. Sends no request, so it may be called for each request.
   *
   * @example
   * app.addHook('onRequest', async (request, reply) => {
   *   if (app.broker.pressure().high) return reply.code(503).header('retry-after', '5').send()
   * })
   */
  pressure (this: void): BrokerPressure
  /**
   * Tells what happened to a message in this process: its attempts, what they published, and why it was redelivered.
   * The option `explain` must be `true`; in tests `testBroker()` does that. The newest 1000 messages are known.
   *
   * @returns undefined for a message of which nothing is known
   * @throws FASTSTREAM_ERR_EXPLAIN where nothing is remembered
   * @example
   * const { offset } = await app.broker.publish('orders', order, { partition: 0 })
   * console.log(String(app.broker.explain('orders', 0, offset)))
   */
  explain (this: void, topic: string, partition: number, offset: bigint): MessageStory | undefined
}
