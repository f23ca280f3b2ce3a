import { mayWaitInVain, REQUEST_TIMEOUT } from './dead-connections.js'
import type { Evidence } from './evidence.js'
import type { FaultRecord } from './history.js'
import { isBrokerFault, isClean, isForgetful, isNetworkFault, type FaultKind } from './plan.js'

/* What was done more than once, and why. */

/** The plugin's defaults, with which the processes run. */
const COMMIT_INTERVAL = 1000
const CONCURRENCY = 16
/** A dead letter says when its message failed; it may have been published so much later. ms */
const LETTER_DELAY = 60_000

export type Cause = FaultKind | 'unexplained'

interface Run {
  /** Unknown of a dead letter. */
  readonly by?: string
  readonly start: number
  readonly end: number
}

/** How often each kind of fault had something done again. */
export function countRepeats (evidence: Evidence): Map<Cause, number> {
  const { history: { faults }, done, letters } = evidence
  const causes = new Map<Cause, number>()
  const perKill = new Map<FaultRecord, number>()

  function note (place: string, previous: Run, next: Run): void {
    const fault = explain(previous, next, faults)
    const cause = fault?.kind ?? 'unexplained'
    causes.set(cause, (causes.get(cause) ?? 0) + 1)
    if (fault === undefined || repeatsNothing(fault.kind)) {
      const later = ((next.start - previous.end) / 1000).toFixed(1)
      evidence.found('repeat', `${place} by ${previous.by} and ${later} s later by ${next.by}: ${cause}`)
    } else if (fault.kind === 'app-kill') perKill.set(fault, (perKill.get(fault) ?? 0) + 1)
  }

  for (const [place, runs] of done) forPairs(runs, (previous, next) => note(place, previous, next))
  for (const [place, copies] of letters) {
    forPairs(
      copies,
      (previous, next) => note(place, { start: previous.at, end: previous.at }, {
        start: next.at, end: next.at + LETTER_DELAY
      })
    )
  }
  for (const [kill, repeats] of perKill) checkKill(evidence, kill, repeats)
  return causes
}

/** At most what was not committed: what ran, and what ended since the last commit. */
function checkKill (evidence: Evidence, kill: FaultRecord, repeats: number): void {
  const { effects, faults } = evidence.history
  // Without a coordinator nothing can be committed.
  if (faults.some(({ kind, step }) => step === kill.step && isBrokerFault(kind))) return
  const sinceCommit = COMMIT_INTERVAL * 1.1 + (mayWaitInVain(faults, kill.start) ? REQUEST_TIMEOUT : 0)
  const recent = effects.filter(
    ({ by, done, end }) => done && kill.targets.includes(by) && end > kill.start - sinceCommit
  )
  const limit = CONCURRENCY + recent.length
  if (repeats > limit) {
    evidence.found(
      'many-repeats', `${repeats} after ${kill.targets} was killed, and at most ${limit} are to be expected`
    )
  }
}

/** The fault that may have it done again: that of its process first; a clean one only where there is no other. */
function explain (previous: Run, next: Run, faults: readonly FaultRecord[]): FaultRecord | undefined {
  const around = faults.filter(({ start, recovered = Infinity }) => start <= next.end && recovered >= previous.end)
  const harm = around.filter(({ kind }) => !repeatsNothing(kind) && kind !== 'letters-refused')
  return harm.find(
    ({ kind, targets }) => kind === 'app-kill' && previous.by !== undefined && targets.includes(previous.by)
  ) ??
    harm.find(({ targets }) => previous.by !== undefined && targets.includes(previous.by)) ??
    // A process that was frozen ends late what another one has done meanwhile.
    harm.find(({ targets }) => next.by !== undefined && targets.includes(next.by)) ??
    harm.find(({ kind }) => isForgetful(kind)) ??
    harm.find(({ kind }) => previous.by === undefined || isBrokerFault(kind)) ??
    around.find(({ kind }) => repeatsNothing(kind))
}

/** The group goes on through these as if nothing had been: they are shorter than a session. */
function repeatsNothing (kind: FaultKind): boolean {
  return isClean(kind) || isNetworkFault(kind)
}

function forPairs<T> (list: readonly T[], visit: (previous: T, next: T) => void): void {
  for (const [i, next] of list.entries()) {
    if (i > 0) visit(list[i - 1] as T, next)
  }
}
