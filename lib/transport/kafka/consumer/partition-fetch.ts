import { nextTurn } from '../../../clock.js'
import type { Need } from '../../../memory-budget.js'
import type { ConsumerListener } from '../../transport.js'
import { decodeFetched, type FetchedBatch } from '../records/fetched-batch.js'
import { type DecodeOptions, endOfSet, isCompressed } from '../records/record-set.js'
import type { FetchedPartition } from '../wire.js'
import type { Owned } from './assignment.js'

/** A record set that waits to be handed over. */
interface Waiting {
  readonly from: bigint
  readonly fetched: FetchedPartition
  /** Room that it needs to be decompressed. */
  readonly need: Need
  batch: FetchedBatch | undefined
}

/** Sets of one partition in memory: one is decoded and handed over while the next one is fetched. */
const MAX_WAITING = 2

/**
 * The reading of one partition: what to fetch next, and what was fetched and waits until it is decoded and there is
 * room. A set that the core has no room for is kept, not read again.
 */
export class PartitionFetch {
  readonly owned: Owned
  /** The replica to read from instead of the leader. */
  preferred: number | undefined
  /** Set after an error, until the metadata is fresh. */
  blocked = false
  /** Resolves when nothing more can be handed over now. */
  draining: Promise<void> | undefined
  readonly #listener: Pick<ConsumerListener, 'records' | 'corrupt'>
  readonly #decode: DecodeOptions
  #waiting: Waiting[] = []
  #starving = false
  /** The offset to ask for; undefined while the headers of the last set do not tell it. */
  #next: bigint | undefined

  constructor (owned: Owned, listener: Pick<ConsumerListener, 'records' | 'corrupt'>, decode: DecodeOptions) {
    this.owned = owned
    this.#listener = listener
    this.#decode = decode
  }

  get next (): bigint | undefined {
    return this.#next
  }

  /** Whether there is room for another set. */
  get hungry (): boolean {
    const { paused, stopped } = this.owned
    if (this.#next === undefined || this.blocked || paused || stopped) return false
    return this.#waiting.length === 0 || (this.draining !== undefined && this.#waiting.length < MAX_WAITING)
  }

  get full (): boolean {
    return this.#waiting.length >= MAX_WAITING
  }

  /** Calls back when there is room to decompress a set that waits for that. */
  whenRoom (callBack: () => void): void {
    const [first] = this.#waiting
    const { paused, stopped } = this.owned
    const isHeld = paused || stopped || this.draining !== undefined
    if (first === undefined || first.batch !== undefined || isHeld || this.#starving) return
    this.#starving = true
    this.#decode.budget?.room(first.need).then(() => {
      this.#starving = false
      callBack()
    })
  }

  /** From here on; what was fetched of another place is dropped. */
  moveTo (position: bigint): void {
    this.owned.position = position
    this.#next = position
    this.drop()
  }

  /** What was fetched is not handed over. */
  drop (): void {
    const dropped = this.#waiting
    this.#waiting = []
    for (const { batch } of dropped) this.#give(batch)
  }

  /** What was fetched from `next` on. */
  take (fetched: FetchedPartition): void {
    const from = this.#next!
    const end = endOfSet(fetched.records)
    // Damaged headers do not tell where the next fetch begins: the decoder does.
    this.#next = end === undefined || end <= from ? undefined : end
    this.#waiting.push({ from, fetched, need: { bytes: 1 }, batch: undefined })
  }

  /** Hands over what waits, for as long as there is room. Rejects with what the listener throws. */
  drain (isReading: () => boolean): Promise<void> {
    this.draining ??= this.#drain(isReading).finally(() => { this.draining = undefined })
    return this.draining
  }

  async #drain (isReading: () => boolean): Promise<void> {
    const { owned } = this
    // Decoding would keep the next fetch from being sent: it goes out first.
    await new Promise<void>((resolve) => { nextTurn(resolve) })
    const isOpen = (): boolean => isReading() && !owned.paused && !owned.stopped
    for (let [first] = this.#waiting; first !== undefined && isOpen(); [first] = this.#waiting) {
      first.batch ??= await this.#decoded(first)
      // A seek may have dropped it meanwhile, a pause keeps it.
      if (this.#waiting[0] !== first) this.#give(first.batch)
      else if (first.batch === undefined) return
      else if (isOpen()) this.#handOver(first.batch, isReading)
    }
  }

  /** Undefined when there is no room for it. */
  #decoded ({ from, fetched, need }: Waiting): Promise<FetchedBatch | undefined> {
    const { budget } = this.#decode
    if (budget === undefined || !isCompressed(fetched.records)) return decodeFetched(from, fetched, this.#decode)
    return budget.decompress(need, async (room) => {
      const batch = await decodeFetched(from, fetched, { ...this.#decode, room })
      budget.take(batch.inflated)
      return batch
    })
  }

  /** From here on the core counts what a decompressed set needs, or nothing does. */
  #give (batch: FetchedBatch | undefined): void {
    if (batch !== undefined) this.#decode.budget?.give(batch.inflated)
  }

  #handOver (batch: FetchedBatch, isReading: () => boolean): void {
    const { owned } = this
    const { from, records, position, corrupt } = batch
    this.#waiting.shift()
    this.#give(batch)
    const expected = this.#waiting[0]?.from ?? this.#next
    owned.position = position
    // Not all of the set was decoded at once, or it is damaged: what was fetched behind it is fetched again.
    if (position !== expected) this.moveTo(position)
    if (position > from) this.#listener.records(owned.topic, owned.partition, records, position)
    if (corrupt === undefined || !isReading()) return
    owned.stopped = true
    this.#listener.corrupt(owned.topic, owned.partition, corrupt)
  }
}
