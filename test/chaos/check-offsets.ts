import { groupBy, nameOf, type Evidence } from './evidence.js'

/** What the clocks of a process and of a broker may differ by, ms */
const TOLERANCE = 20

/** What is committed is settled, and never goes back. */
export function checkOffsets (evidence: Evidence): void {
  const { history: { commits, faults, log } } = evidence
  const deletions = faults.filter(({ kind }) => kind === 'group-deleted').map(({ start }) => start)
  const recordsOf = groupBy(log, ({ partition }) => String(partition))
  for (const [partition, inOrder] of groupBy(commits, ({ partition }) => String(partition))) {
    const records = (recordsOf.get(partition) ?? []).sort((a, b) => a.offset - b.offset)
    let next = 0
    let settledAt = -Infinity
    let highest = 0
    let deleted = 0
    for (const { offset, at } of inOrder) {
      const isForgotten = (deletions[deleted] ?? Infinity) <= at
      if (offset < highest && isForgotten) {
        // Once for each deletion the group may begin anew.
        deleted = deletions.filter((start) => start <= at).length
        next = highest = 0
        settledAt = -Infinity
      }
      if (offset < highest) evidence.found('rewind', `partition ${partition}: ${offset} was committed after ${highest}`)
      highest = Math.max(highest, offset)
      for (let record = records[next]; record !== undefined && record.offset < offset; record = records[++next]) {
        settledAt = Math.max(settledAt, settled(evidence, nameOf(record)))
      }
      if (settledAt > at + TOLERANCE) {
        evidence.found(
          'early-commit', `partition ${partition}: ${offset} was committed when not all before it was settled`
        )
      }
    }
  }
}

function settled ({ done, letters }: Evidence, place: string): number {
  return Math.min(done.get(place)?.[0]?.end ?? Infinity, letters.get(place)?.[0]?.at ?? Infinity)
}
