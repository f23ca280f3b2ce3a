import type { Log } from '../../log.js'
import type { Decision } from '../../message/ack.js'
import type { MessageDelivery } from '../../message/received-message.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { LaneSlot, Settlement } from '../partition/lanes.js'
import { Delivery } from './delivery.js'
import type { Step } from './failure-policy.js'

/** One record of a batch, in one attempt. */
export interface BatchMember {
  /** Its place and its number of attempts. Signal and decision are those of the batch. */
  readonly delivery: Delivery
  readonly slot: LaneSlot
}

/** A record that failed by itself: the others of its batch go on. */
export interface Failed {
  readonly member: BatchMember
  readonly step: Extract<Step, 'decode' | 'publish'>
  readonly error: Error
}

/** One attempt to handle several records of one partition together. All have the same number of attempts. */
export class BatchDelivery extends Delivery {
  /** Those that failed by themselves. */
  readonly failed: Failed[] = []
  #members: readonly BatchMember[]
  /** Index of the member that the handler has blamed. */
  #blamed: number | undefined

  /** `members`: one at least. */
  constructor (members: readonly BatchMember[]) {
    const { topic, partition, record, attempt } = members[0]!.delivery
    super(topic, partition, record, attempt)
    this.#members = members
  }

  /** Records that the handler gets: without those that have failed by themselves. */
  get members (): readonly BatchMember[] {
    return this.#members
  }

  /** Takes members out that failed by themselves; the first failure of each counts. */
  setAside (failed: readonly Failed[]): void {
    const left = new Set(this.#members)
    for (const each of failed) if (left.delete(each.member)) this.failed.push(each)
    this.#members = [...left]
  }

  /** The handler has failed at one member: those before it are done, those behind it are not. */
  blame (index: number): void {
    this.#blamed = index
  }

  /** Records that the outcome of the attempt concerns. */
  get subjects (): readonly BatchMember[] {
    return this.#blamed === undefined ? this.#members : this.#members.slice(this.#blamed, this.#blamed + 1)
  }

  /** Records behind the one that was blamed. */
  get rest (): readonly BatchMember[] {
    return this.#blamed === undefined ? [] : this.#members.slice(this.#blamed + 1)
  }

  /** Settles what came before the member that was blamed. */
  settleBefore (): void {
    for (const { slot } of this.#members.slice(0, this.#blamed ?? 0)) slot.settle()
  }

  settle (outcome?: Settlement): void {
    this.settleBefore()
    for (const { slot } of this.subjects) slot.settle(outcome)
  }

  override get parts (): readonly Delivery[] {
    return this.subjects.map(({ delivery }) => delivery)
  }

  override correlationId (log: Log): string {
    return this.#first?.correlationId(log) ?? super.correlationId(log)
  }

  /** The place of the first record that it concerns, and their number. */
  override get place (): Delivery['place'] & { readonly messages: number } {
    return { ...this.#first?.place ?? super.place, messages: this.subjects.length }
  }

  /** Undefined when all have failed by themselves. */
  get #first (): Delivery | undefined {
    return this.subjects[0]?.delivery
  }
}

/** A member as its message sees it. */
export class MemberDelivery implements MessageDelivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  readonly attempt: number
  readonly whole: Delivery
  readonly #own: Delivery

  constructor (batch: Delivery, own: Delivery) {
    this.topic = own.topic
    this.partition = own.partition
    this.record = own.record
    this.attempt = own.attempt
    this.whole = batch
    this.#own = own
  }

  get signal (): AbortSignal {
    return this.whole.signal
  }

  correlationId (log: Log): string {
    return this.#own.correlationId(log)
  }

  decide (decision: Decision): boolean {
    return this.whole.decide(decision)
  }
}
