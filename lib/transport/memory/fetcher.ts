import { nextTurn } from '../../clock.js'
import type { ConsumerListener } from '../transport.js'
import type { PartitionLog } from './partition-log.js'
import type { Start } from './start.js'

type Listener = Pick<ConsumerListener, 'records' | 'reset' | 'stored'>

/**
 * Hands over the records of one assignment: a bounded batch of every partition per round, and one round per turn
 * of the event loop, so that a long log does not starve HTTP. The first one comes in a later turn.
 */
export class Fetcher {
  readonly #listener: Listener
  readonly #outOfRange: () => void
  readonly #starts: readonly Start[]
  /** Position of each partition of the assignment; one without a position is not read. */
  readonly #positions: Map<PartitionLog, bigint | undefined>
  readonly #paused = new Set<PartitionLog>()
  readonly #unwatch: ReadonlyArray<() => void>
  #scheduled = false
  #stopped = false

  /** `outOfRange`: the log does not hold a position any more. Then nothing more is read. */
  constructor (starts: readonly Start[], listener: Listener, outOfRange: () => void) {
    this.#starts = starts
    this.#positions = new Map(starts.map(({ log, position }) => [log, position]))
    this.#listener = listener
    this.#outOfRange = outOfRange
    this.#unwatch = starts.map(({ log }) => log.watch(() => this.#wake()))
    this.#wake()
  }

  /** Tells of each partition what the group has stored, or that it does not begin there. */
  announce (): void {
    for (const { log: { topic, partition }, stored, position, reset } of this.#starts) {
      if (this.#stopped) return
      const isStored = stored !== undefined && stored.offset === position
      if (isStored) this.#listener.stored(topic, partition, position, stored.metadata)
      else if (reset !== undefined) this.#listener.reset(topic, partition, reset)
      if (position !== undefined && !isStored && !this.#stopped) this.#listener.records(topic, partition, [], position)
    }
  }

  position (log: PartitionLog): bigint | undefined {
    return this.#positions.get(log)
  }

  pause (log: PartitionLog): void {
    this.#paused.add(log)
  }

  resume (log: PartitionLog): void {
    this.#paused.delete(log)
    this.#wake()
  }

  /** Reads on in a partition of the assignment that is not read. */
  seek (log: PartitionLog, position: bigint): void {
    if (!this.#positions.has(log) || this.#positions.get(log) !== undefined) return
    this.#positions.set(log, position)
    this.#wake()
  }

  stop (): void {
    this.#stopped = true
    for (const unwatch of this.#unwatch) unwatch()
  }

  #wake (): void {
    if (this.#stopped || this.#scheduled) return
    this.#scheduled = true
    nextTurn(() => { this.#fetch() })
  }

  #fetch (): void {
    this.#scheduled = false
    for (const [log, position] of this.#positions) {
      // Asked for each, because the listener may pause or stop while it takes records.
      if (this.#stopped) return
      if (position === undefined || this.#paused.has(log)) continue
      if (!log.holds(position)) {
        this.stop()
        return this.#outOfRange()
      }
      const records = log.read(position)
      if (records.length === 0) continue
      const next = position + BigInt(records.length)
      this.#positions.set(log, next)
      this.#listener.records(log.topic, log.partition, records, next)
      this.#wake()
    }
  }
}
