import type {
  MessageEndedEvent, MessageProcessContext, MessageStartedEvent, TracedMessage
} from '../../../types/index.js'
import { failedDependency } from '../../deps/failed-dependency.js'
import { processing, type AroundAttempt } from '../../events.js'
import { isEnabled, type Level } from '../../log.js'
import { headerText } from '../../message/headers.js'
import type { Environment } from '../environment.js'
import type { LastError } from '../group/group-state.js'
import type { Settlement } from '../partition/lanes.js'
import type { Failure } from './dead-letter.js'
import type { BreakerListener } from './breaker.js'
import type { Delivery } from './delivery.js'
import type { AttemptEnd } from './failures.js'
import type { SubscriberSettings } from './subscriber-plan.js'

/** A send of a result or a dead letter that failed; it is repeated in `delay` ms. */
interface FailedSend {
  readonly what: string
  readonly to: string
  readonly attempt: number
  readonly delay: number
}

type AttemptTimes = Pick<MessageEndedEvent, 'duration' | 'blocked'>

/** Tells what happens to a subscriber's messages: events, log lines, and its last error. */
export class SubscriberReport implements BreakerListener {
  readonly #plan: SubscriberSettings
  readonly #environment: Environment
  #lastError: LastError | undefined

  constructor (plan: SubscriberSettings, environment: Environment) {
    this.#plan = plan
    this.#environment = environment
  }

  get lastError (): LastError | undefined {
    return this.#lastError
  }

  started (delivery: Delivery): void {
    const { started } = this.#environment.events
    if (!started.active) return
    for (const part of delivery.parts) started.emit(this.#eventOf(part))
  }

  /** Code of an observer around each attempt. */
  get around (): AroundAttempt | undefined { return this.#environment.events.around.attempt }

  /** Whether an attempt is traced. Tracing may begin with it: it looks for an SDK that was registered since. */
  startsTrace (): boolean {
    this.#environment.events.around.look?.()
    return processing.hasSubscribers || this.around !== undefined
  }

  /** The context of a trace. */
  contextOf (delivery: Delivery): MessageProcessContext {
    return Object.assign(this.#eventOf(delivery), this.#tracedOf(delivery))
  }

  /** The same for an attempt that handles several records together. */
  batchContextOf (delivery: Delivery): MessageProcessContext {
    return Object.assign(this.contextOf(delivery), { batch: delivery.parts.map((part) => this.#tracedOf(part)) })
  }

  #tracedOf (delivery: Delivery): TracedMessage {
    const { record } = delivery
    const { log } = this.#environment
    return {
      offset: record.offset,
      key: record.key,
      tombstone: record.value === null,
      correlationId: () => delivery.correlationId(log),
      header: (name) => headerText(record, name)
    }
  }

  /** An attempt failed, or its handler rejected the message. */
  failed (delivery: Delivery, failure: Failure): void {
    const { failed } = this.#environment.events
    this.#lastError = failure
    if (!failed.active) return
    const { stage, error } = failure
    for (const part of delivery.parts) failed.emit(Object.assign(this.#eventOf(part), { stage, error }))
  }

  /** True when the end of an attempt is heard, which takes its time. */
  get tellsEnded (): boolean {
    return this.#environment.events.ended.active
  }

  /** An attempt has ended. */
  ended (delivery: Delivery, { outcome, error }: AttemptEnd, times: AttemptTimes): void {
    // Assigned: Node.js 20 needs 3 µs for a literal that spreads an object and adds members.
    this.#environment.events.ended.emit(Object.assign(this.#eventOf(delivery), { outcome, error }, times))
  }

  /** True when the end of each message is logged, or heard. */
  get tellsCompleted (): boolean {
    return this.#environment.events.completed.active || this.#completedLevel !== undefined
  }

  /** Level of the line that ends each message; undefined when no such line is written. */
  get #completedLevel (): Level | undefined {
    const { messageLogLevel: level } = this.#plan
    return level !== 'silent' && isEnabled(this.#environment.log, level) ? level : undefined
  }

  /** All attempts have ended; `responseTime`: since the first one began, ms. */
  completed (first: Delivery, settlement: Settlement | undefined, responseTime: number): void {
    const { completed, identity: { broker, brokerId } } = this.#environment.events
    const { attempts, forgiven: error } = first
    const outcome = settlement ?? 'unsettled'
    const level = this.#completedLevel
    const message = settlement === undefined ? 'message is not settled: it will be redelivered' : 'message completed'
    if (level !== undefined) this.#tell(level, message, first, { attempts, outcome, responseTime })
    if (!completed.active) return
    const { groupId, name: subscriber } = this.#plan
    const { topic, partition, record: { offset } } = first
    completed.emit({
      broker, brokerId, groupId, subscriber, topic, partition, offset, outcome, attempts, duration: responseTime, error
    })
  }

  /** The handler will run again in `delay` ms. */
  retries (delivery: Delivery, { error }: Failure, delay: number): void {
    const { retried } = this.#environment.events
    const details = { ...errorOf(error), attempt: delivery.attempt, retryIn: Math.round(delay) }
    this.#tell('warn', 'handler failed, it will be run again', delivery, details)
    if (!retried.active) return
    for (const part of delivery.parts) retried.emit(Object.assign(this.#eventOf(part), { delay, error }))
  }

  /** The handler timed out and still runs. */
  late (delivery: Delivery): void {
    const { late } = this.#environment.events
    const { handlerTimeout: timeout } = this.#plan
    const message = 'handler has had its time, its signal is aborted: the messages behind it wait until it ends'
    this.#tell('warn', message, delivery, { attempt: delivery.attempt, timeout })
    if (!late.active) return
    for (const part of delivery.parts) late.emit(Object.assign(this.#eventOf(part), { timeout }))
  }

  /** An error handler has decided about a failure. */
  answered (delivery: Delivery, failure: Failure, action: string): void {
    this.#tell('debug', 'handler failed, and an error handler has decided', delivery, { ...detailsOf(failure), action })
  }

  /** The error handlers threw, took too long, or returned no decision. */
  errorHandlerFailed (delivery: Delivery, error: Error): void {
    this.#tell('error', 'error handler failed, so the policy decides', delivery, { err: error })
  }

  /** The handler threw to say that its message is done. */
  done (delivery: Delivery, { message }: Error): void {
    this.#tell('debug', message, delivery)
  }

  /** The handler threw when its message had a decision already, which stands. */
  threwAfterDecision (delivery: Delivery, error: Error): void {
    this.#note(error)
    this.#tell('error', 'handler failed when it had decided already: that stands', delivery, errorOf(error))
  }

  /** `retry.retryOn` threw. */
  retryOnThrew (err: unknown, delivery: Delivery): void {
    this.#tell('error', 'retryOn failed, which is taken as a yes', delivery, { err })
  }

  /** A result or a dead letter could not be published; it is sent again in `delay` ms. */
  publishFailed (delivery: Delivery, error: Error, about: FailedSend): void {
    const { what, to, attempt, delay } = about
    this.#note(error)
    const details = { err: error, to, attempt, retryIn: Math.round(delay) }
    this.#tell('warn', `the ${what} could not be published, it will be tried again`, delivery, details)
  }

  /** The cluster refuses a right without which the subscriber cannot go on. */
  refused (delivery: Delivery, error: Error): void {
    this.#note(error)
    const message = 'a right on the cluster is missing: the subscriber stops, nothing is skipped'
    this.#tell('error', message, delivery, { err: error })
  }

  /** The handler failed, and the policy acknowledges the message all the same. */
  acknowledged (delivery: Delivery, failure: Failure): void {
    this.#tell('error', 'handler failed, and its message is settled all the same', delivery, detailsOf(failure))
  }

  /** The message cannot be handled, and its topic has no dead-letter topic. */
  discarded (delivery: Delivery, failure: Failure): void {
    const message = 'message cannot be handled and is skipped: it has no dead-letter topic'
    this.#tell('error', message, delivery, detailsOf(failure))
  }

  deadLettered (delivery: Delivery, failure: Failure, deadLetterTopic: string): void {
    const { deadLettered } = this.#environment.events
    const message = 'message cannot be handled and was moved to the dead-letter topic'
    this.#tell('error', message, delivery, { ...detailsOf(failure), deadLetterTopic })
    if (!deadLettered.active) return
    deadLettered.emit({ ...this.#eventOf(delivery), stage: failure.stage, error: failure.error, deadLetterTopic })
  }

  breakerOpened (delivery: Delivery, error: Error, errorClass: string): void {
    const { breakerOpened } = this.#environment.events
    const message = 'most attempts fail alike: messages wait instead of becoming dead letters, until a probe succeeds'
    this.#tell('error', message, delivery, { ...errorOf(error), errorClass })
    if (!breakerOpened.active) return
    const { offset: _, attempt: __, ...place } = this.#eventOf(delivery)
    breakerOpened.emit({ ...place, error, errorClass })
  }

  breakerClosed (duration: number): void {
    const { log, events: { breakerClosed, identity } } = this.#environment
    const { groupId, name: subscriber } = this.#plan
    log.info({ subscriber, groupId, duration: Math.round(duration) }, 'a probe succeeded: messages are handled again')
    if (breakerClosed.active) breakerClosed.emit({ ...identity, groupId, subscriber, duration })
  }

  /** A line about a message; nothing is made for a level that is off. */
  #tell (level: Level, message: string, delivery: Delivery, details?: object): void {
    const { log } = this.#environment
    if (!isEnabled(log, level)) return
    const { name: subscriber, groupId } = this.#plan
    const correlationId = delivery.correlationId(log)
    log[level](Object.assign({}, details, { subscriber, groupId }, delivery.place, { correlationId }), message)
  }

  #note (error: Error): void {
    this.#lastError = { error, at: this.#environment.clock.now() }
  }

  #eventOf ({ topic, partition, record: { offset }, attempt }: Delivery): MessageStartedEvent {
    const { groupId, name: subscriber } = this.#plan
    const { events: { identity: { broker, brokerId } } } = this.#environment
    return { broker, brokerId, groupId, subscriber, topic, partition, offset, attempt }
  }
}

function detailsOf ({ error, stage, attempts }: Failure): object {
  return { ...errorOf(error), stage, attempts }
}

/** An error, and the dependency that threw it. */
function errorOf (err: Error): object {
  const dependency = failedDependency(err)
  return dependency === undefined ? { err } : { err, dependency }
}
