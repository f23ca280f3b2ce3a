import { randomUUID } from 'node:crypto'
import type { Clock } from '../clock.js'
import { FASTSTREAM_ERR_REQUEST_ABORTED, FASTSTREAM_ERR_REQUEST_TIMEOUT } from '../errors.js'
import { CORRELATION_ID, headerText } from '../message/headers.js'
import type { ConsumedRecord } from '../transport/transport.js'

/** Bounds of one request. */
export interface RequestBounds {
  /** ms */
  readonly timeout: number
  readonly signals: readonly AbortSignal[]
}

/** Characters of an id that tell the process, as the first part of a UUID. */
const TAG = 8

/** Requests of one broker that wait for their replies. */
export class OpenRequests {
  /** Processes that read the same partition see each other's replies: ids of this one begin alike. */
  readonly #tag = randomUUID().slice(0, TAG)
  readonly #open = new Map<string, OpenRequest>()
  readonly #clock: () => Clock
  #late = 0
  /** When the earliest of them times out, by the clock's `elapsed`; one timer serves all, because each holds memory. */
  #earliest = Infinity
  #cancel: (() => void) | undefined

  constructor (clock: () => Clock) {
    this.#clock = clock
  }

  get size (): number {
    return this.#open.size
  }

  /** Number of replies for which no request waits. */
  get late (): number {
    return this.#late
  }

  /** Must be ended. */
  begin (topic: string, { timeout, signals }: RequestBounds): OpenRequest {
    const deadline = this.#clock().elapsed() + timeout
    const request = new OpenRequest(this.#tag + randomUUID().slice(TAG), topic, { timeout, deadline, signals })
    this.#open.set(request.id, request)
    this.#expireAt(deadline)
    return request
  }

  end (request: OpenRequest): void {
    request.release()
    this.#open.delete(request.id)
    if (this.#open.size === 0) this.#expireAt(Infinity)
  }

  /** Takes a record of the partition of replies. Never throws. */
  deliver (record: ConsumedRecord): void {
    const id = headerText(record, CORRELATION_ID)
    if (id?.startsWith(this.#tag) !== true) return
    if (this.#open.get(id)?.answer(record) !== true) this.#late++
  }

  /** Fails all of them. */
  fail (error: Error): void {
    for (const request of this.#open.values()) request.fail(error)
  }

  /** Looks at the deadlines at this time, if no earlier look is to come. `Infinity`: never. */
  #expireAt (time: number): void {
    if (time !== Infinity && time >= this.#earliest) return
    const clock = this.#clock()
    this.#cancel?.()
    this.#earliest = time
    this.#cancel = time === Infinity ? undefined : clock.schedule(time - clock.elapsed(), () => { this.#expire() })
  }

  #expire (): void {
    const now = this.#clock().elapsed()
    let earliest = Infinity
    for (const request of this.#open.values()) {
      if (request.deadline <= now) request.expire()
      else earliest = Math.min(earliest, request.deadline)
    }
    this.#earliest = Infinity
    this.#expireAt(earliest)
  }
}

/** One request, until its reply is read, or it has failed. */
export class OpenRequest {
  readonly id: string
  /** By the clock's `elapsed`, ms. */
  readonly deadline: number
  readonly #topic: string
  readonly #timeout: number
  readonly #signals: readonly AbortSignal[]
  #sent = false
  #failure: Error | undefined
  #reject: ((error: Error) => void) | undefined
  #answer: ((record: ConsumedRecord) => void) | undefined
  /** Undefined without signals. */
  #onAbort: (() => void) | undefined

  constructor (
    id: string, topic: string, { timeout, deadline, signals }: RequestBounds & { readonly deadline: number }
  ) {
    this.id = id
    this.deadline = deadline
    this.#topic = topic
    this.#timeout = timeout
    this.#signals = signals
    if (signals.length === 0) return
    this.#onAbort = () => { this.#abort() }
    for (const signal of signals) {
      if (signal.aborted) this.#abort()
      else signal.addEventListener('abort', this.#onAbort, { once: true })
    }
  }

  /** Its time is over. */
  expire (): void {
    this.fail(new FASTSTREAM_ERR_REQUEST_TIMEOUT(this.#topic, this.#timeout, this.#place))
  }

  /** Settles as `work` does; rejects before that when the request fails. */
  wait<Result> (work: Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#reject = reject
      work.then(resolve, reject)
      if (this.#failure !== undefined) reject(this.#failure)
    })
  }

  /** Resolves to the record of the reply. To be called before the request is sent. Throws when it has failed. */
  reply (): Promise<ConsumedRecord> {
    if (this.#failure !== undefined) throw this.#failure
    this.#sent = true
    return new Promise((resolve, reject) => {
      this.#answer = resolve
      this.#reject = reject
    })
  }

  /** Takes the reply. False when there is one already. */
  answer (record: ConsumedRecord): boolean {
    if (this.#answer === undefined) return false
    this.#answer(record)
    this.#answer = undefined
    return true
  }

  /** The first failure counts. */
  fail (error: Error): void {
    this.#failure ??= error
    this.#reject?.(error)
  }

  release (): void {
    for (const signal of this.#signals) signal.removeEventListener('abort', this.#onAbort!)
  }

  #abort (): void {
    const aborted = this.#signals.find((signal) => signal.aborted)
    this.fail(new FASTSTREAM_ERR_REQUEST_ABORTED(this.#topic, this.#place, { cause: aborted?.reason }))
  }

  get #place (): string {
    return this.#sent ? 'it may be handled all the same' : 'it was not sent: the reply topic is not read yet'
  }
}
