import type { Verdict } from './checker.js'
import type { Anomaly } from './evidence.js'
import type { FaultRecord, History } from './history.js'
import type { Options } from './options.js'

const EXAMPLES = 3

/** One table and one line of JSON with the same figures. */
export function report (
  { seed, mode, ordering }: Options, history: History, { anomalies, repeats, stalls }: Verdict, largest: number
): void {
  const { published, log, effects, letters, faults } = history
  const count = (anomaly: Anomaly) => anomalies.get(anomaly)?.length ?? 0
  const outcomes = (outcome: string) => published.filter((each) => each.outcome === outcome).length
  const handled = effects.filter(({ done }) => done)
  const verdicts = new Map(published.map(({ id, verdict }) => [id, verdict]))
  const figures = {
    seed,
    mode,
    ordering: mode === 'ours' ? ordering : '–',
    faults: faults.length,
    produced: { ok: outcomes('ok'), fail: outcomes('fail'), unknown: outcomes('unknown') },
    lost: count('lost-write'),
    unseen: count('unseen'),
    phantom: count('phantom'),
    duplicatesInLog: count('duplicate'),
    logOrderViolations: count('log-order') + count('moved-key'),
    inconsistentOffsets: count('inconsistent-offsets'),
    handled: handled.length,
    distinct: new Set(handled.map(({ id }) => id)).size,
    orderViolations: count('effect-order'),
    sameKeyOverlaps: count('overlap'),
    wrongOutcomes: count('wrong-outcome'),
    offsetRewinds: count('rewind'),
    commitsBeyondUnsettled: count('early-commit'),
    letters: {
      expected: log.filter(({ id }) => verdicts.get(id) === 'dead').length,
      distinct: new Set(letters.map(({ partition, offset }) => `${partition}@${offset}`)).size,
      copies: letters.length,
      missing: count('missing-letter'),
      altered: count('altered-letter')
    },
    repeats: Object.fromEntries(repeats),
    repeatsWithoutACause: count('repeat'),
    stallMs: worstPerKind(stalls),
    slowestStopMs: Math.round(Math.max(0, ...faults.map(({ stopped = 0 }) => stopped))),
    members: `${history.members.members.length} of ${history.members.alive.length}`,
    rssMaxMiB: Math.round(largest),
    kept: anomalies.size === 0
  }
  for (const [name, value] of Object.entries(figures)) {
    console.log(`${name.padEnd(24)}${typeof value === 'object' ? inline(value) : value}`)
  }
  for (const [anomaly, details] of anomalies) {
    console.log(`\nBROKEN ${anomaly} × ${details.length}`)
    for (const detail of details.slice(0, EXAMPLES)) console.log(`  ${detail}`)
  }
  console.log(`\n${JSON.stringify(figures)}`)
}

function inline (value: object): string {
  return Object.entries(value).map(([name, value]) => `${name} ${value}`).join(', ') || '–'
}

function worstPerKind (stalls: ReadonlyMap<FaultRecord, number>): Record<string, number> {
  const worst: Record<string, number> = {}
  for (const [{ kind }, stall] of stalls) worst[kind] = Math.max(worst[kind] ?? 0, Math.round(stall))
  return worst
}
