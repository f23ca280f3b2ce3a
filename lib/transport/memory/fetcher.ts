import type { ConsumerListener } from '../transport.js'
import type { PartitionLog } from './partition-log.js'

/**
 * Hands over the records of one assignment: a bounded batch of every partition per round, and one round per turn
 * of the event loop, so that a long log does not starve HTTP. The first one comes in a later turn.
 */
export class Fetcher {
  readonly #listener: Pick<ConsumerListener, 'records'>
  readonly #positions: Map<PartitionLog, bigint>
  readonly #paused = new Set<PartitionLog>()
  readonly #unwatch: ReadonlyArray<() => void>
  #round: NodeJS.Immediate | undefined
  #stopped = false

  constructor (positions: ReadonlyMap<PartitionLog, bigint>, listener: Pick<ConsumerListener, 'records'>) {
    this.#positions = new Map(positions)
    this.#listener = listener
    this.#unwatch = Array.from(positions.keys(), (log) => log.watch(() => this.#wake()))
    this.#wake()
  }

  pause (log: PartitionLog): void {
    this.#paused.add(log)
  }

  resume (log: PartitionLog): void {
    this.#paused.delete(log)
    this.#wake()
  }

  stop (): void {
    this.#stopped = true
    for (const unwatch of this.#unwatch) unwatch()
  }

  #wake (): void {
    if (this.#stopped) return
    this.#round ??= setImmediate(() => this.#fetch())
  }

  #fetch (): void {
    this.#round = undefined
    for (const [log, position] of this.#positions) {
      // Asked for each, because the listener may pause or stop while it takes records.
      if (this.#stopped) return
      if (this.#paused.has(log)) continue
      const records = log.read(position)
      if (records.length === 0) continue
      const next = position + BigInt(records.length)
      this.#positions.set(log, next)
      this.#listener.records(log.topic, log.partition, records, next)
      this.#wake()
    }
  }
}
