/** After so many items in a row the event loop gets its turn, so that handlers that never wait do not starve HTTP. */
const STREAK = 64

interface Lane<T> {
  readonly key: string
  /** Read from `head`: `Array.shift` copies. */
  items: T[]
  head: number
  running: boolean
}

/**
 * FIFO lanes: items of one lane run one after the other, lanes run side by side, at most `concurrency` at a time, taking turns.
 * A lane exists while it has items or one runs, so there are never more lanes than buffered items. It outlives a rebalance:
 * when a partition comes back while its last item still runs, the lane waits for it.
 */
export class Lanes<T> {
  readonly #concurrency: number
  readonly #run: (item: T) => Promise<void>
  readonly #lanes = new Map<string, Lane<T>>()
  /** Lanes that have items and run none; a ring through `Map`-like insertion order. */
  readonly #ready = new Set<Lane<T>>()
  #running = 0
  #frozen = false
  #streak = 0
  #idle: Array<() => void> = []

  /** `run` must not reject. */
  constructor (concurrency: number, run: (item: T) => Promise<void>) {
    this.#concurrency = concurrency
    this.#run = run
  }

  get running (): number {
    return this.#running
  }

  get size (): number {
    return this.#lanes.size
  }

  /** Queues items; nothing starts before {@link dispatch}. */
  push (key: string, items: readonly T[]): void {
    if (items.length === 0) return
    let lane = this.#lanes.get(key)
    if (lane === undefined) this.#lanes.set(key, lane = { key, items: [], head: 0, running: false })
    for (const item of items) lane.items.push(item)
    if (!lane.running) this.#ready.add(lane)
  }

  /** Starts what may start. */
  dispatch (): void {
    while (!this.#frozen && this.#running < this.#concurrency) {
      const [lane] = this.#ready
      if (lane === undefined) return
      this.#ready.delete(lane)
      this.#start(lane)
    }
  }

  /** Starts nothing more until {@link thaw}; what runs, runs on. */
  freeze (): void {
    this.#frozen = true
  }

  thaw (): void {
    this.#frozen = false
    this.dispatch()
  }

  /** Drops what is queued; what runs, runs on and keeps its lane. */
  clear (): void {
    this.#ready.clear()
    for (const lane of this.#lanes.values()) {
      lane.items = []
      lane.head = 0
      if (!lane.running) this.#lanes.delete(lane.key)
    }
  }

  /** Resolves when nothing runs. */
  idle (): Promise<void> {
    if (this.#running === 0) return Promise.resolve()
    return new Promise((resolve) => { this.#idle.push(resolve) })
  }

  #start (lane: Lane<T>): void {
    const item = lane.items[lane.head++] as T
    if (lane.head > 1024 && lane.head * 2 > lane.items.length) {
      lane.items = lane.items.slice(lane.head)
      lane.head = 0
    }
    lane.running = true
    this.#running++
    this.#run(item).then(() => { this.#ended(lane) })
  }

  #ended (lane: Lane<T>): void {
    lane.running = false
    this.#running--
    if (lane.head < lane.items.length) this.#ready.add(lane)
    else this.#lanes.delete(lane.key)
    if (this.#running === 0) {
      const idle = this.#idle
      this.#idle = []
      for (const resolve of idle) resolve()
    }
    if (++this.#streak < STREAK) return this.dispatch()
    this.#streak = 0
    setImmediate(() => { this.dispatch() })
  }
}
