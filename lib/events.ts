import type { AsyncLocalStorage } from 'node:async_hooks'
import { randomUUID } from 'node:crypto'
import { channel, tracingChannel, type Channel, type TracingChannelSubscribers } from 'node:diagnostics_channel'
import type {
  BrokerIdentity, FaststreamChannels, MessageProcessContext, MessagePublishContext, RecordMetadata
} from '../types/index.js'
import { inOwnContext } from './context.js'
import type { Log } from './log.js'

interface ContextChannel<Context extends object> {
  publish (context: Context): void
  runStores<Result> (context: Context, work: () => Result): Result
  bindStore<Store> (store: AsyncLocalStorage<Store>, storeOf: (context: Context) => Store): void
  unbindStore<Store> (store: AsyncLocalStorage<Store>): void
}

/** Node's tracing channel. The parameters of its type have another order in each version of `@types/node`. */
interface Tracing<Context extends object> {
  readonly hasSubscribers: boolean
  readonly start: ContextChannel<Context>
  readonly end: ContextChannel<Context>
  readonly asyncStart: ContextChannel<Context>
  readonly asyncEnd: ContextChannel<Context>
  readonly error: ContextChannel<Context>
  subscribe (listeners: TracingChannelSubscribers<Context>): void
  unsubscribe (listeners: TracingChannelSubscribers<Context>): void
  tracePromise<Result> (work: () => Promise<Result>, context: Context): Promise<Result>
}

/** One attempt to handle a message: `tracing:faststream.message.process:*`. */
export const processing: Tracing<MessageProcessContext> = tracingChannel('faststream.message.process')
/** One publish: `tracing:faststream.message.publish:*`. */
export const publishing: Tracing<MessagePublishContext> = tracingChannel('faststream.message.publish')

/** Runs an attempt in an async context of its own. `work` never rejects. */
export type AroundAttempt = <Result>(context: MessageProcessContext, work: () => Promise<Result>) => Promise<Result>
/** Runs a publish; `work` must be called at once, because publishes keep the order of their calls. */
export type AroundPublish = <Stored extends RecordMetadata>(
  context: MessagePublishContext, work: () => Promise<Stored>
) => Promise<Stored>

/**
 * Code of an observer around the attempts and publishes of one broker. A listener cannot do its work: what a handler
 * calls must run in the async context of its attempt.
 */
interface Arounds {
  attempt?: AroundAttempt
  publish?: AroundPublish
  /** Asked with each attempt and publish: code may be put around them from now on. */
  look?: (() => void) | undefined
}

/** Puts code around what is there already, as the outer one. */
export function surround (arounds: Arounds, { attempt, publish }: Required<Omit<Arounds, 'look'>>): void {
  const { attempt: innerAttempt, publish: innerPublish } = arounds
  arounds.attempt = innerAttempt === undefined
    ? attempt
    : (context, work) => attempt(context, () => innerAttempt(context, work))
  arounds.publish = innerPublish === undefined
    ? publish
    : (context, work) => publish(context, () => innerPublish(context, work))
}

/**
 * One kind of event of one broker: listeners in this process, and the diagnostics channel that all brokers share.
 * Check {@link active} before you create an event: then nothing is created without a listener.
 */
export class EventSource<Name extends keyof FaststreamChannels> {
  readonly #channel: Channel
  readonly #log: Log
  readonly #listeners = new Set<(event: FaststreamChannels[Name]) => void>()

  constructor (name: Name, log: Log) {
    this.#channel = channel(name)
    this.#log = log
  }

  /** True when anything listens. */
  get active (): boolean {
    return this.#channel.hasSubscribers || this.#listeners.size > 0
  }

  /**
   * Calls all listeners. Never throws: the outcome of a message does not depend on its listeners. Those of the channel
   * run in an async context of their own.
   */
  emit (event: FaststreamChannels[Name]): void {
    if (this.#channel.hasSubscribers) inOwnContext(() => { this.#channel.publish(event) })
    for (const listener of this.#listeners) {
      try {
        listener(event)
      } catch (err) {
        this.#log.error({ err, event: this.#channel.name }, 'a listener of an event failed')
      }
    }
  }

  /** Adds a listener; the function that it returns removes it. */
  on (listener: (event: FaststreamChannels[Name]) => void): () => void {
    this.#listeners.add(listener)
    return () => { this.#listeners.delete(listener) }
  }
}

/** Events of one broker. Each event is documented at its type, see `FaststreamChannels`. */
export class Events {
  /** The broker's name and id, which each event has. */
  readonly identity: BrokerIdentity
  readonly around: Arounds = {}
  readonly received: EventSource<'faststream.message.received'>
  readonly leftOut: EventSource<'faststream.message.left-out'>
  readonly started: EventSource<'faststream.message.started'>
  readonly ended: EventSource<'faststream.message.ended'>
  readonly failed: EventSource<'faststream.message.failed'>
  readonly retried: EventSource<'faststream.message.retried'>
  readonly late: EventSource<'faststream.message.late'>
  readonly deadLettered: EventSource<'faststream.message.dead-lettered'>
  readonly settled: EventSource<'faststream.message.settled'>
  readonly unsettled: EventSource<'faststream.message.unsettled'>
  readonly completed: EventSource<'faststream.message.completed'>
  readonly published: EventSource<'faststream.message.published'>
  readonly publishFailed: EventSource<'faststream.message.publish-failed'>
  readonly committed: EventSource<'faststream.group.committed'>
  readonly rebalanced: EventSource<'faststream.group.rebalanced'>
  readonly drainTimedOut: EventSource<'faststream.group.drain-timed-out'>
  readonly subscriberStopped: EventSource<'faststream.subscriber.stopped'>
  readonly breakerOpened: EventSource<'faststream.breaker.opened'>
  readonly breakerClosed: EventSource<'faststream.breaker.closed'>
  readonly partitionStopped: EventSource<'faststream.partition.stopped'>
  readonly healthChanged: EventSource<'faststream.health.changed'>
  readonly pressureChanged: EventSource<'faststream.pressure.changed'>
  readonly offsetReset: EventSource<'fastify-faststream:offset-reset'>

  /** `log` is told of in-process listeners that throw. */
  constructor (broker: string, log: Log, brokerId: string = randomUUID()) {
    this.identity = Object.freeze({ broker, brokerId })
    this.received = new EventSource('faststream.message.received', log)
    this.leftOut = new EventSource('faststream.message.left-out', log)
    this.started = new EventSource('faststream.message.started', log)
    this.ended = new EventSource('faststream.message.ended', log)
    this.failed = new EventSource('faststream.message.failed', log)
    this.retried = new EventSource('faststream.message.retried', log)
    this.late = new EventSource('faststream.message.late', log)
    this.deadLettered = new EventSource('faststream.message.dead-lettered', log)
    this.settled = new EventSource('faststream.message.settled', log)
    this.unsettled = new EventSource('faststream.message.unsettled', log)
    this.completed = new EventSource('faststream.message.completed', log)
    this.published = new EventSource('faststream.message.published', log)
    this.publishFailed = new EventSource('faststream.message.publish-failed', log)
    this.committed = new EventSource('faststream.group.committed', log)
    this.rebalanced = new EventSource('faststream.group.rebalanced', log)
    this.drainTimedOut = new EventSource('faststream.group.drain-timed-out', log)
    this.subscriberStopped = new EventSource('faststream.subscriber.stopped', log)
    this.breakerOpened = new EventSource('faststream.breaker.opened', log)
    this.breakerClosed = new EventSource('faststream.breaker.closed', log)
    this.partitionStopped = new EventSource('faststream.partition.stopped', log)
    this.healthChanged = new EventSource('faststream.health.changed', log)
    this.pressureChanged = new EventSource('faststream.pressure.changed', log)
    this.offsetReset = new EventSource('fastify-faststream:offset-reset', log)
  }
}
