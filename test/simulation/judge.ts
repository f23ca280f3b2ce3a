/* The checker and the chance of the chaos run: here is the only place that knows where they are. */

export { check } from '../../bench/chaos/checker.js'
export { isComplete } from '../../bench/chaos/history.js'
export type { Commit, Effect, FaultRecord, History, Letter, LogRecord, Membership, Published } from '../../bench/chaos/history.js'
export type { FaultKind } from '../../bench/chaos/plan.js'
export { Random } from '../../bench/chaos/random.js'
export { ATTEMPTS, digest, ID } from '../../bench/chaos/workload.js'
