import { groupBy, keyOf, nameOf, seqOf, type Evidence } from './evidence.js'
import type { LogRecord } from './history.js'

/** What was published is in the log, once and in order, and nothing else is. */
export function checkLog (evidence: Evidence): void {
  const { history: { published, log, growths }, published: byId } = evidence
  const inLog = groupBy(log, ({ id }) => id)

  for (const { id, outcome, partition, offset } of published) {
    const places = inLog.get(id) ?? []
    if (places.length > 1) evidence.found('duplicate', `${id} is at ${places.map(nameOf)}`)
    if (outcome === 'fail' && places.length > 0) {
      evidence.found('phantom', `${id} failed, and is at ${places.map(nameOf)}`)
    }
    if (outcome !== 'ok') continue
    if (places.length === 0) {
      evidence.found(
        'lost-write', `${id} was acknowledged at ${partition}@${offset}, and is nowhere`
      )
    } else if (!places.some((place) => place.partition === partition && place.offset === offset)) {
      evidence.found(
        'inconsistent-offsets', `${id} was acknowledged at ${partition}@${offset}, and is at ${places.map(nameOf)}`
      )
    }
  }
  for (const record of log) {
    if (!byId.has(record.id)) evidence.found('phantom', `${record.id} at ${nameOf(record)} was never published`)
  }
  for (const [key, records] of groupBy(log, ({ id }) => keyOf(id))) {
    checkOrder(evidence, records)
    checkMoves(evidence, key, records, growths)
  }
}

function checkOrder (evidence: Evidence, records: readonly LogRecord[]): void {
  for (const inPartition of groupBy(records, ({ partition }) => String(partition)).values()) {
    const byOffset = inPartition.sort((a, b) => a.offset - b.offset)
    for (const [i, { id }] of byOffset.entries()) {
      const previous = byOffset[i - 1]
      if (previous !== undefined && seqOf(previous.id) > seqOf(id)) {
        evidence.found('log-order', `${id} is behind ${previous.id} in partition ${previous.partition}`)
      }
    }
  }
}

/** A key goes to another partition only when there are more partitions. */
function checkMoves (evidence: Evidence, key: string, records: readonly LogRecord[], growths: number): void {
  const bySeq = [...records].sort((a, b) => seqOf(a.id) - seqOf(b.id))
  const moves = bySeq.filter(({ partition }, i) => i > 0 && bySeq[i - 1]?.partition !== partition).length
  if (moves > growths) {
    evidence.found('moved-key', `${key} moved ${moves} times, and partitions were added ${growths} times`)
  }
}
