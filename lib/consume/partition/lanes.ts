import { Fifo } from './fifo.js'
import { Lane, type PartitionLanes } from './lane.js'
import type { Pause } from './lane-slot.js'
import type { Pace } from './pace.js'

export type { LaneSlot, Pause, Settlement } from './lane-slot.js'

/** Starts the next item in a microtask: within the call, the stack of the next handler would show this one. */
const SOON = Promise.resolve()

/**
 * FIFO lanes: items of one lane run one after the other, and lanes run side by side, at most `concurrency` at a time.
 * An item may let the next one begin before it ends itself; from then on it needs no place.
 * Partitions take turns, and so do the lanes within one. A lane exists while it has items or one runs, so lanes never
 * outnumber buffered items. A lane outlives a rebalance: when its partition is assigned again while its last item
 * still runs, the lane waits for that item.
 */
export class Lanes<T> {
  #concurrency: number
  readonly #pace: Pace
  readonly #run: (item: T, pause: Pause, lane: Lane<T>) => Promise<boolean>
  readonly #lanes = new Map<string, Lane<T>>()
  readonly #partitions = new Map<string, PartitionLanes<T>>()
  /** Partitions with ready lanes; they take turns. */
  readonly #ring = new Fifo<PartitionLanes<T>>()
  /** Items whose wait is over and that need a place again. */
  readonly #returning = new Fifo<() => void>()
  /** Places in use, of `concurrency`: an item that waits has given its place away. */
  #taken = 0
  /** Items started and not ended. */
  #running = 0
  #frozen = false
  #stopped = false
  /** Whether it waits for another turn of the event loop. */
  #isWaiting = false
  /** Number of times that {@link clear} has dropped the queues. */
  #epoch = 0
  #idle: Array<{ readonly spared: () => number, readonly resolve: () => void }> = []

  /** `run` must not reject. It resolves to whether the lane goes on; else the lane's queued items are dropped. */
  constructor (
    concurrency: number, pace: Pace, run: (item: T, pause: Pause, lane: Lane<T>) => Promise<boolean>
  ) {
    this.#concurrency = concurrency
    this.#pace = pace
    this.#run = run
  }

  /** Number of items that have been started and have not ended. */
  get running (): number {
    return this.#running
  }

  get size (): number {
    return this.#lanes.size
  }

  /** Queues items in a lane of a partition; they start with {@link dispatch}. */
  push (partition: string, key: string, items: readonly T[]): void {
    if (items.length === 0) return
    const lane = this.#lane(partition, key)
    for (const item of items) lane.push(item)
    this.#makeReady(lane)
  }

  /** The same for one item. */
  pushOne (partition: string, key: string, item: T): void {
    const lane = this.#lane(partition, key)
    lane.push(item)
    this.#makeReady(lane)
  }

  /** Lets the next item of a lane begin while `item` ends. False when one has failed: they end one after the other. */
  letNextBegin (lane: Lane<T>, item: T): boolean {
    const { opened } = lane
    if (opened.broken) return false
    opened.add(item)
    lane.running = false
    this.#leave()
    this.#makeReady(lane)
    SOON.then(this.#dispatchSoon)
    return true
  }

  /** Starts as many items as there are places, and as the event loop has time for. */
  dispatch (): void {
    while (this.#ring.size > 0 && this.#taken < this.#concurrency && !this.#stopped && !this.#frozen) {
      if (this.#isWaiting) return
      this.#isWaiting = !this.#pace.takes(this.#goOn)
      if (this.#isWaiting) return
      const lane = this.#next()
      if (lane === undefined) return
      this.#start(lane)
    }
  }

  #dispatchSoon = (): void => { this.dispatch() }

  #goOn = (): void => {
    this.#isWaiting = false
    this.dispatch()
  }

  /** Starts nothing more until {@link thaw}; running items may end. */
  freeze (): void {
    this.#frozen = true
  }

  thaw (): void {
    this.#frozen = false
    this.dispatch()
  }

  /** Starts nothing more for good. */
  stop (): void {
    this.#stopped = true
  }

  /** Drops the queued items; a running item keeps its lane. */
  clear (): void {
    this.#epoch++
    this.#ring.clear()
    this.#partitions.clear()
    for (const lane of this.#lanes.values()) {
      lane.partition.ready.clear()
      lane.clear()
      lane.ready = false
      // Nothing begins in it until all that has begun has ended, and nothing more of it is sent.
      if (lane.isBusy) lane.opened.broken = true
      else this.#lanes.delete(lane.key)
    }
  }

  /** Resolves when no item runs, but for as many as `spared` returns, see {@link checkIdle}. */
  idle (spared: () => number = () => 0): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push({ spared, resolve })
      this.checkIdle()
    })
  }

  /** Checks who waits for {@link idle}. Called also when there are more items to spare. */
  checkIdle (): void {
    this.#idle = this.#idle.filter(({ spared, resolve }) => {
      if (this.#running > spared()) return true
      resolve()
      return false
    })
  }

  #lane (partition: string, key: string): Lane<T> {
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, lane = new Lane(key, this.#partition(partition)))
    return lane
  }

  #partition (name: string): PartitionLanes<T> {
    let partition = this.#partitions.get(name)
    if (partition === undefined) this.#partitions.set(name, partition = { ready: new Fifo() })
    return partition
  }

  #makeReady (lane: Lane<T>): void {
    if (lane.ready || lane.running || !lane.mayBegin) return
    const { partition } = lane
    if (partition.ready.size === 0) this.#ring.push(partition)
    partition.ready.push(lane)
    lane.ready = true
  }

  /** The lane whose turn it is; its partition goes to the end of the ring. */
  #next (): Lane<T> | undefined {
    for (let partition = this.#ring.shift(); partition !== undefined; partition = this.#ring.shift()) {
      const lane = partition.ready.shift() as Lane<T>
      if (partition.ready.size > 0) this.#ring.push(partition)
      lane.ready = false
      // One of its open items may have failed since it was queued.
      if (lane.mayBegin) return lane
    }
    return undefined
  }

  #start (lane: Lane<T>): void {
    const item = lane.shift() as T
    lane.running = true
    this.#taken++
    this.#running++
    const epoch = this.#epoch
    // Items queued after a clear are not behind this item.
    this.#run(item, this.#pause, lane).then((goOn) => {
      if (!goOn && epoch === this.#epoch) lane.clear()
      this.#ended(lane, item, goOn)
    })
  }

  /** Changes the number of places. An item whose wait is over comes before those not started. */
  resize (concurrency: number): void {
    this.#concurrency = concurrency
    this.letReturn(concurrency)
    this.dispatch()
  }

  /** Lets items go on whose wait is over: without `places` all of them, which only end and need no place. */
  letReturn (places = Infinity): void {
    for (; this.#taken < places && this.#returning.size > 0; this.#taken++) this.#returning.shift()?.()
  }

  #pause: Pause = async (waiting, needsPlace = () => true) => {
    this.#leave()
    this.dispatch()
    try {
      return await waiting
    } finally {
      if (this.#taken < this.#concurrency || !needsPlace()) this.#taken++
      else await new Promise<void>((resolve) => { this.#returning.push(resolve) })
    }
  }

  /** Frees a place; an item whose wait is over comes before those not started. */
  #leave (): void {
    // There may be fewer places than before.
    const next = this.#taken > this.#concurrency ? undefined : this.#returning.shift()
    if (next === undefined) this.#taken--
    else next()
  }

  #ended (lane: Lane<T>, item: T, goOn: boolean): void {
    this.#running--
    if (lane.open?.ended(item, goOn) !== true) {
      lane.running = false
      this.#leave()
    }
    if (!lane.isBusy) lane.open = undefined
    if (!lane.isEmpty) this.#makeReady(lane)
    else if (!lane.isBusy) this.#lanes.delete(lane.key)
    this.dispatch()
    if (this.#idle.length > 0) this.checkIdle()
  }
}
