import { sleep, type Clock } from '../clock.js'
import type { Log } from '../log.js'
import { isRefused, isTooLarge, type Producer } from '../produce/producer.js'
import { Attempt } from './attempt.js'
import type { LastError } from './condition.js'
import { deadLetter, DETAILS, type Detail, type Failure, type Stage } from './dead-letter.js'
import { backoff } from './retry.js'
import { Running } from './running.js'
import type { Delivery, Prepared, Subscription } from './subscription.js'
import { toError } from '../thrown.js'
import type { ConsumedRecord } from '../transport/transport.js'

/** Told about everything that goes wrong with a message, once per attempt. */
export type FailureListener = (delivery: Delivery, failure: Failure) => void

/** Waits between tries to publish what must be published: a result, a dead letter. They go on for as long as it takes. */
const PERSISTENT = { delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/** The way of one message: decode, validate, handle, publish the result; or retries and the dead-letter topic. */
export class Pipeline {
  readonly #subscription: Subscription
  readonly #producer: Producer
  readonly #clock: Clock
  readonly #log: Log
  readonly #onFailure: FailureListener | undefined
  readonly #running: Running
  #lastError: LastError | undefined

  constructor (subscription: Subscription, producer: Producer, clock: Clock, log: Log, onFailure?: FailureListener) {
    this.#subscription = subscription
    this.#producer = producer
    this.#clock = clock
    this.#log = log
    this.#onFailure = onFailure
    this.#running = new Running(subscription.handlerTimeout, clock, (attempt) => { this.#late(attempt) })
  }

  /** The handlers that have had their time and still run. */
  get late (): Iterable<Delivery> {
    return this.#running.late
  }

  get lastError (): LastError | undefined {
    return this.#lastError
  }

  /** Running handlers are told to stop; whatever they do, their messages come again. */
  giveUp (reason: string): void {
    this.#running.giveUp(reason)
  }

  /**
   * Resolves to whether the message is settled. It is not when `halt` aborts while it waits for its next try: it will come again.
   * Never rejects.
   */
  async run (topic: string, partition: number, record: ConsumedRecord, halt: AbortSignal): Promise<boolean> {
    let attempt = new Attempt(topic, partition, record)
    let outcome = await this.#attempt(attempt, halt)
    while (typeof outcome === 'object' && outcome.stage === 'handler') {
      const wait = backoff(this.#subscription.retry, attempt.attempt)
      this.#log.warn({ err: outcome.error, topic, partition, offset: String(record.offset), attempt: attempt.attempt, retryIn: Math.round(wait) }, 'handler failed, it will be run again')
      if (!await sleep(this.#clock, wait, halt)) return false
      attempt = attempt.next()
      outcome = await this.#attempt(attempt, halt, outcome.firstAt)
    }
    return typeof outcome === 'object' ? await this.#bury(attempt, outcome, halt) : outcome
  }

  /** One run of the whole way: how it failed, or whether the message is settled. */
  async #attempt (attempt: Attempt, halt: AbortSignal, firstAt?: number): Promise<boolean | Failure> {
    const subscription = this.#subscription
    let stage: Stage = 'deserialize'
    try {
      const message = subscription.read(attempt)
      stage = 'handler'
      const result = await this.#handle(message, attempt)
      if (result === undefined) return true
      stage = 'publish'
      return await this.#publishAll(subscription.prepare(result, message), attempt, halt)
    } catch (thrown) {
      if (attempt.givenUp) return false
      const error = toError(thrown)
      const at = this.#clock.now()
      const failure = { stage: this.#stageOf(stage, error, attempt.attempt), error, attempts: attempt.attempt, firstAt: firstAt ?? at, at }
      this.#lastError = failure
      this.#onFailure?.(attempt, failure)
      return failure
    }
  }

  /** What was made for the message is cleaned up whatever happened; where that fails, the handler has failed. */
  async #handle (message: unknown, attempt: Attempt): Promise<unknown> {
    const subscription = this.#subscription
    let result: unknown
    try {
      const returned = subscription.handle(message)
      result = isPromise(returned) ? await this.#running.watch(attempt, returned) : returned
      if (attempt.aborted !== undefined) throw attempt.aborted
    } catch (thrown) {
      const error = attempt.aborted ?? thrown
      // The handler's own failure comes first; that of its clean-up is logged.
      await subscription.release(message, { error })?.catch(() => {})
      throw error
    }
    const released = subscription.release(message)
    if (released !== undefined) await released
    return result
  }

  #late ({ topic, partition, record, attempt }: Attempt): void {
    this.#log.warn({ topic, partition, offset: String(record.offset), attempt, timeout: this.#subscription.handlerTimeout }, 'handler has had its time, its signal is aborted: the messages behind it wait until it ends')
  }

  /** Only 'handler' is tried again. */
  #stageOf (stage: Stage, error: Error, attempt: number): Stage {
    if (stage === 'deserialize') return 'code' in error && error.code === 'FASTSTREAM_ERR_VALIDATION' ? 'validate' : 'deserialize'
    if (stage === 'publish') return stage
    return attempt > this.#subscription.retry.retries || !this.#mayRetry(error) ? 'retries-exhausted' : 'handler'
  }

  #mayRetry (error: Error): boolean {
    try {
      return this.#subscription.retry.retryOn(error)
    } catch (err) {
      this.#log.error({ err }, 'retryOn failed, which is taken as a yes')
      return true
    }
  }

  async #publishAll (results: readonly Prepared[], delivery: Delivery, halt: AbortSignal): Promise<boolean> {
    // All of them end before the message does: what is still being published when it fails would come behind the next one's.
    const published = await Promise.allSettled(results.map((result) => this.#publish(result, delivery, halt, 'result', isRefused)))
    const failed = published.find(({ status }) => status === 'rejected')
    if (failed !== undefined) throw (failed as PromiseRejectedResult).reason
    return published.every((result) => (result as PromiseFulfilledResult<boolean>).value)
  }

  async #bury (delivery: Delivery, failure: Failure, halt: AbortSignal): Promise<boolean> {
    const { topic, partition, record: { offset } } = delivery
    const deadLetterTopic = this.#subscription.deadLetterTopic(topic)
    const details = { err: failure.error, topic, partition, offset: String(offset), stage: failure.stage, attempts: failure.attempts }
    if (deadLetterTopic === undefined) {
      this.#log.error(details, 'message cannot be handled and is skipped: it has no dead-letter topic')
      return true
    }
    const settled = await this.#publishLetter(deadLetterTopic, delivery, failure, halt)
    if (settled) this.#log.error({ ...details, deadLetterTopic }, 'message cannot be handled and was moved to the dead-letter topic')
    return settled
  }

  /** With all that there is to say; with less, where that is too large. */
  async #publishLetter (topic: string, delivery: Delivery, failure: Failure, halt: AbortSignal, [detail, ...less]: readonly Detail[] = DETAILS): Promise<boolean> {
    const outgoing = deadLetter(topic, delivery, this.#subscription, failure, detail)
    const prepared = { topic, send: () => this.#producer.publish(outgoing) }
    try {
      return await this.#publish(prepared, delivery, halt, 'dead letter', (error) => less.length > 0 && isTooLarge(error))
    } catch {
      return await this.#publishLetter(topic, delivery, failure, halt, less)
    }
  }

  /** The publish alone is tried again, never the handler, for as long as it takes. Rejects with an error that is `final`. */
  async #publish (prepared: Prepared, { topic, partition, record }: Delivery, halt: AbortSignal, what: string, final: (error: Error) => boolean): Promise<boolean> {
    let failure = await failureOf(prepared.send())
    for (let attempt = 1; failure !== undefined; attempt++) {
      if (final(failure)) throw failure
      this.#lastError = { error: failure, at: this.#clock.now() }
      const wait = backoff(PERSISTENT, attempt)
      this.#log.warn({ err: failure, topic, partition, offset: String(record.offset), to: prepared.topic, attempt, retryIn: Math.round(wait) }, `the ${what} could not be published, it will be tried again`)
      if (!await sleep(this.#clock, wait, halt)) return false
      failure = await failureOf(prepared.send())
    }
    return true
  }
}

function failureOf (work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(() => undefined, toError)
}

function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
