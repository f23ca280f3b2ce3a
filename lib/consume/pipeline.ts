import { sleep, type Clock } from '../clock.js'
import type { Log } from '../log.js'
import { isRefused, isTooLarge, type Producer } from '../produce/producer.js'
import { deadLetter, DETAILS, type Detail, type Failure, type Stage } from './dead-letter.js'
import { backoff } from './retry.js'
import type { Delivery, Prepared, Subscription } from './subscription.js'
import { toError } from './thrown.js'
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

  constructor (subscription: Subscription, producer: Producer, clock: Clock, log: Log, onFailure?: FailureListener) {
    this.#subscription = subscription
    this.#producer = producer
    this.#clock = clock
    this.#log = log
    this.#onFailure = onFailure
  }

  /**
   * Resolves to whether the message is settled. It is not when `halt` aborts while it waits for its next try: it will come again.
   * Never rejects.
   */
  async run (topic: string, partition: number, record: ConsumedRecord, halt: AbortSignal): Promise<boolean> {
    let delivery: Delivery = { topic, partition, record, attempt: 1 }
    let outcome = await this.#attempt(delivery, halt)
    while (typeof outcome === 'object' && outcome.stage === 'handler') {
      const wait = backoff(this.#subscription.retry, delivery.attempt)
      this.#log.warn({ err: outcome.error, topic, partition, offset: String(record.offset), attempt: delivery.attempt, retryIn: Math.round(wait) }, 'handler failed, it will be run again')
      if (!await sleep(this.#clock, wait, halt)) return false
      delivery = { ...delivery, attempt: delivery.attempt + 1 }
      outcome = await this.#attempt(delivery, halt, outcome.firstAt)
    }
    return typeof outcome === 'object' ? await this.#bury(delivery, outcome, halt) : outcome
  }

  /** One run of the whole way: how it failed, or whether the message is settled. */
  async #attempt (delivery: Delivery, halt: AbortSignal, firstAt?: number): Promise<boolean | Failure> {
    const subscription = this.#subscription
    let stage: Stage = 'deserialize'
    try {
      const message = subscription.read(delivery)
      stage = 'handler'
      const result = await subscription.handle(message)
      if (result === undefined) return true
      stage = 'publish'
      return await this.#publishAll(subscription.prepare(result, message), delivery, halt)
    } catch (thrown) {
      const error = toError(thrown)
      const at = this.#clock.now()
      const failure = { stage: this.#stageOf(stage, error, delivery.attempt), error, attempts: delivery.attempt, firstAt: firstAt ?? at, at }
      this.#onFailure?.(delivery, failure)
      return failure
    }
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
