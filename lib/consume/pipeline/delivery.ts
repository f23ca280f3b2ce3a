import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_HANDLER_ABORTED } from '../../errors.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { Decision } from './ack.js'
import type { Delivery } from './subscriber-plan.js'

/** One run of a handler for one record, which may be told to stop. */
export class Attempt implements Delivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  readonly attempt: number
  #reason: Error | undefined
  #givenUp = false
  #ended = false
  #decision: Decision | undefined
  #wait: { resolve (decision: Decision): void, reject (reason: Error): void } | undefined
  #controller: AbortController | undefined

  constructor (topic: string, partition: number, record: ConsumedRecord, attempt = 1) {
    this.topic = topic
    this.partition = partition
    this.record = record
    this.attempt = attempt
  }

  next (): Attempt {
    return new Attempt(this.topic, this.partition, this.record, this.attempt + 1)
  }

  /** Made when it is asked for: most handlers do not. */
  get signal (): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#reason !== undefined) this.#controller.abort(this.#reason)
    }
    return this.#controller.signal
  }

  /** The first reason stays. Listeners of the signal are the user's: each attempt's run in a context of their own. */
  abort (reason: Error): void {
    const first = this.#reason ??= reason
    if (this.#controller !== undefined) inOwnContext(() => this.#controller?.abort(first))
    this.#wait?.reject(first)
  }

  /** The first decision counts: false when there was one, when this run has failed, or when the message is no longer ours. */
  decide (decision: Decision): boolean {
    if (this.#decision !== undefined || this.#reason !== undefined || this.#ended) return false
    this.#decision = decision
    this.#wait?.resolve(decision)
    return true
  }

  get decision (): Decision | undefined {
    return this.#decision
  }

  /** Its outcome is known: nothing is decided any more. */
  end (): void {
    this.#ended = true
  }

  /** Waits for a decision; rejects when it is aborted before. */
  decided (): Promise<Decision> {
    return new Promise((resolve, reject) => { this.#wait = { resolve, reject } })
  }

  /** Why it has failed, whatever its handler does then: one that stops half-way may well return. */
  get aborted (): Error | undefined {
    return this.#reason
  }

  /** Its message is no longer ours, which is no failure: it comes again. */
  giveUp (reason: string): void {
    this.#givenUp = true
    this.abort(new FASTSTREAM_ERR_HANDLER_ABORTED(reason))
  }

  get givenUp (): boolean {
    return this.#givenUp
  }
}
