import { groupBy, keyOf, nameOf, type Evidence } from './evidence.js'
import type { Effect, FaultRecord } from './history.js'

/** ms; after so long at most a member hears that it is none any more */
const HEARTBEAT = 5000

/** Every message in the log has its one outcome, in the order of its key, and never two of a key at the same time. */
export function checkHandling (evidence: Evidence): void {
  checkOutcomes(evidence)
  checkOrigins(evidence)
  const { effects, faults } = evidence.history
  for (const ofKey of groupBy(effects, ({ partition, id }) => `${partition} ${keyOf(id)}`).values()) {
    checkOverlaps(evidence, ofKey.filter((effect) => !isZombie(effect, faults)))
    checkEffectOrder(evidence, ofKey)
  }
}

function checkOutcomes (evidence: Evidence): void {
  const { published, done, letters } = evidence
  for (const record of evidence.history.log) {
    const place = nameOf(record)
    const verdict = published.get(record.id)?.verdict
    const handled = done.has(place)
    const buried = letters.has(place)
    if (verdict === 'dead' && handled) {
      evidence.found('wrong-outcome', `${record.id} at ${place} was handled, and must be a dead letter`)
    }
    if (verdict === 'handled' && buried) {
      evidence.found('wrong-outcome', `${record.id} at ${place} is a dead letter, and must be handled`)
    }
    if (verdict === 'dead' && !buried) evidence.found('missing-letter', `${record.id} at ${place}`)
    if (verdict === 'handled' && !handled) evidence.found('unseen', `${record.id} at ${place}`)
  }
}

function checkOrigins (evidence: Evidence): void {
  const { log, history: { effects, letters } } = evidence
  for (const effect of effects) {
    if (log.get(nameOf(effect))?.id !== effect.id) {
      evidence.found('phantom', `${effect.by} handled ${effect.id} at ${nameOf(effect)}, which is not there`)
    }
  }
  for (const letter of letters) {
    const record = log.get(nameOf(letter))
    if (record === undefined) evidence.found('phantom', `a dead letter says that it was at ${nameOf(letter)}`)
    else if (record.digest !== letter.digest) evidence.found('altered-letter', `${record.id} at ${nameOf(letter)}`)
  }
}

function checkOverlaps (evidence: Evidence, effects: readonly Effect[]): void {
  let latest: Effect | undefined
  for (const effect of [...effects].sort((a, b) => a.start - b.start)) {
    if (latest !== undefined && effect.start < latest.end) {
      evidence.found('overlap', `${describe(effect)} began before the end of ${describe(latest)}`)
    }
    if (latest === undefined || effect.end > latest.end) latest = effect
  }
}

/** By the first attempt of each message; a redelivery is always later. */
function checkEffectOrder (evidence: Evidence, effects: readonly Effect[]): void {
  const seen = new Set<number>()
  let last: Effect | undefined
  for (const effect of effects.filter(({ done }) => done).sort((a, b) => a.end - b.end)) {
    if (seen.has(effect.offset)) continue
    seen.add(effect.offset)
    if (last !== undefined && last.offset > effect.offset) {
      evidence.found('effect-order', `${describe(effect)} after ${describe(last)}`)
    }
    last = effect
  }
}

/**
 * A handler that runs when its process is frozen until its session is over cannot be kept from running on. A member
 * that an administrator removes goes on until it hears of it.
 */
function isZombie ({ by, start, end }: Effect, faults: readonly FaultRecord[]): boolean {
  return faults.some((fault) => {
    if (fault.kind === 'group-deleted') return end >= fault.start && start <= fault.end + HEARTBEAT
    return fault.kind === 'app-expire' && fault.targets.includes(by) && start <= fault.start && fault.start <= end
  })
}

function describe (effect: Effect): string {
  return `${effect.id} at ${nameOf(effect)} by ${effect.by}`
}
