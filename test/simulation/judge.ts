/* The checker and the chance of the chaos run: here is the only place that knows where they are. */

export { check } from '../chaos/checker.js'
export { isComplete } from '../chaos/history.js'
export type {
  Commit, Effect, FaultRecord, History, Letter, LogRecord, Membership, Published
} from '../chaos/history.js'
export type { FaultKind } from '../chaos/plan.js'
export { Random } from '../chaos/random.js'
export { ATTEMPTS, digest, ID } from '../chaos/workload.js'
