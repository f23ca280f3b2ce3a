import { send, type Outgoing, type Prepared, type Sender, type Sending } from '../../message/outgoing.js'
import type { Producer } from '../../produce/producer.js'
import { isRefused, isTooLarge } from '../../produce/publish-error.js'
import { isWithdrawn } from '../../produce/send-order.js'
import { isNotAuthorized } from '../../missing-rights.js'
import { toError } from '../../to-error.js'
import type { LaneSlot } from '../partition/lanes.js'
import { backoff } from './backoff.js'
import { deadLetter, detailsFor, type Detail, type Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { SubscriberReport } from './report.js'
import type { ResultsInScope, SubscriberSettings } from './subscriber-plan.js'

/** What could not be stored, and why. */
type Failed = ReadonlyMap<Prepared, Error>

/** What must be stored has no reason to give up for a full queue. */
const WAITING = { wait: true }
/** Waits between sends. Their number has no limit. */
const UNLIMITED = { delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2 }

/**
 * Publishes what must be stored before a message is settled: the handler's results, a forwarded message, a dead
 * letter.
 */
export class PublishUntilStored {
  readonly #plan: SubscriberSettings
  readonly #sender: Sender
  readonly #report: SubscriberReport

  constructor (plan: SubscriberSettings, producer: Producer, report: SubscriberReport) {
    this.#plan = plan
    this.#sender = { send: (outgoing) => producer.publish(outgoing, true) }
    this.#report = report
  }

  /**
   * Resolves to whether all are stored: false when the lane was halted. Rejects when the cluster refuses one of them.
   */
  results (
    results: readonly Prepared[] | Promise<ResultsInScope>, delivery: Delivery, slot: LaneSlot
  ): Promise<boolean> {
    if (results instanceof Promise) return this.#resultsInScope(results, delivery, slot)
    return this.#publish(results, delivery, slot, 'result', isRefused)
  }

  async #resultsInScope (results: Promise<ResultsInScope>, delivery: Delivery, slot: LaneSlot): Promise<boolean> {
    const { prepared, end } = await results
    let stored = false
    try {
      stored = await slot.first?.() !== false && await this.results(prepared, delivery, slot)
    } finally {
      const ended = end()
      await (stored ? ended : ended.catch(() => {}))
    }
    return stored
  }

  /**
   * The same, and the next message of the lane begins as soon as the producer has taken all of them. It resolves when
   * those of the messages before are stored, too. A result that is not stored at once is sent again by itself, when its
   * message is the first one of its lane.
   */
  overlapping (results: readonly Prepared[], delivery: Delivery, slot: LaneSlot): Promise<boolean> {
    // Each message comes here: a `then` takes less memory than the frame of an async function.
    return sendInOrder(results, slot).then((failed) => {
      const settled = slot.first?.() ?? true
      return failed === undefined ? settled : this.#sendAgain(failed, settled, delivery, slot)
    })
  }

  /** `settled`: whether those before it are, in its lane. */
  async #sendAgain (
    failed: Failed, settled: Promise<boolean> | boolean, delivery: Delivery, slot: LaneSlot
  ): Promise<boolean> {
    if (!await settled) return false
    const delay = backoff(UNLIMITED, 1)
    // Another one may be at fault for a refusal: the cluster refuses all that it gets together.
    const unstored = [...failed].filter(([, error]) => !isWithdrawn(error) && !isRefused(error))
    for (const [{ outgoing: { topic: to } }, error] of unstored) {
      this.#report.publishFailed(delivery, error, { what: 'result', to, attempt: 1, delay })
    }
    const isFirstTry = unstored.length === 0
    if (!await slot.wait(isFirstTry ? 0 : delay)) return false
    return await this.#publish([...failed.keys()], delivery, slot, 'result', isRefused, isFirstTry ? 1 : 2)
  }

  /** Resolves to whether it is stored: false when the lane was halted. Rejects when the cluster refuses it. */
  async forward (outgoing: Outgoing, delivery: Delivery, slot: LaneSlot): Promise<boolean> {
    return await this.#publish([this.#prepared(outgoing)], delivery, slot, 'forwarded message', isRefused)
  }

  /**
   * Publishes the dead letter with all its details; with fewer where that is too large. False when the lane was
   * halted. Rejects when the right to do so is missing.
   */
  async deadLetter (
    topic: string, delivery: Delivery, failure: Failure, slot: LaneSlot,
    details: readonly Detail[] = detailsFor(delivery.record, this.#plan)
  ): Promise<boolean> {
    const [detail, ...less] = details
    const prepared = this.#prepared(deadLetter(topic, delivery, this.#plan, failure, detail))
    try {
      const final = (error: Error): boolean => isNotAuthorized(error) || (less.length > 0 && isTooLarge(error))
      return await this.#publish([prepared], delivery, slot, 'dead letter', final)
    } catch (err) {
      if (isNotAuthorized(err)) throw err
      return await this.deadLetter(topic, delivery, failure, slot, less)
    }
  }

  #prepared (outgoing: Outgoing): Prepared {
    return { outgoing, sender: this.#sender }
  }

  /**
   * Waits until every send has ended before it rejects with the first `final` error; otherwise a send still in flight
   * could be stored after those of the next message. All retries share one wait, because a message holds one lane
   * slot. A send waits for room in the queue: publishes with `wait` would otherwise always come first.
   */
  async #publish (
    all: readonly Prepared[], delivery: Delivery, slot: LaneSlot, what: string, final: (error: Error) => boolean,
    firstAttempt = 1
  ): Promise<boolean> {
    let pending = all
    let refusal: Error | undefined
    for (let attempt = firstAttempt; ; attempt++) {
      const delay = backoff(UNLIMITED, attempt)
      const failed = new Set<Prepared>()
      await Promise.all(pending.map(async (prepared) => {
        const error = await failureOf(send(prepared, WAITING))
        if (error === undefined) return
        if (final(error)) {
          if (prepared.refused === undefined) refusal ??= error
          else prepared.refused(error)
          return
        }
        failed.add(prepared)
        this.#report.publishFailed(delivery, error, { what, to: prepared.outgoing.topic, attempt, delay })
      }))
      if (failed.size === 0) break
      if (!await slot.wait(delay)) return false
      pending = pending.filter((prepared) => failed.has(prepared))
    }
    if (refusal !== undefined) throw refusal
    return true
  }
}

/** Resolves to what could not be stored, once each has an outcome; undefined: all are stored. */
function sendInOrder (results: readonly Prepared[], slot: LaneSlot): Promise<Failed | undefined> {
  let unqueued = results.length
  const sending: Sending = {
    wait: true,
    order: slot.resultOrder,
    queued: () => { if (--unqueued === 0) slot.letNextBegin?.() }
  }
  const [only] = results
  if (only !== undefined && results.length === 1) {
    return send(only, sending).then(noFailure, (thrown) => new Map([[only, toError(thrown)]]))
  }
  return sendAllInOrder(results, sending)
}

async function sendAllInOrder (results: readonly Prepared[], sending: Sending): Promise<Failed | undefined> {
  const failed = new Map<Prepared, Error>()
  await Promise.all(results.map(async (prepared) => {
    const error = await failureOf(send(prepared, sending))
    if (error !== undefined) failed.set(prepared, error)
  }))
  return failed.size === 0 ? undefined : failed
}

function failureOf (work: Promise<unknown>): Promise<Error | undefined> {
  return work.then(noFailure, toError)
}

function noFailure (): undefined {}
