import { nextTurn } from '../../clock.js'
import { Fifo } from './fifo.js'
import { isBusy, mayBegin, type Lane, type PartitionLanes } from './lane.js'
import type { Pause } from './lane-slot.js'
import { OpenItems } from './open-items.js'

export type { Lane } from './lane.js'
export type { LaneSlot, Pause, Settlement } from './lane-slot.js'

/** After this many items in a row the event loop gets a turn, so that handlers that never wait do not starve HTTP. */
const STREAK = 64

/** After what has run. Not within it: nothing is to see a handler that ends as the one that calls the next. */
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
  #held = false
  #stopped = false
  /** Number of times that {@link clear} has dropped the queues. */
  #epoch = 0
  #streak = 0
  #idle: Array<{ readonly spared: () => number, readonly resolve: () => void }> = []

  /** `run` must not reject. It resolves to whether the lane goes on; else the lane's queued items are dropped. */
  constructor (concurrency: number, run: (item: T, pause: Pause, lane: Lane<T>) => Promise<boolean>) {
    this.#concurrency = concurrency
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
    let lane = this.#lanes.get(key)
    if (lane === undefined) {
      const items = new Fifo<T>()
      lane = { key, partition: this.#partition(partition), items, open: undefined, running: false, ready: false }
      this.#lanes.set(key, lane)
    }
    for (const item of items) lane.items.push(item)
    this.#makeReady(lane)
  }

  /** Lets the next item of a lane begin while `item` ends. False when one has failed: they end one after the other. */
  letNextBegin (lane: Lane<T>, item: T): boolean {
    const open = this.openOf(lane)
    if (open.broken) return false
    open.add(item)
    lane.running = false
    this.#leave()
    this.#makeReady(lane)
    SOON.then(this.#dispatchNext)
    return true
  }

  /** The items of a lane that have let the next one begin. */
  openOf (lane: Lane<T>): OpenItems<T> {
    return (lane.open ??= new OpenItems())
  }

  /** Starts as many items as there are places. */
  dispatch (): void {
    while (this.#taken < this.#concurrency && !this.#stopped && !this.#frozen && !this.#held) {
      const lane = this.#next()
      if (lane === undefined) return
      this.#start(lane)
    }
  }

  /** Starts nothing more until {@link thaw}; running items may end. */
  freeze (): void {
    this.#frozen = true
  }

  thaw (): void {
    this.#frozen = false
    this.dispatch()
  }

  /** Starts nothing while it is held, whatever else may thaw it; running items may end. */
  hold (held: boolean): void {
    this.#held = held
    if (!held) this.dispatch()
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
      lane.items.clear()
      lane.ready = false
      // Nothing begins in it until all that has begun has ended, and nothing more of it is sent.
      if (isBusy(lane)) this.openOf(lane).broken = true
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

  #partition (name: string): PartitionLanes<T> {
    let partition = this.#partitions.get(name)
    if (partition === undefined) this.#partitions.set(name, partition = { ready: new Fifo() })
    return partition
  }

  #makeReady (lane: Lane<T>): void {
    if (lane.ready || lane.running || !mayBegin(lane)) return
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
      if (mayBegin(lane)) return lane
    }
    return undefined
  }

  #start (lane: Lane<T>): void {
    const item = lane.items.shift() as T
    lane.running = true
    this.#taken++
    this.#running++
    const epoch = this.#epoch
    // Items queued after a clear are not behind this item.
    this.#run(item, this.#pause, lane).then((goOn) => {
      if (!goOn && epoch === this.#epoch) lane.items.clear()
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
    if (!isBusy(lane)) lane.open = undefined
    if (lane.items.size > 0) this.#makeReady(lane)
    else if (!isBusy(lane)) this.#lanes.delete(lane.key)
    this.#dispatchNext()
    if (this.#idle.length > 0) this.checkIdle()
  }

  #dispatchNext = (): void => {
    if (++this.#streak < STREAK) return this.dispatch()
    this.#streak = 0
    nextTurn(() => { this.dispatch() })
  }
}
