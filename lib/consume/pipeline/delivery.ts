import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_HANDLER_ABORTED } from '../../errors.js'
import type { Log } from '../../log.js'
import { receivedCorrelationId } from '../../message/correlation-id.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { Decision } from '../../message/ack.js'
import type { Prepared } from '../../message/outgoing.js'

/** One attempt to handle a record: its place, its number, its abort signal and the decision of its handler. */
export class Delivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  /** 1, then one more with each retry. */
  readonly attempt: number
  /** The value of the record, where it was decoded before this attempt. */
  decoded: { readonly value: unknown } | undefined
  /** What its handler has returned, once that was handed to the producer: only the publish is tried again. */
  results: readonly Prepared[] | undefined
  /** Error of a handler that threw when it had decided: the decision stands. */
  error: Error | undefined
  /** The first attempt for the same record; undefined for that attempt itself. */
  readonly #first: Delivery | undefined
  #attempts = 1
  #forgiven: Error | undefined
  #correlationId: string | undefined
  #reason: Error | undefined
  #givenUp = false
  #ended = false
  #decision: Decision | undefined
  #wait: { resolve (decision: Decision): void, reject (reason: Error): void } | undefined
  #controller: AbortController | undefined

  constructor (topic: string, partition: number, record: ConsumedRecord, attempt = 1, first?: Delivery) {
    this.topic = topic
    this.partition = partition
    this.record = record
    this.attempt = attempt
    this.#first = first
  }

  /** The deliveries of the records that this attempt concerns. */
  get parts (): readonly Delivery[] {
    return [this]
  }

  /** The attempt itself. */
  get whole (): this {
    return this
  }

  /** The next attempt for the same record. */
  next (): Delivery {
    const first = this.#first ?? this
    first.#attempts++
    const next = new Delivery(this.topic, this.partition, this.record, this.attempt + 1, first)
    next.results = this.results
    return next
  }

  /** Number of attempts so far; the first attempt counts them. */
  get attempts (): number {
    return this.#attempts
  }

  /** The policy settles the message although an attempt failed. */
  forgive (error: Error): void {
    (this.#first ?? this).#forgiven = error
  }

  /** Error of the failure in spite of which the message is settled; the first attempt has it. */
  get forgiven (): Error | undefined {
    return this.#forgiven
  }

  /**
   * The correlation id of the header, or a new one: the same for all attempts. `log` is told when that of the header is
   * replaced.
   */
  correlationId (log: Log): string {
    const first = this.#first ?? this
    first.#correlationId ??= receivedCorrelationId(this.record, log, this)
    return first.#correlationId
  }

  /** Place of the record, for log lines. */
  get place (): { readonly topic: string, readonly partition: number, readonly offset: string } {
    return { topic: this.topic, partition: this.partition, offset: String(this.record.offset) }
  }

  /** Aborts when the attempt times out or is given up. Created on first use: most handlers never read it. */
  get signal (): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** Aborts the attempt; a second abort does not change the reason. Listeners of the signal run in an own context. */
  abort (reason: Error): void {
    const first = this.#reason ??= reason
    const controller = this.#controller
    if (controller !== undefined) inOwnContext(() => { controller.abort(first) })
    this.#wait?.reject(first)
  }

  /** Stores the handler's decision. False when the attempt has a decision already, was aborted, or has ended. */
  decide (decision: Decision): boolean {
    if (this.#decision !== undefined || this.#reason !== undefined || this.#ended) return false
    this.#decision = decision
    this.#wait?.resolve(decision)
    return true
  }

  get decision (): Decision | undefined {
    return this.#decision
  }

  /** Ends the attempt: later decisions are refused. */
  end (): void {
    this.#ended = true
  }

  /** Waits for the decision; rejects when the attempt is aborted first. */
  decided (): Promise<Decision> {
    return new Promise((resolve, reject) => { this.#wait = { resolve, reject } })
  }

  /**
   * The reason of the abort. An aborted attempt has failed even if its handler returns: it may have stopped half-way.
   */
  get aborted (): Error | undefined {
    return this.#reason
  }

  /**
   * Aborts the attempt because this process no longer owns the message. That is no failure: the message is
   * redelivered.
   */
  giveUp (reason: string): void {
    this.#givenUp = true
    this.abort(new FASTSTREAM_ERR_HANDLER_ABORTED(reason))
  }

  get givenUp (): boolean {
    return this.#givenUp
  }
}
