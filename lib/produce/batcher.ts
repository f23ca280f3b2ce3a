import { nextTurn, type Clock } from '../clock.js'
import { makeInOwnContext } from '../context.js'
import type { QueueSettings } from '../options/settings.js'
import { SendError, type TransportProducer } from '../transport/transport.js'
import { toError } from '../to-error.js'
import type { Entry } from './entry.js'
import { behind, putBehind, takeOut, Withdrawn } from './send-order.js'
import { takeBatch } from './take-batch.js'

/**
 * One send in flight: the next batch is what arrived meanwhile, so batches grow with the load and a lone message leaves
 * at once. Records keep the order of their calls.
 */
export class Batcher {
  readonly #transport: TransportProducer
  readonly #limits: QueueSettings
  readonly #clock: Clock
  readonly #place: (entry: Entry) => void
  /** What counts in the queue. */
  readonly queued = { messages: 0, bytes: 0 }
  #queue: Entry[] = []
  #sending = false
  #scheduled = false
  #cancelSweep: (() => void) | undefined
  /** Every entry that has no outcome, in the order of their deadlines. */
  readonly #open = new Set<Entry>()
  /** Entries that wait for room, in the order of their calls. */
  readonly #waiting = new Set<Entry>()
  #admitting = false
  readonly #idle: Array<() => void> = []

  /** `place` chooses the partition of an entry that counts in, and puts it into the queue, then or later. */
  constructor (
    transport: TransportProducer, limits: QueueSettings, clock: Clock, place: (entry: Entry) => void
  ) {
    this.#transport = transport
    this.#limits = limits
    this.#clock = clock
    this.#place = place
  }

  get pending (): number {
    return this.queued.messages + this.#waiting.size
  }

  /** False also where others wait for room: what is published later must not overtake them. */
  hasRoom (size: number): boolean {
    return this.#waiting.size === 0 && this.#fits(size)
  }

  /** Takes an entry: at once, or when there is room. It gets its outcome by its deadline, whatever happens to it. */
  accept (entry: Entry): void {
    if (entry.order?.broken === true) return entry.reject(new Withdrawn())
    this.#open.add(entry)
    putBehind(entry)
    this.#sweepLater()
    if (this.hasRoom(entry.size)) this.#countIn(entry)
    else this.#waiting.add(entry)
  }

  #fits (size: number): boolean {
    const { messages, bytes } = this.queued
    // A lone record larger than the whole queue must be able to leave.
    return messages === 0 || (messages < this.#limits.messages && bytes + size <= this.#limits.bytes)
  }

  #countIn (entry: Entry): void {
    entry.counted = true
    this.queued.messages++
    this.queued.bytes += entry.size
    this.#place(entry)
    if (!entry.done && (entry.order === undefined || this.#isRoomy)) entry.queued?.()
  }

  /** Whether half of the queue is free: results of handlers that do not wait for each other leave it to the others. */
  get #isRoomy (): boolean {
    const { messages, bytes } = this.queued
    return messages <= this.#limits.messages / 2 && bytes <= this.#limits.bytes / 2
  }

  /** One at a time, in order: to place an entry may fail, which makes room for the next one. */
  #admit (): void {
    if (this.#admitting) return
    this.#admitting = true
    for (const entry of this.#waiting) {
      if (!this.#fits(entry.size)) break
      this.#waiting.delete(entry)
      this.#countIn(entry)
    }
    this.#admitting = false
  }

  /** Gives up what waits for room. */
  refuseWaiting (): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const entry of waiting) this.#giveUp(entry, 'the broker was closed', 'closed')
  }

  enqueue (entry: Entry): void {
    this.#queue.push(entry)
    this.#flushLater()
  }

  /** What must not overtake the entry fails with it, and may be published again behind it. */
  fail (entry: Entry, error: Error): void {
    if (entry.done) return
    const withdrawn = behind(entry, this.#open)
    this.#close(entry)
    entry.reject(error)
    for (const later of withdrawn) this.fail(later, new Withdrawn())
  }

  /** Gives up what has no outcome. */
  abort (): void {
    for (const entry of this.#open) this.#giveUp(entry, 'the broker was closed', 'closed')
  }

  #giveUp (entry: Entry, message: string, reason: SendError['reason']): void {
    this.fail(entry, new SendError(message, entry.sent ? 'unknown' : 'not-sent', reason))
  }

  idle (): Promise<void> {
    if (this.queued.messages === 0) return Promise.resolve()
    return new Promise((resolve) => { this.#idle.push(resolve) })
  }

  #flushLater (): void {
    if (this.#scheduled || this.#sending) return
    this.#scheduled = true
    // A batch belongs to no publish, whichever was the first in it.
    makeInOwnContext(() => nextTurn(() => {
      this.#scheduled = false
      this.#flush()
    }))
  }

  async #flush (): Promise<void> {
    this.#sending = true
    while (this.#queue.length > 0) {
      const { batch, taken } = takeBatch(this.#queue)
      this.#queue = this.#queue.slice(taken)
      const sent = batch.filter((entry) => this.#maySend(entry))
      if (sent.length > 0) await this.#send(sent)
    }
    this.#sending = false
  }

  /** Marks an entry as sent, unless one that must be stored before it has failed. */
  #maySend (entry: Entry): boolean {
    if (entry.order?.broken === true) this.fail(entry, new Withdrawn())
    else entry.sent = true
    return entry.sent
  }

  async #send (batch: readonly Entry[]): Promise<void> {
    // Each entry is answered at its own deadline; the send itself goes on until the last.
    let deadline = 0
    for (const entry of batch) if (entry.deadline > deadline) deadline = entry.deadline
    try {
      this.#stored(batch, await this.#transport.send(batch.map((entry) => entry.record), deadline))
    } catch (error) {
      // One partition's refusal is no failure of the others.
      if (error instanceof SendError) this.#stored(batch, error.offsets)
      const rest = batch.filter(({ done }) => !done)
      // What is left may be one record: it has not been refused by itself.
      if (batch.length > 1 && isTogetherTooLarge(error)) {
        for (const entry of rest) if (!entry.done) await this.#send([entry])
        return
      }
      for (const entry of rest) this.fail(entry, toError(error))
    }
  }

  #stored (batch: readonly Entry[], offsets: SendError['offsets']): void {
    for (let i = 0; i < batch.length; i++) {
      const offset = offsets[i]
      const entry = batch[i] as Entry
      if (offset !== undefined && this.#close(entry)) entry.resolve(offset)
    }
  }

  #close (entry: Entry): boolean {
    if (entry.done) return false
    entry.done = true
    this.#open.delete(entry)
    this.#waiting.delete(entry)
    takeOut(entry)
    if (entry.counted) {
      this.queued.messages--
      this.queued.bytes -= entry.size
    }
    if (this.#waiting.size > 0) this.#admit()
    if (this.#open.size > 0) return true
    this.#cancelSweep?.()
    this.#cancelSweep = undefined
    for (const resolve of this.#idle.splice(0)) resolve()
    return true
  }

  #sweepLater (): void {
    if (this.#cancelSweep !== undefined) return
    const [oldest] = this.#open
    if (oldest === undefined) return
    this.#cancelSweep = this.#clock.schedule(Math.max(0, oldest.deadline - this.#clock.elapsed()), () => {
      this.#cancelSweep = undefined
      this.#sweep()
      this.#sweepLater()
    })
  }

  #sweep (): void {
    const now = this.#clock.elapsed()
    // What gives up its place leaves it to those that are not due as well.
    this.#admitting = true
    for (const entry of this.#open) {
      if (entry.deadline > now) break
      this.#giveUp(entry, 'no answer before the deadline', 'timeout')
    }
    this.#admitting = false
    this.#admit()
  }
}

/**
 * True when each record of a batch has to be sent alone: a topic may take less at a time than a batch holds, and only a
 * record that is too large by itself shall fail.
 */
function isTogetherTooLarge (error: unknown): boolean {
  return error instanceof SendError && error.reason === 'too-large' && error.outcome === 'not-sent'
}
