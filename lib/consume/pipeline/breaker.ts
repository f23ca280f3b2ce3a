import type { BreakerHealth } from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import { decisionOf } from '../../message/ack.js'
import { codeOf, nameOf } from '../../message/dead-letter-error.js'
import type { BreakerSettings } from '../../options/settings.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type { TopicPartition } from '../../transport/transport.js'
import type { LaneSlot } from '../partition/lanes.js'
import { AttemptWindow } from './attempt-window.js'
import type { Delivery } from './delivery.js'
import type { FailedAttempt } from './failures.js'
import type { Outcome } from './outcome.js'
import { Probes } from './probes.js'

/** After as many failed probes the message itself may be at fault: it goes its own way, and the next one is tried. */
const MOST_PROBES = 10
/** Attempts of a partition that must succeed before a single failure is no sign of the same storm any more. */
const PROBATION = 10
/** Account of all partitions. */
const ALL = ''

/** One partition that stands still, or did so a moment ago. */
interface Circuit extends TopicPartition {
  readonly error: string
  isOpen: boolean
  probation: number
}

/** Told when the first partition comes to a standstill, and when the last one goes on. */
export interface BreakerListener {
  breakerOpened (delivery: Delivery, error: Error, errorClass: string): void
  /** `duration` in ms. */
  breakerClosed (duration: number): void
}

/**
 * Storm breaker of one subscriber: see `BreakerOptions`. It keeps an account of each partition beside that of all, so
 * that the successes of healthy partitions do not outnumber the failures of another one. Where nothing fails it keeps
 * nothing.
 */
export class Breaker {
  readonly #settings: BreakerSettings
  readonly #clock: Clock
  readonly #listener: BreakerListener
  readonly #accounts = new Map<string, AttemptWindow>()
  readonly #circuits = new Map<string, Circuit>()
  readonly #probes: Probes
  /** When the last messages that failed became dead letters, ms by the clock's `elapsed`. */
  #letters: number[] = []
  /** When the first partition came to a standstill. */
  #opened = { at: 0, elapsed: 0 }

  constructor (settings: BreakerSettings, clock: Clock, listener: BreakerListener) {
    this.#settings = settings
    this.#clock = clock
    this.#listener = listener
    this.#probes = new Probes(clock)
  }

  /** Undefined while no partition stands still. */
  get health (): BreakerHealth | undefined {
    const open = this.#open
    const [first] = open
    if (first === undefined) return undefined
    const partitions = open.map(({ topic, partition }) => ({ topic, partition }))
    return { error: first.error, since: new Date(this.#opened.at), partitions }
  }

  /**
   * Holds a message before its attempt. Undefined when it may go on at once; else resolves to whether it may: false
   * when its lane was halted.
   */
  turn (delivery: Delivery, slot: LaneSlot): Promise<boolean> | undefined {
    if (this.#circuits.size === 0) return undefined
    const name = topicPartitionName(delivery)
    return this.#isOpen(name) ? this.#held(name, slot) : undefined
  }

  /** Takes a failed attempt. True: the message does not end yet, but waits for its {@link turn}. */
  failed (delivery: Delivery, slot: LaneSlot, result: FailedAttempt): boolean {
    const probes = this.#probes.failed(slot)
    return isCounted(delivery, result) && this.#judge(delivery, result, probes)
  }

  /** Takes an attempt that did not fail. */
  ended (delivery: Delivery, slot: LaneSlot, outcome: Outcome): void {
    const isProbe = this.#probes.isProbe(slot)
    // A probe ends, too, when its partition was forgotten: the next storm would wait for it.
    if (!isProbe && this.#accounts.size === 0 && this.#circuits.size === 0) return
    if (outcome === 'settled') this.#succeeded(delivery, isProbe)
    if (outcome === 'settled') this.#probes.succeeded(slot)
    else this.#probes.failed(slot)
  }

  /** Forgets the partitions of other processes. */
  assigned (partitions: readonly TopicPartition[]): void {
    const wasOpen = this.#open.length > 0
    const owned = new Set([ALL, ...partitions.map(topicPartitionName)])
    for (const each of [this.#accounts, this.#circuits]) {
      for (const name of each.keys()) if (!owned.has(name)) each.delete(name)
    }
    if (wasOpen) this.#tellIfClosed()
  }

  get #open (): readonly Circuit[] {
    return [...this.#circuits.values()].filter(({ isOpen }) => isOpen)
  }

  #isOpen (name: string): boolean {
    return this.#circuits.get(name)?.isOpen === true
  }

  async #held (name: string, slot: LaneSlot): Promise<boolean> {
    // It could be the probe, and wait for one before it in its lane that waits to be it.
    if (await slot.first?.() === false) return false
    while (this.#isOpen(name)) {
      const goesOn = await slot.hold((signal) => this.#probes.hold(name, slot, signal))
      if (!goesOn) {
        // It may have been the probe when its lane was halted.
        this.#probes.failed(slot)
        return false
      }
      if (this.#probes.isProbe(slot)) return true
    }
    return true
  }

  /** `probes`: how often the message has failed as the probe, 0 when it was none. */
  #judge (delivery: Delivery, { failure, consequence }: FailedAttempt, probes: number): boolean {
    const isFinal = consequence.kind !== 'again'
    // The last attempt at a batch would make a letter of each of its messages.
    const messages = isFinal ? delivery.parts.length : 1
    const error = classOf(failure.error)
    const name = topicPartitionName(delivery)
    const circuit = this.#circuits.get(name)
    if (circuit?.isOpen === true) {
      // An error of another class is that of the message.
      if (circuit.error === error && !this.#isAtFault(probes)) return true
    } else if (circuit?.error === error || this.#open.some((open) => open.error === error) ||
      ((isFinal || delivery.attempt === 1) && this.#isStorm(name, error, messages))) {
      this.#stop(delivery, error, failure.error)
      return true
    }
    if (isFinal) {
      const letters = Array.from({ length: messages }, () => this.#clock.elapsed())
      this.#letters = [...this.#letters, ...letters].slice(-this.#settings.minimum)
    }
    return false
  }

  /** Adds a failure to both accounts. */
  #isStorm (name: string, error: string, messages: number): boolean {
    const says = [ALL, name].map((account) => {
      const window = this.#accounts.get(account) ?? new AttemptWindow(this.#settings)
      this.#accounts.set(account, window)
      return window.failed(error, this.#clock.elapsed(), messages)
    })
    return says.includes(true)
  }

  /** Whether the message rather than the storm is at fault: that is found as rarely as letters may be written. */
  #isAtFault (probes: number): boolean {
    const { window, minimum } = this.#settings
    const oldest = this.#clock.elapsed() - window
    return probes >= MOST_PROBES && this.#letters.filter((at) => at > oldest).length < minimum
  }

  #stop (delivery: Delivery, errorClass: string, error: Error): void {
    const { topic, partition } = delivery
    const isFirst = this.#open.length === 0
    const circuit = { topic, partition, error: errorClass, isOpen: true, probation: PROBATION }
    this.#circuits.set(topicPartitionName(delivery), circuit)
    this.#accounts.clear()
    if (!isFirst) return
    this.#opened = { at: this.#clock.now(), elapsed: this.#clock.elapsed() }
    this.#listener.breakerOpened(delivery, error, errorClass)
  }

  #succeeded (delivery: Delivery, isProbe: boolean): void {
    const name = topicPartitionName(delivery)
    for (const account of [ALL, name]) {
      const isFailing = this.#accounts.get(account)?.succeeded(this.#clock.elapsed(), delivery.parts.length)
      if (isFailing === false) this.#accounts.delete(account)
    }
    const circuit = this.#circuits.get(name)
    if (circuit === undefined || (circuit.isOpen && !isProbe)) return
    if (circuit.isOpen) {
      circuit.isOpen = false
      this.#probes.letGo(name)
      this.#tellIfClosed()
    } else if (--circuit.probation === 0) {
      this.#circuits.delete(name)
      if (this.#circuits.size === 0) this.#probes.calm()
    }
  }

  #tellIfClosed (): void {
    if (this.#open.length > 0) return
    this.#listener.breakerClosed(this.#clock.elapsed() - this.#opened.elapsed)
  }
}

/** Whether an attempt failed for a reason that may pass, and the handler would lose its message. */
function isCounted ({ decision }: Delivery, { failure, consequence: { kind } }: FailedAttempt): boolean {
  if (kind !== 'again' && kind !== 'dead-letter' && kind !== 'discard') return false
  if (failure.stage === 'deserialize' || failure.stage === 'validate') return false
  return (decision === undefined || decision.kind === 'ack') && decisionOf(failure.error) === undefined
}

/** Name and code of an error. */
function classOf (error: Error): string {
  const code = codeOf(error)
  return code === undefined ? nameOf(error) : `${nameOf(error)} ${code}`
}
