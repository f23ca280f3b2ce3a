import type { Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { Log } from '../../log.js'
import type { Producer } from '../../produce/producer.js'
import { toError } from '../../to-error.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import { Attempt } from './delivery.js'
import type { LastError } from '../group/group-state.js'
import type { Failure, Stage } from './dead-letter.js'
import { AckMessage, decisionOf, StopConsume, type Decision } from './ack.js'
import { PublishUntilStored } from './publish-until-stored.js'
import { backoff } from './backoff.js'
import { HandlerDeadlines } from './handler-deadlines.js'
import type { Delivery, SubscriberPlan } from './subscriber-plan.js'
import type { LaneSlot } from '../partition/lane-slot.js'

/** Told about everything that goes wrong with a message, once per attempt. */
export type FailureListener = (delivery: Delivery, failure: Failure) => void

/** Whether the message is settled. `stop`: it is not, and its subscriber wants no more. */
export type Outcome = boolean | 'stop'

/** How an attempt failed, and after how long there is another one; undefined: there is none. */
interface Failed {
  readonly failure: Failure
  readonly again: number | undefined
}

const ACK: Decision = { kind: 'ack' }

/** The way of one message: decode, validate, handle, publish the result; or retries and the dead-letter topic. */
export class Pipeline {
  readonly #subscription: SubscriberPlan
  readonly #publisher: PublishUntilStored
  readonly #clock: Clock
  readonly #log: Log
  readonly #onFailure: FailureListener | undefined
  readonly #running: HandlerDeadlines
  #lastError: LastError | undefined

  constructor (subscription: SubscriberPlan, producer: Producer, clock: Clock, log: Log, onFailure?: FailureListener) {
    this.#subscription = subscription
    this.#publisher = new PublishUntilStored(subscription, producer, clock, log, (error) => { this.#lastError = { error, at: clock.now() } })
    this.#clock = clock
    this.#log = log
    this.#onFailure = onFailure
    this.#running = new HandlerDeadlines(subscription.handlerTimeout, clock, (attempt) => { this.#late(attempt) })
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

  /** It is not settled, too, when nobody waits for its next try any longer: it will come again. Never rejects. */
  async run (topic: string, partition: number, record: ConsumedRecord, turn: LaneSlot): Promise<Outcome> {
    let attempt = new Attempt(topic, partition, record)
    let outcome = await this.#attempt(attempt, turn)
    while (typeof outcome === 'object' && outcome.again !== undefined) {
      const { again, failure } = outcome
      this.#log.warn({ err: failure.error, topic, partition, offset: String(record.offset), attempt: attempt.attempt, retryIn: Math.round(again) }, 'handler failed, it will be run again')
      if (!await turn.wait(again)) return false
      const next = attempt = attempt.next()
      outcome = await inOwnContext(() => this.#attempt(next, turn, failure.firstAt))
    }
    return typeof outcome === 'object' ? await this.#end(attempt, outcome.failure, turn) : outcome
  }

  /** One run of the whole way. */
  async #attempt (attempt: Attempt, turn: LaneSlot, firstAt?: number): Promise<Outcome | Failed> {
    const subscription = this.#subscription
    let stage: Stage = 'deserialize'
    try {
      const message = subscription.read(attempt)
      if (subscription.ackPolicy === 'ACK_FIRST' && attempt.decide(ACK)) turn.settle()
      stage = 'handler'
      const [decision, result] = await this.#handle(message, attempt)
      if (decision.kind !== 'ack') return this.#decided(decision, attempt, firstAt)
      if (result === undefined) return true
      stage = 'publish'
      return await this.#publisher.results(subscription.prepare(result, message), attempt, turn)
    } catch (thrown) {
      attempt.end()
      if (attempt.givenUp) return false
      if (!(thrown instanceof StopConsume)) return this.#failed(stage, toError(thrown), attempt, firstAt)
      if (attempt.decision?.kind === 'ack') turn.settle()
      return 'stop'
    }
  }

  /** What was made for the message is cleaned up whatever happened; where that fails, the handler has failed. */
  async #handle (message: unknown, attempt: Attempt): Promise<readonly [decision: Decision, result: unknown]> {
    const subscription = this.#subscription
    let result: unknown
    try {
      const returned = subscription.handle(message)
      result = isPromise(returned) ? await this.#running.watch(attempt, returned) : returned
      if (attempt.aborted !== undefined) throw attempt.aborted
    } catch (thrown) {
      return [await this.#thrown(thrown, message, attempt), undefined]
    }
    if (subscription.ackPolicy !== 'MANUAL') attempt.decide(ACK)
    const { decision } = attempt
    if (decision !== undefined && decision.kind !== 'ack') {
      await this.#release(message, attempt, decision)
      return [decision, undefined]
    }
    const released = this.#release(message, attempt)
    if (released !== undefined) await released
    return [attempt.decision ?? await this.#running.watch(attempt, attempt.decided()), result]
  }

  /** Some things are thrown to decide; and what was decided before stays so. Rejects with what is a failure, or stops. */
  async #thrown (thrown: unknown, message: unknown, attempt: Attempt): Promise<Decision> {
    const { topic, partition, record: { offset }, aborted, decision: before } = attempt
    const error = aborted ?? thrown
    const decision = before ?? decisionOf(error)
    attempt.end()
    const isDone = decision?.kind === 'ack' && (error instanceof AckMessage || error instanceof StopConsume)
    await this.#release(message, attempt, isDone ? undefined : { error })
    if (attempt.givenUp || decision === undefined || error instanceof StopConsume) throw error
    if (isDone) this.#log.debug({ topic, partition, offset: String(offset) }, error.message)
    else if (before !== undefined) {
      this.#lastError = { error: toError(error), at: this.#clock.now() }
      this.#log.error({ err: toError(error), topic, partition, offset: String(offset) }, 'handler failed when it had decided already: that stands')
    }
    return decision
  }

  /** Where the handler has failed, that comes first: that its clean-up failed, too, is logged. */
  #release (message: unknown, attempt: Attempt, failure?: { readonly error: unknown }): Promise<void> | undefined {
    const released = this.#subscription.release(message, failure)
    return released && this.#running.end(attempt, failure === undefined ? released : released.catch(() => {}))
  }

  #decided (decision: Exclude<Decision, { kind: 'ack' }>, attempt: Attempt, firstAt: number | undefined): Failed {
    const at = this.#clock.now()
    const failure = { error: decision.error, attempts: attempt.attempt, firstAt: firstAt ?? at, at }
    if (decision.kind === 'nack') return { failure: { ...failure, stage: 'handler' }, again: decision.delay ?? backoff(this.#subscription.retry, attempt.attempt) }
    return this.#noted(attempt, { failure: { ...failure, stage: 'rejected' }, again: undefined })
  }

  #failed (stage: Stage, error: Error, attempt: Attempt, firstAt: number | undefined): Failed {
    const at = this.#clock.now()
    const isAgain = stage === 'handler' && this.#isAgain(error, attempt.attempt)
    const failure = { stage: stageOf(stage, error, isAgain), error, attempts: attempt.attempt, firstAt: firstAt ?? at, at }
    return this.#noted(attempt, { failure, again: isAgain ? backoff(this.#subscription.retry, attempt.attempt) : undefined })
  }

  #noted (attempt: Attempt, failed: Failed): Failed {
    this.#lastError = failed.failure
    this.#onFailure?.(attempt, failed.failure)
    return failed
  }

  #late ({ topic, partition, record, attempt }: Attempt): void {
    this.#log.warn({ topic, partition, offset: String(record.offset), attempt, timeout: this.#subscription.handlerTimeout }, 'handler has had its time, its signal is aborted: the messages behind it wait until it ends')
  }

  #isAgain (error: Error, attempt: number): boolean {
    const { ackPolicy, retry } = this.#subscription
    if (ackPolicy === 'ACK' || ackPolicy === 'ACK_FIRST') return false
    if (ackPolicy === 'REJECT_ON_ERROR' && attempt > retry.retries) return false
    try {
      const again: unknown = retry.retryOn(error)
      if (typeof again === 'boolean') return again
      const cure = `must return true or false, and returned a value of type ${typeof again}`
      throw new FASTSTREAM_ERR_INVALID_OPTION('retry.retryOn', cure)
    } catch (err) {
      this.#log.error({ err }, 'retryOn failed, which is taken as a yes')
      return true
    }
  }

  /** There is no further attempt. */
  async #end (delivery: Delivery, failure: Failure, turn: LaneSlot): Promise<boolean> {
    const { topic, partition, record: { offset } } = delivery
    const { ackPolicy } = this.#subscription
    const details = { err: failure.error, topic, partition, offset: String(offset), stage: failure.stage, attempts: failure.attempts }
    if ((ackPolicy === 'ACK' || ackPolicy === 'ACK_FIRST') && (failure.stage === 'retries-exhausted' || failure.stage === 'publish')) {
      this.#log.error(details, 'handler failed, and its message is settled all the same')
      return true
    }
    const deadLetterTopic = this.#subscription.deadLetterTopic(topic)
    if (deadLetterTopic === undefined) {
      this.#log.error(details, 'message cannot be handled and is skipped: it has no dead-letter topic')
      return true
    }
    const settled = await this.#publisher.deadLetter(deadLetterTopic, delivery, failure, turn)
    if (settled) this.#log.error({ ...details, deadLetterTopic }, 'message cannot be handled and was moved to the dead-letter topic')
    return settled
  }
}

/** Only 'handler' is tried again. */
function stageOf (stage: Stage, error: Error, isAgain: boolean): Stage {
  if (stage === 'deserialize') return 'code' in error && error.code === 'FASTSTREAM_ERR_VALIDATION' ? 'validate' : 'deserialize'
  return stage === 'handler' && !isAgain ? 'retries-exhausted' : stage
}

function isPromise (value: unknown): value is PromiseLike<unknown> {
  return typeof (value as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function'
}
