/** What time is to the simulated cluster: virtual, or for the conformance sentences the real one. */
export interface Timeline {
  /** ms since it began */
  readonly now: number
  /** The event does nothing once it is `cancelled`. */
  schedule (ms: number, run: () => void): { cancelled: boolean }
}

/** Real time. What is scheduled keeps no process alive. */
export const realTimeline: Timeline = {
  get now () {
    return performance.now()
  },
  schedule (ms, run) {
    const event = { cancelled: false }
    setTimeout(() => { if (!event.cancelled) run() }, ms).unref()
    return event
  }
}
