import type { FaultKind } from './plan.js'

/*
 * What happened in a run: all that the checker knows. Times are ms of `time.ts`, offsets are small enough to be
 * numbers.
 */

export interface History {
  readonly published: readonly Published[]
  readonly log: readonly LogRecord[]
  readonly effects: readonly Effect[]
  readonly letters: readonly Letter[]
  readonly commits: readonly Commit[]
  readonly faults: readonly FaultRecord[]
  /** How often partitions were added. */
  readonly growths: number
  /** At the end, when all had time to come back. */
  readonly members: Membership
  /** Processes that ended without having been told to. */
  readonly died: readonly string[]
}

export interface Published {
  /** `key:seq`; no two have the same. */
  readonly id: string
  readonly key: string
  readonly seq: number
  /** What must become of it: an effect, or a dead letter. */
  readonly verdict: Verdict
  /** When its sending began, where that counts. */
  readonly at?: number
  /** `fail`: the producer says that it is not in the log. */
  readonly outcome: 'ok' | 'fail' | 'unknown'
  /** Where the producer says that it is. */
  readonly partition?: number
  readonly offset?: number
}

export type Verdict = 'handled' | 'dead'

export interface Place {
  readonly partition: number
  readonly offset: number
}

export interface LogRecord extends Place {
  readonly id: string
  /** Of key, value and headers. */
  readonly digest: string
}

/** One run of a handler. */
export interface Effect extends Place {
  readonly id: string
  /** The process. */
  readonly by: string
  /** False: it threw. */
  readonly done: boolean
  readonly start: number
  readonly end: number
}

/** A record of the dead-letter topic, and the place that it says it came from. */
export interface Letter extends Place {
  readonly id?: string
  /** Of key, value and headers, without those that tell of the failure. */
  readonly digest: string
  readonly at: number
}

/** One that the group's coordinator has stored. */
export interface Commit extends Place {
  readonly at: number
}

export interface FaultRecord {
  readonly kind: FaultKind
  /** What came at the same time has the same number. */
  readonly step: number
  /** The processes that it hit, or the node. */
  readonly targets: readonly string[]
  readonly start: number
  /** When it was over. */
  readonly end: number
  /** When all processes were members, all replicas in sync, and nothing waited; undefined: not in time. */
  readonly recovered: number | undefined
  /** How long the slowest process took to end after SIGTERM. */
  readonly stopped?: number
}

export interface Membership {
  readonly alive: readonly string[]
  readonly members: readonly string[]
  /** How many partitions each member has, added up, and how many there are. */
  readonly assigned: number
  readonly partitions: number
}

/** Every process that lives is a member, and every partition is read. */
export function isComplete ({ alive, members, assigned, partitions }: Membership): boolean {
  return assigned === partitions && [...alive].sort().join() === [...members].sort().join()
}
