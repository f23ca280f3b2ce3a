import type { Clock } from '../../clock.js'
import type { Log } from '../../log.js'
import { toError } from '../../to-error.js'
import type { LastError } from '../group/group-state.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { SubscriberSettings } from './subscriber-plan.js'

/** Told about each failed attempt. */
export type FailureListener = (delivery: Delivery, failure: Failure) => void

/** Tells what happens to a subscriber's messages: its log lines and its last error. */
export class SubscriberReport {
  readonly #plan: SubscriberSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #onFailure: FailureListener | undefined
  #lastError: LastError | undefined

  constructor (plan: SubscriberSettings, { clock, log, onFailure }: { clock: Clock, log: Log, onFailure?: FailureListener | undefined }) {
    this.#plan = plan
    this.#clock = clock
    this.#log = log
    this.#onFailure = onFailure
  }

  get lastError (): LastError | undefined {
    return this.#lastError
  }

  /** An attempt failed, or its handler rejected the message. */
  failed (delivery: Delivery, failure: Failure): void {
    this.#lastError = failure
    this.#onFailure?.(delivery, failure)
  }

  /** The handler will run again in `delay` ms. */
  retries (delivery: Delivery, { error }: Failure, delay: number): void {
    this.#log.warn({ err: error, ...placeOf(delivery), attempt: delivery.attempt, retryIn: Math.round(delay) }, 'handler failed, it will be run again')
  }

  /** The handler timed out and still runs. */
  late (delivery: Delivery): void {
    const details = { ...placeOf(delivery), attempt: delivery.attempt, timeout: this.#plan.handlerTimeout }
    this.#log.warn(details, 'handler has had its time, its signal is aborted: the messages behind it wait until it ends')
  }

  /** The handler threw to say that its message is done. */
  done (delivery: Delivery, { message }: Error): void {
    this.#log.debug(placeOf(delivery), message)
  }

  /** The handler threw when its message had a decision already, which stands. */
  threwAfterDecision (delivery: Delivery, error: Error): void {
    this.#noted(error)
    this.#log.error({ err: error, ...placeOf(delivery) }, 'handler failed when it had decided already: that stands')
  }

  /** `retry.retryOn` threw. */
  retryOnThrew (err: unknown): void {
    this.#log.error({ err }, 'retryOn failed, which is taken as a yes')
  }

  /** A result or a dead letter could not be published; it is sent again in `delay` ms. */
  publishFailed (delivery: Delivery, error: Error, { what, to, attempt, delay }: { what: string, to: string, attempt: number, delay: number }): void {
    this.#noted(error)
    this.#log.warn({ err: error, ...placeOf(delivery), to, attempt, retryIn: Math.round(delay) }, `the ${what} could not be published, it will be tried again`)
  }

  acknowledgedInSpiteOf (failure: Failure, delivery: Delivery): void {
    this.#log.error(detailsOf(failure, delivery), 'handler failed, and its message is settled all the same')
  }

  discarded (delivery: Delivery, failure: Failure): void {
    this.#log.error(detailsOf(failure, delivery), 'message cannot be handled and is skipped: it has no dead-letter topic')
  }

  deadLettered (delivery: Delivery, failure: Failure, deadLetterTopic: string): void {
    this.#log.error({ ...detailsOf(failure, delivery), deadLetterTopic }, 'message cannot be handled and was moved to the dead-letter topic')
  }

  /** The pipeline itself threw: a bug. */
  broke (delivery: Delivery, err: unknown): void {
    this.#log.error({ err: toError(err), ...placeOf(delivery) }, 'a message was left unsettled by an error that nobody expected')
  }

  #noted (error: Error): void {
    this.#lastError = { error, at: this.#clock.now() }
  }
}

function placeOf ({ topic, partition, record: { offset } }: Delivery): { topic: string, partition: number, offset: string } {
  return { topic, partition, offset: String(offset) }
}

function detailsOf ({ error, stage, attempts }: Failure, delivery: Delivery): object {
  return { err: error, ...placeOf(delivery), stage, attempts }
}
