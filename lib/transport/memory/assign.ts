import type { PartitionLog } from './partition-log.js'

export interface Reader {
  readonly topics: ReadonlySet<string>
}

interface Share<R> {
  readonly reader: R
  readonly partitions: Set<PartitionLog>
}

/**
 * Who reads which of `partitions`, each of which has a subscriber. Round-robin among those who subscribe to the
 * topic, so that members may subscribe to different topics and every topic is read. Sticky: a partition stays where
 * it was in `previous`, unless its owner has two more than another who could read it.
 */
export function assign<R extends Reader> (
  readers: Iterable<R>,
  partitions: readonly PartitionLog[],
  previous: ReadonlyMap<R, Iterable<PartitionLog>>
): Map<R, Set<PartitionLog>> {
  const shares = Array.from(readers, (reader) => ({ reader, partitions: new Set(previous.get(reader)) }))
  const unowned = partitions.filter((log) => !shares.some((share) => share.partitions.has(log)))

  // First what nobody reads: otherwise partitions would move only to make room for it.
  for (const log of unowned) giveToLightest(shares, log)
  // Every move evens the shares out, so this ends.
  while (partitions.some((log) => giveToLightest(shares, log)));

  return new Map(shares.map((share) => [share.reader, share.partitions]))
}

function giveToLightest<R extends Reader> (shares: ReadonlyArray<Share<R>>, log: PartitionLog): boolean {
  const able = shares.filter((share) => share.reader.topics.has(log.topic))
  const lightest = able.reduce((best, share) => share.partitions.size < best.partitions.size ? share : best)
  const owner = able.find((share) => share.partitions.has(log))
  if (owner !== undefined && owner.partitions.size - lightest.partitions.size < 2) return false

  owner?.partitions.delete(log)
  lightest.partitions.add(log)
  return true
}
