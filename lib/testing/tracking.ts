import { AsyncLocalStorage } from 'node:async_hooks'
import type { MessageProcessContext, MessagePublishContext } from '../../types/index.js'
import { processing, publishing, type Events } from '../events.js'
import { readDeadLetterHeaders } from '../message/dead-letter-headers.js'
import { CORRELATION_ID, lastHeader } from '../message/headers.js'
import type { RawHeader } from '../transport/transport.js'
import type { RecordedDelivery, RecordedMessage } from './recorded.js'
import type { Recorder } from './recorder.js'

/** Call that a test tracks, with all that it has caused so far. */
export interface Tracked {
  readonly messages: Set<RecordedMessage>
  /** Publishes without an outcome, by their topics. */
  readonly publishing: Set<{ readonly topic: string }>
}

/** Reason for a message: a tracked call, and the delivery that it was published in, if it was one. */
export interface Cause {
  readonly tracked: Tracked | undefined
  readonly delivery?: RecordedDelivery
}

function ignore (): void {}

const IGNORED = { start: ignore, end: ignore, asyncStart: ignore, asyncEnd: ignore, error: ignore }

/** A publish that has no outcome yet. */
interface Pending {
  readonly topic: string
  readonly cause: Cause | undefined
}

/**
 * Follows which call and which message have caused a message: by the async context of what publishes it, and where that
 * is the consumer's own, by the headers of dead letters and by the correlation id.
 */
export class Tracking {
  readonly #recorder: Recorder
  readonly #brokerIds = new Set<string>()
  readonly #storage = new AsyncLocalStorage<Cause>()
  readonly #causes = new WeakMap<RecordedMessage, Cause>()
  /** Causes of the latest publishes, by correlation id. */
  readonly #byCorrelationId = new Map<string, Cause>()
  readonly #pending = new WeakMap<object, Pending>()
  readonly #processes = {
    ...IGNORED,
    asyncEnd: (context: MessageProcessContext): void => { this.#attemptEnded(context) }
  }

  readonly #publishes = {
    ...IGNORED,
    start: (context: MessagePublishContext): void => { this.#publishStarted(context) },
    asyncEnd: (context: MessagePublishContext): void => { this.#publishEnded(context) }
  }

  constructor (recorder: Recorder) {
    this.#recorder = recorder
  }

  /** Follows what happens on one broker. */
  listen ({ identity: { brokerId } }: Events): void {
    if (this.#brokerIds.size === 0) this.#start()
    this.#brokerIds.add(brokerId)
  }

  /** Leaves nothing behind in the channels of the process, and no storage: each one in use costs every promise. */
  stop (): void {
    if (this.#brokerIds.size === 0) return
    this.#brokerIds.clear()
    processing.start.unbindStore(this.#storage)
    processing.unsubscribe(this.#processes)
    publishing.unsubscribe(this.#publishes)
    this.#storage.disable()
  }

  /** Runs `work` so that all messages that it causes are those of the tracked call. */
  run<R> (tracked: Tracked, work: () => R): R {
    return this.#storage.run({ tracked }, work)
  }

  causeOf (message: RecordedMessage): Cause | undefined {
    return this.#causes.get(message)
  }

  #start (): void {
    processing.start.bindStore(this.#storage, (context) => this.#attemptStarted(context))
    processing.subscribe(this.#processes)
    publishing.subscribe(this.#publishes)
  }

  /** Returns the store of an attempt: what it publishes has this cause. */
  #attemptStarted (context: MessageProcessContext): Cause | undefined {
    // Another app of this process has stores of its own.
    if (!this.#brokerIds.has(context.brokerId)) return this.#storage.getStore()
    const delivery = this.#recorder.deliveryOf(context)
    // A message may be handled before the answer to its publish has come.
    const cause = this.#causes.get(delivery.message) ?? this.#byCorrelationId.get(context.header(CORRELATION_ID) ?? '')
    return { tracked: cause?.tracked, delivery }
  }

  #attemptEnded (context: MessageProcessContext): void {
    if (!this.#brokerIds.has(context.brokerId)) return
    // One attempt handles all messages of a batch.
    for (const { offset } of context.batch ?? [context]) this.#recorder.ended({ ...context, offset })
  }

  #publishStarted (context: MessagePublishContext): void {
    const { brokerId, topic, headers } = context
    if (!this.#brokerIds.has(brokerId)) return
    const correlationId = lastHeader(headers, CORRELATION_ID)
    const cause = this.#storage.getStore() ?? this.#causeByHeaders(headers, correlationId)
    const pending = { topic, cause }
    this.#pending.set(context, pending)
    cause?.tracked?.publishing.add(pending)
    if (cause !== undefined && correlationId !== undefined) this.#byCorrelationId.set(correlationId, cause)
  }

  /** A dead letter says where it comes from; a message that an error handler forwards has its correlation id. */
  #causeByHeaders (headers: readonly RawHeader[], correlationId: string | undefined): Cause | undefined {
    const origin = readDeadLetterHeaders(headers)
    if (origin === undefined) return correlationId === undefined ? undefined : this.#byCorrelationId.get(correlationId)
    const message = this.#recorder.message(origin)
    const delivery = message.deliveries.find(({ groupId, subscriber }) => {
      return groupId === (origin.groupId ?? null) && (groupId !== null || subscriber === origin.subscriber)
    })
    return { tracked: this.#causes.get(message)?.tracked, ...delivery && { delivery } }
  }

  #publishEnded (context: MessagePublishContext): void {
    const pending = this.#pending.get(context)
    if (pending === undefined) return
    const { result } = context
    const { cause } = pending
    if (result !== undefined && cause !== undefined) {
      const message = this.#recorder.message(result)
      this.#causes.set(message, cause)
      cause.tracked?.messages.add(message)
    }
    cause?.tracked?.publishing.delete(pending)
    this.#recorder.changed()
  }
}
