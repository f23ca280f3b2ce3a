/** What time is to the simulated cluster: virtual, or for the conformance sentences that of the process. */
export interface Timeline {
  /** ms since it began */
  readonly now: number
  /** The event does nothing once it is `cancelled`. */
  schedule (ms: number, run: () => void): { cancelled: boolean }
}

/** Time of the process, `speed` times as fast. What is scheduled keeps no process alive. */
export function processTimeline (speed = 1): Timeline {
  return {
    get now () {
      return performance.now() * speed
    },
    schedule (ms, run) {
      const event = { cancelled: false }
      setTimeout(() => { if (!event.cancelled) run() }, ms / speed).unref()
      return event
    }
  }
}
