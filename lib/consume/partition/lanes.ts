import type { MessageSettledEvent } from '../../../types/index.js'
import { Fifo } from './fifo.js'
import { Lane, type PartitionLanes } from './lane.js'
import type { Pace } from './pace.js'

/** Way in which a message was settled, see {@link MessageSettledEvent}. */
export type Settlement = MessageSettledEvent['outcome']

/** Operations of a message while it holds its place in its lane. */
export interface LaneSlot {
  /**
   * Waits `ms` for another try and lets other lanes run meanwhile; false when the lane was halted: the message stays
   * unsettled. `beforeAttempt`: the try runs the handler, so that a paused subscriber is waited for, too.
   */
  wait (ms: number, beforeAttempt?: boolean): Promise<boolean>
  /**
   * Lets other lanes run until `opened` resolves, for another try; false when the lane was halted, as `signal` says.
   */
  hold (opened: (signal: AbortSignal) => Promise<boolean>): Promise<boolean>
  /** Tells the name of the subscriber that takes the message, where several read its topic. */
  takenBy? (subscriber: string): void
  /** Tells that the handler has ended, and that the message waits for its decision. */
  awaitsDecision? (): void
  /** Settles the message before its lane goes on, @default 'acknowledged'. Only the first call counts. */
  settle (outcome?: Settlement): void
  /** Way in which the message was settled; undefined when it was not. */
  readonly settlement?: Settlement | undefined
}

/**
 * Gives the item's place away while it waits; settles as `waiting` does, once the item has a place again. An item that
 * only ends needs none.
 */
export type Pause = <Result>(waiting: Promise<Result>, needsPlace?: () => boolean) => Promise<Result>

/**
 * FIFO lanes: items of one lane run one after the other, and lanes run side by side, at most `concurrency` at a time.
 * Partitions take turns, and so do the lanes within one. A lane exists while it has items or one runs, so lanes never
 * outnumber buffered items. A lane outlives a rebalance: when its partition is assigned again while its last item
 * still runs, the lane waits for that item.
 */
export class Lanes<T> {
  #concurrency: number
  readonly #pace: Pace
  readonly #run: (item: T, pause: Pause) => Promise<boolean>
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
  constructor (concurrency: number, pace: Pace, run: (item: T, pause: Pause) => Promise<boolean>) {
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
    if (!lane.running) this.#makeReady(lane)
  }

  /** The same for one item. */
  pushOne (partition: string, key: string, item: T): void {
    const lane = this.#lane(partition, key)
    lane.push(item)
    if (!lane.running) this.#makeReady(lane)
  }

  /** Starts as many items as there are places, and as the event loop has time for. */
  dispatch (): void {
    while (this.#ring.size > 0 && this.#taken < this.#concurrency && !this.#stopped && !this.#frozen) {
      if (this.#isWaiting) return
      this.#isWaiting = !this.#pace.takes(this.#goOn)
      if (!this.#isWaiting) this.#start(this.#next())
    }
  }

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
      if (!lane.running) this.#lanes.delete(lane.key)
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
    if (lane.ready) return
    const { partition } = lane
    if (partition.ready.size === 0) this.#ring.push(partition)
    partition.ready.push(lane)
    lane.ready = true
  }

  /** The lane whose turn it is; its partition goes to the end of the ring, which must not be empty. */
  #next (): Lane<T> {
    const partition = this.#ring.shift()!
    const lane = partition.ready.shift()!
    if (partition.ready.size > 0) this.#ring.push(partition)
    lane.ready = false
    return lane
  }

  #start (lane: Lane<T>): void {
    const item = lane.shift() as T
    lane.running = true
    this.#taken++
    this.#running++
    const epoch = this.#epoch
    // Items queued after a clear are not behind this item.
    this.#run(item, this.#pause).then((goOn) => { this.#ended(lane, goOn || epoch !== this.#epoch) })
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

  #ended (lane: Lane<T>, goOn: boolean): void {
    lane.running = false
    this.#running--
    this.#leave()
    if (goOn && !lane.isEmpty) this.#makeReady(lane)
    else this.#lanes.delete(lane.key)
    this.dispatch()
    if (this.#idle.length > 0) this.checkIdle()
  }
}
