import type { MessageProcessContext, MessageStartedEvent } from '../../../types/index.js'
import { headerText } from '../../message/headers.js'
import type { Environment } from '../environment.js'
import type { LastError } from '../group/group-state.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { SubscriberSettings } from './subscriber-plan.js'

/** A send of a result or a dead letter that failed; it is repeated in `delay` ms. */
interface FailedSend {
  readonly what: string
  readonly to: string
  readonly attempt: number
  readonly delay: number
}

/** Tells what happens to a subscriber's messages: events, log lines, and its last error. */
export class SubscriberReport {
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
    if (started.active) started.emit(this.#eventOf(delivery))
  }

  /** The context of a trace. */
  contextOf (delivery: Delivery): MessageProcessContext {
    return { ...this.#eventOf(delivery), header: (name) => headerText(delivery.record, name) }
  }

  /** An attempt failed, or its handler rejected the message. */
  failed (delivery: Delivery, failure: Failure): void {
    const { failed } = this.#environment.events
    this.#lastError = failure
    if (failed.active) failed.emit({ ...this.#eventOf(delivery), stage: failure.stage, error: failure.error })
  }

  /** The handler will run again in `delay` ms. */
  retries (delivery: Delivery, { error }: Failure, delay: number): void {
    const { log, events: { retried } } = this.#environment
    const details = { err: error, ...placeOf(delivery), attempt: delivery.attempt, retryIn: Math.round(delay) }
    log.warn(details, 'handler failed, it will be run again')
    if (retried.active) retried.emit({ ...this.#eventOf(delivery), delay, error })
  }

  /** The handler timed out and still runs. */
  late (delivery: Delivery): void {
    const { log, events: { late } } = this.#environment
    const { handlerTimeout: timeout } = this.#plan
    const details = { ...placeOf(delivery), attempt: delivery.attempt, timeout }
    log.warn(details, 'handler has had its time, its signal is aborted: the messages behind it wait until it ends')
    if (late.active) late.emit({ ...this.#eventOf(delivery), timeout })
  }

  /** The handler threw to say that its message is done. */
  done (delivery: Delivery, { message }: Error): void {
    this.#environment.log.debug(placeOf(delivery), message)
  }

  /** The handler threw when its message had a decision already, which stands. */
  threwAfterDecision (delivery: Delivery, error: Error): void {
    this.#note(error)
    const details = { err: error, ...placeOf(delivery) }
    this.#environment.log.error(details, 'handler failed when it had decided already: that stands')
  }

  /** `retry.retryOn` threw. */
  retryOnThrew (err: unknown): void {
    this.#environment.log.error({ err }, 'retryOn failed, which is taken as a yes')
  }

  /** A result or a dead letter could not be published; it is sent again in `delay` ms. */
  publishFailed (delivery: Delivery, error: Error, about: FailedSend): void {
    const { what, to, attempt, delay } = about
    this.#note(error)
    const details = { err: error, ...placeOf(delivery), to, attempt, retryIn: Math.round(delay) }
    this.#environment.log.warn(details, `the ${what} could not be published, it will be tried again`)
  }

  /** The handler failed, and the policy acknowledges the message all the same. */
  acknowledged (delivery: Delivery, failure: Failure): void {
    this.#environment.log.error(detailsOf(delivery, failure), 'handler failed, and its message is settled all the same')
  }

  /** The message cannot be handled, and its topic has no dead-letter topic. */
  discarded (delivery: Delivery, failure: Failure): void {
    const details = detailsOf(delivery, failure)
    this.#environment.log.error(details, 'message cannot be handled and is skipped: it has no dead-letter topic')
  }

  deadLettered (delivery: Delivery, failure: Failure, deadLetterTopic: string): void {
    const { log, events: { deadLettered } } = this.#environment
    const details = { ...detailsOf(delivery, failure), deadLetterTopic }
    log.error(details, 'message cannot be handled and was moved to the dead-letter topic')
    if (!deadLettered.active) return
    deadLettered.emit({ ...this.#eventOf(delivery), stage: failure.stage, error: failure.error, deadLetterTopic })
  }

  #note (error: Error): void {
    this.#lastError = { error, at: this.#environment.clock.now() }
  }

  #eventOf ({ topic, partition, record: { offset }, attempt }: Delivery): MessageStartedEvent {
    const { groupId, name } = this.#plan
    return { ...this.#environment.events.identity, groupId, subscriber: name, topic, partition, offset, attempt }
  }
}

function placeOf ({ topic, partition, record: { offset } }: Delivery): object {
  return { topic, partition, offset: String(offset) }
}

function detailsOf (delivery: Delivery, { error, stage, attempts }: Failure): object {
  return { err: error, ...placeOf(delivery), stage, attempts }
}
