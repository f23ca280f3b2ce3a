import { checkHandling } from './check-handling.js'
import { checkLog } from './check-log.js'
import { checkOffsets } from './check-offsets.js'
import { Evidence, type Anomaly } from './evidence.js'
import { isComplete, type FaultRecord, type History } from './history.js'
import { sinceRecreation } from './recreation.js'
import { countRepeats, type Cause } from './repeats.js'
import { measureStalls } from './stalls.js'

export interface Verdict {
  /** Promises that were broken, with what broke them. None: all were kept. */
  readonly anomalies: ReadonlyMap<Anomaly, readonly string[]>
  readonly repeats: ReadonlyMap<Cause, number>
  /** ms */
  readonly stalls: ReadonlyMap<FaultRecord, number>
}

/** Judges a run by what is left of it. Pure. */
export function check (history: History): Verdict {
  const evidence = new Evidence(sinceRecreation(history))
  checkLog(evidence)
  checkHandling(evidence)
  checkOffsets(evidence)
  const repeats = countRepeats(evidence)
  const stalls = measureStalls(evidence)
  const { members, died } = history
  if (!isComplete(members)) {
    evidence.found(
      'no-member',
      `alive: ${members.alive}; members: ${members.members}; ${members.assigned} of ${members.partitions} partitions are read`
    )
  }
  for (const name of died) evidence.found('died', name)
  return { anomalies: evidence.anomalies, repeats, stalls }
}
