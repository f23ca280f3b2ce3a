import { mayWaitInVain, REQUEST_TIMEOUT } from './dead-connections.js'
import { groupBy, type Evidence } from './evidence.js'
import type { Effect, FaultRecord } from './history.js'
import type { FaultKind } from './plan.js'
import { LONGEST_HANDLER } from './workload.js'

/**
 * How long a partition may stand still; ms. A group waits for a process that died until its session of 30 s is over.
 */
const LIMITS: { readonly [_ in FaultKind]?: number } = {
  'app-kill': 35_000,
  'broker-kill': 20_000,
  'broker-restart': 20_000,
  'net-swallow': 20_000,
  'net-cut': 10_000,
  'net-delay': 15_000,
  'net-half-open': 10_000,
  'coordinator-moved': 10_000
}
/** ms. What ends waits for its handlers, and for their dead letters and its last commit to be stored. */
const STOP_LIMIT = LONGEST_HANDLER + 1000

/** For each fault, the longest time in which a partition saw no handler begin, until all had recovered. */
export function measureStalls (evidence: Evidence): Map<FaultRecord, number> {
  const { effects, faults } = evidence.history
  const partitions = [
    ...groupBy([...effects].sort((a, b) => a.start - b.start), ({ partition }) => String(partition)).values()
  ]
  const stalls = new Map(faults.map(
    (fault) => [fault, Math.max(0, ...partitions.map((effects) => longestGap(effects, fault)))]
  ))

  for (const [fault, stall] of stalls) {
    const { kind, step, targets, start, stopped, recovered } = fault
    const alone = faults.filter((other) => other.step === step).length === 1
    const limit = LIMITS[kind] ?? Infinity
    if (alone && stall > limit) {
      evidence.found('slow-recovery', `${kind} ${targets}: a partition stood still for ${stall.toFixed(0)} ms`)
    }
    if (recovered === undefined) evidence.found('slow-recovery', `${kind} ${targets}: not all had recovered in time`)
    const stopLimit = STOP_LIMIT + (mayWaitInVain(faults, start) ? REQUEST_TIMEOUT : 0)
    if (stopped !== undefined && stopped > stopLimit) {
      evidence.found('slow-stop', `${kind} ${targets}: ${stopped.toFixed(0)} ms`)
    }
  }
  return stalls
}

function longestGap (effects: readonly Effect[], { start, recovered = Infinity }: FaultRecord): number {
  let longest = 0
  for (let i = 1; i < effects.length; i++) {
    const from = Math.max((effects[i - 1] as Effect).start, start)
    const to = Math.min((effects[i] as Effect).start, recovered)
    if (from >= recovered) break
    longest = Math.max(longest, to - from)
  }
  return longest
}
