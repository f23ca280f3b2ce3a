import type { Clock } from '../../clock.js'
import type { Log } from '../../log.js'
import { isRefused, isTooLarge, type Producer } from '../../produce/producer.js'
import { toError } from '../../to-error.js'
import { deadLetter, detailsFor, type Detail, type Failure } from './dead-letter.js'
import { backoff } from './backoff.js'
import type { Delivery, Prepared, SubscriberPlan } from './subscriber-plan.js'
import type { LaneSlot } from '../partition/lane-slot.js'

/** Waits between tries. They go on for as long as it takes. */
const PERSISTENT = { delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/** Publishes what must be published before a message is settled: the result of its handler, its dead letter. */
export class PublishUntilStored {
  readonly #subscription: SubscriberPlan
  readonly #producer: Producer
  readonly #clock: Clock
  readonly #log: Log
  readonly #onError: (error: Error) => void

  /** `onError`: told about every try that failed. */
  constructor (subscription: SubscriberPlan, producer: Producer, clock: Clock, log: Log, onError: (error: Error) => void) {
    this.#subscription = subscription
    this.#producer = producer
    this.#clock = clock
    this.#log = log
    this.#onError = onError
  }

  /** False when it was halted. Rejects when the cluster refuses one of them. */
  async results (results: readonly Prepared[], delivery: Delivery, turn: LaneSlot): Promise<boolean> {
    return await this.#publish(results, delivery, turn, 'result', isRefused)
  }

  /** With all that there is to say; with less, where that is too large. False when it was halted. */
  async deadLetter (topic: string, delivery: Delivery, failure: Failure, turn: LaneSlot, [detail, ...less]: readonly Detail[] = detailsFor(delivery.record, this.#subscription)): Promise<boolean> {
    const outgoing = deadLetter(topic, delivery, this.#subscription, failure, detail)
    const prepared = { topic, send: () => this.#producer.publish(outgoing) }
    try {
      return await this.#publish([prepared], delivery, turn, 'dead letter', (error) => less.length > 0 && isTooLarge(error))
    } catch {
      return await this.deadLetter(topic, delivery, failure, turn, less)
    }
  }

  /**
   * Rejects with an error that is `final` when all of them have ended: what is still being published when its message fails would
   * come behind the next one's. They wait together, because a message has one turn.
   */
  async #publish (all: readonly Prepared[], { topic, partition, record }: Delivery, turn: LaneSlot, what: string, final: (error: Error) => boolean): Promise<boolean> {
    let pending = all
    let refusal: Error | undefined
    for (let attempt = 1; ; attempt++) {
      const wait = backoff(PERSISTENT, attempt)
      const failed = new Set<Prepared>()
      await Promise.all(pending.map(async (prepared) => {
        const err = await failureOf(prepared.send())
        if (err === undefined) return
        if (final(err)) {
          refusal ??= err
          return
        }
        failed.add(prepared)
        this.#onError(err)
        this.#log.warn({ err, topic, partition, offset: String(record.offset), to: prepared.topic, attempt, retryIn: Math.round(wait) }, `the ${what} could not be published, it will be tried again`)
      }))
      if (failed.size === 0) break
      if (!await turn.wait(wait)) return false
      pending = pending.filter((prepared) => failed.has(prepared))
    }
    if (refusal !== undefined) throw refusal
    return true
  }
}

function failureOf (work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(() => undefined, toError)
}
