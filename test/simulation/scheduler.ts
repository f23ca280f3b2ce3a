/** Something that happens at a virtual time. */
export interface Event {
  /** ms */
  readonly at: number
  readonly order: number
  readonly run: () => void
  cancelled: boolean
}

const realImmediate = setImmediate

/**
 * Virtual time: it jumps from one event to the next. Between two events all promise chains settle, so what an event
 * causes has happened before time goes on.
 */
export class Scheduler {
  /** ms since the simulation began */
  now = 0
  /** How many events have run. */
  count = 0
  readonly #heap: Event[] = []
  #order = 0

  schedule (ms: number, run: () => void): Event {
    // A timer of less than 1 ms does not exist in Node; 0 is for what happens in this turn.
    const event = { at: this.now + Math.max(0, ms), order: this.#order++, run, cancelled: false }
    push(this.#heap, event)
    return event
  }

  /** Resolves in `ms` of virtual time. */
  sleep (ms: number): Promise<void> {
    return new Promise((resolve) => { this.schedule(ms, resolve) })
  }

  /** Runs events until `done` says so, or until the virtual time `end`; resolves with what `done` said last. */
  async run (done: () => boolean, end: number): Promise<boolean> {
    while (!done()) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) {
        this.now = Math.max(this.now, end)
        return done()
      }
      pop(this.#heap)
      if (next.cancelled) continue
      this.now = next.at
      this.count++
      next.run()
      await settled()
    }
    return true
  }
}

/** Promise chains of any length end before the event loop turns. */
function settled (): Promise<void> {
  return new Promise((resolve) => { realImmediate(resolve) })
}

function isBefore (a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

function push (heap: Event[], event: Event): void {
  let i = heap.push(event) - 1
  while (i > 0) {
    const parent = (i - 1) >> 1
    if (isBefore(heap[parent]!, event)) break
    heap[i] = heap[parent]!
    i = parent
  }
  heap[i] = event
}

function pop (heap: Event[]): void {
  const last = heap.pop()!
  if (heap.length === 0) return
  let i = 0
  while (true) {
    let child = 2 * i + 1
    if (child >= heap.length) break
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++
    if (isBefore(last, heap[child]!)) break
    heap[i] = heap[child]!
    i = child
  }
  heap[i] = last
}
